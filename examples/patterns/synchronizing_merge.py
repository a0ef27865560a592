"""Pattern 7, structured synchronizing merge: a task waits for all branches that were chosen."""

from __future__ import annotations

from dataclasses import dataclass, field

from theflow import FlowScheme


@dataclass
class Case:
    """What the flow is about."""

    amount: int = 0
    lines: list[int] = field(default_factory=list)


pattern = FlowScheme("pattern", storage=Case)


@pattern.task(when=lambda case: case.amount > 10)
def insure() -> str:
    """One branch."""
    return "insured"


@pattern.task(when=lambda case: case.amount > 100)
def escort() -> str:
    """The other one."""
    return "escorted"


@pattern.task(if_skipped="run")
def leave(insure: str | None, escort: str | None) -> list[str]:
    """After all that were chosen: one that was skipped counts as done."""
    return [each for each in (insure, escort) if each]


GIVEN = {"amount": 50}
EXPECTED = {"leave": ["insured"]}
SKIPPED = ("escort",)
