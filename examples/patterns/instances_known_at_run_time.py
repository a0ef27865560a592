"""Pattern 14, multiple instances with a number known at run time, before they start."""

from __future__ import annotations

from dataclasses import dataclass, field

from theflow import FlowScheme


@dataclass
class Case:
    """What the flow is about."""

    amount: int = 0
    lines: list[int] = field(default_factory=list)


pattern = FlowScheme("pattern", storage=Case)


@pattern.task(map="lines")
def price(item: int) -> int:
    """One child a line of the order."""
    return item * 10


@pattern.task
def total(price: list[int]) -> int:
    """After all of them."""
    return sum(price)


GIVEN = {"lines": [1, 2, 3]}
EXPECTED = {"total": 60}
SKIPPED = ()
