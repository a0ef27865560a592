"""Pattern 5, simple merge: a task goes on after whichever branch was chosen."""

from __future__ import annotations

from dataclasses import dataclass, field

from theflow import FlowScheme


@dataclass
class Case:
    """What the flow is about."""

    amount: int = 0
    lines: list[int] = field(default_factory=list)


pattern = FlowScheme("pattern", storage=Case)


@pattern.task(when=lambda case: case.amount > 100)
def ask_boss(case: Case) -> str:
    """Only for large amounts."""
    return f"boss saw {case.amount}"


@pattern.task(when=lambda case: case.amount <= 100)
def approve() -> str:
    """Only for small ones."""
    return "approved"


@pattern.task(join="any")
def pay(ask_boss: str | None, approve: str | None) -> str:
    """After the one that was not skipped."""
    return ask_boss or approve or ""


GIVEN = {"amount": 500}
EXPECTED = {"pay": "boss saw 500"}
SKIPPED = ("approve",)
