"""A flow of groups: one for each item of a list, then one after the other until a condition holds."""

from __future__ import annotations

from typing import Any

from tests.acceptance.trail import Trail, leave
from theflow import UNLIMITED, Context, FlowScheme, Map, Repeat

ROUNDS = 2

group = FlowScheme("group", storage=Trail, concurrency=UNLIMITED)


@group.task
def begin(ctx: Context[Trail]) -> None:
    leave(ctx)
    ctx.storage.steps.append(f"begin {ctx.storage.text}")


@group.task(after=[begin])
async def finish(ctx: Context[Trail]) -> None:
    leave(ctx)
    ctx.storage.steps.append(f"finish {ctx.storage.text}")


groups = FlowScheme("groups", storage=Trail)


@groups.subflow(group, map=Map(lambda: ["x", "y"], max_parallel=1))
def each(ctx: Context[Trail], item: str) -> Trail:
    leave(ctx)
    return Trail(effects=ctx.storage.effects, text=item)


@groups.subflow(
    group, after=[each], repeat=Repeat(until=lambda again: len(again["steps"]) == 2 * ROUNDS, max=ROUNDS + 1)
)
def again(ctx: Context[Trail], again: dict[str, Any] | None) -> Trail:
    leave(ctx)
    return Trail(effects=ctx.storage.effects, text=str(ctx.index), steps=again["steps"] if again else [])


@groups.task
def conclude(ctx: Context[Trail], each: list[dict[str, Any]], again: dict[str, Any]) -> list[str]:
    leave(ctx)
    return [step for one in (*each, again) for step in one["steps"]]
