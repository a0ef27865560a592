"""Pattern 13, multiple instances with a number known at design time."""

from __future__ import annotations

from dataclasses import dataclass, field

from theflow import FlowScheme


@dataclass
class Case:
    """What the flow is about."""

    amount: int = 0
    lines: list[int] = field(default_factory=list)


pattern = FlowScheme("pattern", storage=Case)


@pattern.task(map=lambda: ["a", "b", "c"])
def review(item: str) -> str:
    """Three reviews, whatever the case."""
    return f"{item}: fine"


@pattern.task
def publish(review: list[str]) -> int:
    """After all of them."""
    return len(review)


GIVEN = {}
EXPECTED = {"publish": 3}
SKIPPED = ()
