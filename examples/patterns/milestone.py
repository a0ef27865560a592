"""Pattern 18, milestone: a task may start only when another branch has come so far, and has not gone further."""

from __future__ import annotations

from dataclasses import dataclass

from theflow import FlowScheme


@dataclass
class Case:
    """What the flow is about."""

    closed: bool = False


pattern = FlowScheme("pattern", storage=Case)


@pattern.task
def open_account() -> None:
    """The milestone is reached."""


@pattern.task(after=[open_account])
def use() -> None:
    """As long as this branch is here, the milestone is not passed."""


@pattern.task(after=[use])
def close(case: Case) -> None:
    """The milestone is passed."""
    case.closed = True


@pattern.task(after=[open_account], when=lambda case: not case.closed)
def pay_in() -> str:
    """It comes after the milestone is reached, and asks whether it is passed."""
    return "paid"


@pattern.task(after=[close], when=lambda case: not case.closed)
def pay_in_late() -> str:
    """The same, too late."""
    return "paid"


GIVEN = {}
EXPECTED = {"pay_in": "paid"}
SKIPPED = ("pay_in_late",)
