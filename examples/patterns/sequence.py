"""Pattern 1, sequence: a task starts when the one before it has succeeded."""

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
def weigh(case: Case) -> int:
    """First."""
    return case.amount


@pattern.task
def label(weigh: int) -> str:
    """Second: its parameter makes it come after."""
    return f"{weigh} kg"


GIVEN = {"amount": 3}
EXPECTED = {"weigh": 3, "label": "3 kg"}
SKIPPED = ()
