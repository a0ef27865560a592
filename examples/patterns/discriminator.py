"""Pattern 9, structured discriminator: the first of several branches goes on, the others are only let end."""

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
def quick() -> str:
    """One source."""
    return "here"


@pattern.task(after=[quick])
def slow() -> str:
    """Another one, which nobody waits for."""
    return "here too"


@pattern.task(join="any")
def first(quick: str | None, slow: str | None) -> str:
    """After one of them; it starts once."""
    return quick or slow or ""


GIVEN = {}
EXPECTED = {"first": "here", "slow": "here too"}
SKIPPED = ()
