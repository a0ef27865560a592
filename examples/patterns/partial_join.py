"""k of n: a task starts when so many branches have succeeded."""

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
def ann() -> str:
    """One opinion."""
    return "yes"


@pattern.task
def bob() -> str:
    """Another one."""
    return "yes"


@pattern.task(when=lambda case: case.amount > 100)
def cid() -> str:
    """Asked for large amounts only."""
    return "no"


@pattern.task(join=2)
def decide(ann: str | None, bob: str | None, cid: str | None) -> int:
    """After two of the three."""
    return sum(each == "yes" for each in (ann, bob, cid))


GIVEN = {"amount": 1}
EXPECTED = {"decide": 2}
SKIPPED = ("cid",)
