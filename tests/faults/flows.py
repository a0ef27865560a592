"""The program whose processes these tests harm: the classes of the acceptance tests, and some that misbehave more."""

from __future__ import annotations

import asyncio
import ctypes
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from tests.acceptance.flows import SCHEMES as TAME
from tests.acceptance.flows import Trail, announce, leave
from tests.faults.harm import harmed
from theflow import UNLIMITED, Context, FlowScheme, Retry, Runtime, RuntimeOptions
from theflow.wire import open_store

stuck = FlowScheme("stuck", storage=Trail, concurrency=UNLIMITED)


@stuck.task(timeout=1.0)
def hang(ctx: Context[Trail]) -> str:
    """Go on until a file is there, whatever the timeout says."""
    leave(ctx)
    while not Path(ctx.storage.until).exists():
        time.sleep(0.01)
    ctx.log.warning("here I am again")
    leave(ctx, "end")
    return "late"


sleeper = FlowScheme("sleeper", storage=Trail, concurrency=UNLIMITED)


@sleeper.task
async def rest(ctx: Context[Trail]) -> int:
    """Wait until a file is there, and say so if that is cut short."""
    leave(ctx)
    try:
        while not Path(ctx.storage.until).exists():  # noqa: ASYNC110, ASYNC240 - it waits for another process
            await asyncio.sleep(0.02)
    except asyncio.CancelledError:
        leave(ctx, "cancelled")
        raise
    return os.getpid()


ignorant = FlowScheme("ignorant", storage=Trail)


@ignorant.task
def swallow_all(ctx: Context[Trail]) -> None:
    """Let nothing end it."""
    leave(ctx)
    while True:
        with suppress(BaseException):
            time.sleep(60)


crashing = FlowScheme("crashing", storage=Trail)


@crashing.task
def crash(ctx: Context[Trail]) -> None:
    """End the process as a broken library does."""
    leave(ctx)
    ctypes.string_at(0)


greedy = FlowScheme("greedy", storage=Trail)


@greedy.task
def take_memory(ctx: Context[Trail]) -> int:
    """Take more memory than there is, and touch it all."""
    leave(ctx)
    return sum(len(part) for part in [b"x" * 2**20 * 64 for _ in range(64)])


careless = FlowScheme("careless", storage=Trail)


@careless.task
def change_everything(ctx: Context[Trail]) -> str:
    """Leave a thread, a child and an open file behind, and another working directory, umask and handler."""
    leave(ctx)
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    LEFT.append(subprocess.Popen(["/bin/sleep", "60"]))
    LEFT.append(Path(__file__).open("rb"))  # noqa: SIM115 - left open on purpose
    os.chdir("/")
    os.umask(0o077)
    try:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    except ValueError as error:
        return str(error)
    return "changed"


late = FlowScheme("late", storage=Trail, concurrency=UNLIMITED)


@late.task(retry=Retry(attempts=2, delay=1.0, jitter=0.0))
def fail_once(ctx: Context[Trail]) -> int:
    """Fail at the first attempt."""
    leave(ctx)
    if ctx.attempt == 1:
        raise ValueError("not yet")
    return ctx.attempt


paced = FlowScheme("paced", storage=Trail)


@paced.task
def go_on(ctx: Context[Trail]) -> None:
    """One at a time in its queue: wait for some seconds, or until a file is there."""
    leave(ctx)
    while ctx.storage.until and not Path(ctx.storage.until).exists():
        time.sleep(0.01)
    time.sleep(ctx.storage.seconds)
    leave(ctx, "end")


LEFT: list[object] = []
SCHEMES = (*TAME, stuck, sleeper, ignorant, crashing, greedy, careless, late, paced)


def main() -> int:
    """Run as told by one JSON argument: url, burst, classes to leave out, the options of the runtime, and harm."""
    told = json.loads(sys.argv[1])
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(name)s %(levelname)s %(message)s")
    schemes = [scheme for scheme in SCHEMES if scheme.name not in told["without"]]
    clock = harmed(told["harm"])
    runtime = Runtime(open_store(told["url"]), schemes, RuntimeOptions(**told["options"]), clock)
    threading.Thread(target=announce, daemon=True).start()
    return runtime.run_until_idle() if told["burst"] else runtime.run()


if __name__ == "__main__":
    sys.exit(main())
