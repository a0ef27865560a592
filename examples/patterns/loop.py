"""Pattern 10, a cycle: a task again until a condition holds, with a bound."""

from __future__ import annotations

from dataclasses import dataclass, field

from theflow import Context, FlowScheme, Repeat


@dataclass
class Case:
    """What the flow is about."""

    amount: int = 0
    lines: list[int] = field(default_factory=list)


pattern = FlowScheme("pattern", storage=Case)


@pattern.task(repeat=Repeat(until=lambda poll: poll >= 3, max=10))
def poll(ctx: Context[Case]) -> int:
    """Look once more; `ctx.index` is the number of the round."""
    return ctx.index or 0


GIVEN = {}
EXPECTED = {"poll": 3}
SKIPPED = ()
