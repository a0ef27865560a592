"""Flows that undo what they did: each task and each compensation leaves a line."""

from __future__ import annotations

import os
import time

from tests.acceptance.trail import Trail, leave
from theflow import Context, FlowScheme, Retry, Undo

saga = FlowScheme("saga", storage=Trail, on_failure="rollback", on_cancel="rollback")


@saga.task
def reserve(ctx: Context[Trail]) -> str:
    leave(ctx)
    ctx.storage.steps.append("reserve")
    return "seat 7"


@reserve.compensate(retry=Retry(attempts=3, delay=0.01))
def free(ctx: Context[Trail], undo: Undo, reserve: str) -> None:
    leave(ctx, "unknown" if undo.unknown else "start")
    ctx.storage.steps.append(f"free {reserve}")


@saga.task
async def charge(ctx: Context[Trail], reserve: str) -> None:
    leave(ctx, reserve)


@charge.compensate
async def refund(ctx: Context[Trail], undo: Undo) -> None:
    leave(ctx, "unknown" if undo.unknown else "start")
    if ctx.storage.until == "refund":
        os._exit(7)
    ctx.storage.steps.append("refund")


@saga.task(after=["reserve"])
def print_ticket(ctx: Context[Trail]) -> None:
    """Has nothing to undo, and orders what stands around it all the same."""
    leave(ctx)


@saga.task(after=["print_ticket", "charge"])
def hold(ctx: Context[Trail]) -> None:
    leave(ctx)
    time.sleep(ctx.storage.seconds)


@hold.compensate
def let_go(ctx: Context[Trail], undo: Undo) -> None:
    leave(ctx, "unknown" if undo.unknown else "start")


@saga.task(after=["hold"])
def board(ctx: Context[Trail]) -> None:
    leave(ctx)
    if ctx.storage.text == "full":
        raise OSError("the plane is full")
