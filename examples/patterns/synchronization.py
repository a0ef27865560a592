"""Pattern 3, synchronization: a task starts when all branches have succeeded."""

from __future__ import annotations

from dataclasses import dataclass, field

from theflow import FlowScheme


@dataclass
class Case:
    """What the flow is about."""

    amount: int = 0
    lines: list[int] = field(default_factory=list)


pattern = FlowScheme("pattern", storage=Case)


@pattern.task
def bill(case: Case) -> int:
    """One branch."""
    return case.amount


@pattern.task
def pack(case: Case) -> int:
    """The other one."""
    return case.amount + 1


@pattern.task
def ship(bill: int, pack: int) -> int:
    """After both."""
    return bill + pack


GIVEN = {"amount": 2}
EXPECTED = {"ship": 5}
SKIPPED = ()
