"""Pattern 11, implicit termination: a flow ends when nothing is left to be done."""

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
def one() -> int:
    """Ends by itself."""
    return 1


@pattern.task
def other() -> int:
    """So does this one; no task has to come last."""
    return 2


GIVEN = {}
EXPECTED = {"one": 1, "other": 2}
SKIPPED = ()
