"""A runtime of two classes under caps of every kind; each body leaves a line when it begins and when it ends."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time

import theflow
from tests.acceptance.flows import announce
from theflow import UNLIMITED, Context, FlowScheme, Limit, Rate, RuntimeOptions

ONE_CAP, RATE = 5, Rate(units=40, per=1.0, burst=8)
one = FlowScheme("one", concurrency=UNLIMITED, limit=Limit(capacity=ONE_CAP), uses={"gpu": 1})
two = FlowScheme("two", concurrency=2, limit=Limit(rate=RATE), uses={"gpu": 2, "licence": 1})
SCHEMES = [one, two]


async def only(ctx: Context[dict]) -> None:
    """Stay for a moment."""
    leave(ctx, "begin")
    await asyncio.sleep(0.01 * (1 + ctx.offset % 5))
    leave(ctx, "end")


def leave(ctx: Context[dict], moment: str) -> None:
    """Append a line at once, or not at all."""
    told = {"moment": moment, "class": ctx.flow_class, "user": ctx.user, "offset": ctx.offset}
    line = json.dumps({**told, "pid": os.getpid(), "at": time.monotonic_ns()})
    handle = os.open(ctx.storage["trail"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(handle, line.encode() + b"\n")
    os.close(handle)


for scheme in SCHEMES:
    scheme.add(only)


def main() -> int:
    """Run until told to stop: URL and name of the runtime."""
    _, url, name = sys.argv
    runtime = theflow.bootstrap(url, SCHEMES, RuntimeOptions(name=name, poll=0.02, ttl=1.5, grace=2.0))
    threading.Thread(target=announce, daemon=True).start()
    return runtime.run()


if __name__ == "__main__":
    sys.exit(main())
