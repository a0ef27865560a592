"""A program of one file, whose bodies run in processes: how it ends is its first argument."""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import theflow


@dataclass
class Folder:
    """Where bodies tell of themselves."""

    folder: str = ""


main = theflow.FlowScheme("main", storage=Folder)


@main.task(pool="process")
def work(ctx: theflow.Context[Folder]) -> str:
    """Say which process this is, and wait until a file is there."""
    folder = Path(ctx.storage.folder)
    (folder / "new").write_text(str(os.getpid()))
    (folder / "new").rename(folder / "pid")
    while not (folder / "go").exists():
        time.sleep(0.005)
    return __name__


forking = theflow.FlowScheme("forked", storage=Folder)


@forking.task(pool="process", timeout=60)
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


def idle(there) -> None:
    """Say that one is there, and do nothing."""
    there.set()
    while True:
        time.sleep(0.05)


def run(how: str, url: str) -> int:
    """Run flows; `leave` ends without having stopped the runtime."""
    logging.basicConfig(level=logging.INFO)
    options = theflow.RuntimeOptions(poll=0.05, processes=1)
    runtime = theflow.bootstrap(url, [main, forking], options)
    if how == "leave":
        runtime.start()
        while not runtime.client.find_flows(theflow.FlowFilter(status=theflow.FlowStatus.SUCCEEDED)).items:
            time.sleep(0.01)
        return 0
    return runtime.run_until_idle() if how == "burst" else runtime.run()


# Whoever forgets this line starts a runtime in each process that is to run bodies.
if __name__ == "__main__" or sys.argv[1:2] == ["unguarded"]:
    sys.exit(run(*sys.argv[1:]))
