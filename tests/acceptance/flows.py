"""The program whose processes the tests kill, stop and starve. Every body first leaves a line."""

from __future__ import annotations

import asyncio
import json
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

import theflow
from tests.acceptance.group import group, groups
from tests.acceptance.saga import saga
from tests.acceptance.trail import Trail, leave
from tests.database.ledger import add
from theflow import UNLIMITED, Chain, Context, FlowScheme, Retry, RuntimeOptions

line = FlowScheme("line", storage=Trail, orchestration=Chain)


@line.task
async def first(ctx: Context[Trail]) -> str:
    leave(ctx)
    ctx.storage.steps.append("first")
    return "one"


@line.task
def second(ctx: Context[Trail], first: str) -> str:
    leave(ctx)
    time.sleep(0.05)
    ctx.storage.steps.append("second")
    return f"{first} two"


@line.task
async def third(ctx: Context[Trail], second: str) -> str:
    leave(ctx)
    ctx.storage.steps.append("third")
    return f"{second} three"


diamond = FlowScheme("diamond", storage=Trail)


@diamond.task
def source(ctx: Context[Trail]) -> int:
    leave(ctx)
    return 1


@diamond.task
def left(ctx: Context[Trail], source: int) -> int:
    leave(ctx)
    time.sleep(0.05)
    return source + 1


@diamond.task
async def right(ctx: Context[Trail], source: int) -> int:
    leave(ctx)
    await asyncio.sleep(0.03)
    return source + 2


@diamond.task
async def join(ctx: Context[Trail], left: int, right: int) -> int:
    leave(ctx)
    ctx.storage.steps.append("join")
    return left * right


nap = FlowScheme("nap", storage=Trail, concurrency=UNLIMITED)


@nap.task
def doze(ctx: Context[Trail]) -> str:
    """Sleep for some seconds, or until a file is there."""
    leave(ctx)
    ctx.log.info("dozing")
    if ctx.storage.until:
        while not Path(ctx.storage.until).exists():
            time.sleep(0.01)
    time.sleep(ctx.storage.seconds)
    leave(ctx, "end")
    return "slept"


once = FlowScheme("once", storage=Trail)


@once.task(at_most_once=True)
def pay(ctx: Context[Trail]) -> None:
    leave(ctx)
    time.sleep(ctx.storage.seconds)


poison = FlowScheme("poison", storage=Trail)


@poison.task
def die(ctx: Context[Trail]) -> None:
    leave(ctx)
    os._exit(7)


leaving = FlowScheme("leaving", storage=Trail)


@leaving.task(retry=Retry(attempts=2, delay=0.0))
def leave_by(ctx: Context[Trail]) -> None:
    leave(ctx)
    raise {"exit": SystemExit(3), "interrupt": KeyboardInterrupt()}[ctx.storage.until]


stubborn = FlowScheme("stubborn", storage=Trail)


@stubborn.task
async def block_the_loop(ctx: Context[Trail]) -> None:
    leave(ctx)
    time.sleep(ctx.storage.seconds)  # noqa: ASYNC251 - it blocks the loop on purpose
    leave(ctx, "end")


deaf = FlowScheme("deaf", storage=Trail)


@deaf.task
async def swallow(ctx: Context[Trail]) -> None:
    leave(ctx)
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            leave(ctx, "swallowed")


def idle(there: Any) -> None:
    """Say that one is there, and do nothing."""
    there.set()
    while True:
        time.sleep(0.05)


forking = FlowScheme("forking", storage=Trail)


@forking.task
def fork() -> int | None:
    """Make a child that waits, and ask it to end."""
    context = multiprocessing.get_context("fork")
    there = context.Event()
    child = context.Process(target=idle, args=(there,))
    child.start()
    there.wait(5)
    child.terminate()
    child.join(5)
    if child.exitcode is None:
        child.kill()
    return child.exitcode


untidy = FlowScheme("untidy", storage=Trail)


@untidy.task
def litter() -> None:
    """Leave a thread, a file and another working directory behind."""
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    LITTER.append(Path(__file__).open())  # noqa: SIM115 - left open on purpose
    os.chdir("/")


bank = FlowScheme("bank", storage=Trail, concurrency=UNLIMITED)


@bank.task(transactional=True)
def move(ctx: Context[Trail]) -> str:
    """Take one unit from an account, and bring it to the other."""
    leave(ctx)
    for name, units in (("left", -1), ("right", 1)):
        add(ctx.tx, name, units)
        time.sleep(ctx.storage.seconds)
    return "moved"


parent = FlowScheme("parent", storage=Trail)


@parent.task
def prepare(ctx: Context[Trail]) -> None:
    leave(ctx)


@parent.subflow(line, after=[prepare])
def through(ctx: Context[Trail]) -> Trail:
    leave(ctx)
    return Trail(effects=ctx.storage.effects)


@parent.task
def conclude(ctx: Context[Trail], through: dict[str, Any]) -> list[str]:
    leave(ctx)
    return list(through["steps"])


LITTER: list[IO[str]] = []
SCHEMES = (
    line,
    diamond,
    nap,
    once,
    poison,
    leaving,
    stubborn,
    deaf,
    forking,
    untidy,
    bank,
    saga,
    parent,
    group,
    groups,
)


def announce() -> None:
    """Tell the test as soon as signals are heard."""
    while signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        time.sleep(0.001)
    print("ready", flush=True)  # noqa: T201 - the test waits for it


def main() -> int:
    """Run as told by one JSON argument: url, burst, and the options of the runtime."""
    told = json.loads(sys.argv[1])
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(name)s %(levelname)s %(message)s")
    with_classes = [scheme for scheme in SCHEMES if scheme.name not in told["without"]]
    runtime = theflow.bootstrap(told["url"], with_classes, RuntimeOptions(**told["options"]))
    threading.Thread(target=announce, daemon=True).start()
    return runtime.run_until_idle() if told["burst"] else runtime.run()


if __name__ == "__main__":
    sys.exit(main())
