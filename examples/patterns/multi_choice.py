"""Pattern 6, multi-choice: any number of branches is chosen."""

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
    """Chosen by one condition."""
    return "insured"


@pattern.task(when=lambda case: case.amount > 100)
def escort() -> str:
    """Chosen by another one."""
    return "escorted"


@pattern.task(when=lambda case: case.amount < 1000)
def track() -> str:
    """And by a third."""
    return "tracked"


GIVEN = {"amount": 50}
EXPECTED = {"insure": "insured", "track": "tracked"}
SKIPPED = ("escort",)
