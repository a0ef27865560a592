"""Pattern 2, parallel split: several tasks start after one."""

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
def take(case: Case) -> int:
    """Before both."""
    return case.amount


@pattern.task
def bill(take: int) -> int:
    """One branch."""
    return take * 2


@pattern.task
def pack(take: int) -> int:
    """The other one."""
    return take * 3


GIVEN = {"amount": 2}
EXPECTED = {"bill": 4, "pack": 6}
SKIPPED = ()
