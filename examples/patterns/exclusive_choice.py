"""Pattern 4, exclusive choice: conditions of which one holds."""

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


GIVEN = {"amount": 5}
EXPECTED = {"approve": "approved"}
SKIPPED = ("ask_boss",)
