"""Pattern 12, multiple instances without synchronization: nothing waits for the children."""

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
def take(case: Case) -> list[int]:
    """Know for whom."""
    return case.lines


@pattern.task(map=take)
def notify(item: int) -> str:
    """One child each; no task comes after."""
    return f"told {item}"


@pattern.task(after=[take])
def go_on() -> str:
    """Does not wait for them."""
    return "went on"


GIVEN = {"lines": [4, 5]}
EXPECTED = {"go_on": "went on", "notify": ["told 4", "told 5"]}
SKIPPED = ()
