"""What runs in other processes: they import it by name."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from functools import partial, wraps
from pathlib import Path

from theflow import UNLIMITED, Context, FlowScheme, Retry


@dataclass
class Basket:
    """What the flow knows."""

    folder: str = ""
    fruit: list[str] = field(default_factory=list)


class Rotten(Exception):
    """What a body raises."""


def seen(ctx: Context[Basket]) -> dict:
    """Everything that a body sees of its flow."""
    return {
        "pid": os.getpid(),
        "names": [ctx.flow_class, ctx.task, ctx.user, ctx.flow_id, ctx.idempotency_key],
        "labels": dict(ctx.labels),
        "numbers": [ctx.offset, ctx.attempt],
        "over": ctx.cancelled,
    }


def pick(ctx: Context[Basket]) -> list[str]:
    """Change the storage."""
    ctx.storage.fruit.append("apple")
    return ["apple", "pear"]


def count(pick: list[str], basket: Basket) -> int:
    """Take a result and the storage."""
    return len(pick) + len(basket.fruit)


def add(**numbers: int) -> int:
    """Take whatever came before."""
    return sum(numbers.values())


def one() -> int:
    """Return one."""
    return 1


def pid() -> int:
    """Return which process this is."""
    return os.getpid()


def talk_and_wait(ctx: Context[Basket]) -> None:
    """Log, then wait for a file."""
    ctx.log.info("waiting for %s", "go")
    logging.getLogger("fruit").error("a worm")
    wait_for(Path(ctx.storage.folder) / "go")


def rot() -> None:
    """Raise with a cause."""
    try:
        int("x")
    except ValueError as error:
        raise Rotten("bad apple") from error


def too_much() -> float:
    """Return what cannot be stored."""
    return float("nan")


def die_once(ctx: Context[Basket]) -> int:
    """End the process in the first attempt."""
    if ctx.attempt == 1:
        os._exit(3)
    return ctx.attempt


def crash() -> None:
    """End as a fault of memory does."""
    os.kill(os.getpid(), signal.SIGSEGV)


def hang(ctx: Context[Basket]) -> None:
    """Start a process, say who we are, and never return."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
    told = Path(ctx.storage.folder) / f"pids{ctx.attempt}"
    told.with_suffix(".new").write_text(f"{os.getpid()} {child.pid}")
    told.with_suffix(".new").rename(told)
    threading.Event().wait()


def survive(ctx: Context[Basket]) -> str:
    """Wait to be killed, the first time; then return."""
    told = Path(ctx.storage.folder, "pids1")
    if told.exists():
        return "survived"
    told.with_suffix(".new").write_text(str(os.getpid()))
    told.with_suffix(".new").rename(told)
    time.sleep(60)
    return "was not killed"


def ask(ctx: Context[Basket]) -> str:
    """Return when nobody needs it any more."""
    Path(ctx.storage.folder, "begun").touch()
    while not ctx.cancelled:
        time.sleep(0.005)
    ctx.checkpoint()
    return "unreachable"


def write(ctx: Context[Basket]) -> None:
    """Ask for a transaction."""
    ctx.tx.execute("SELECT 1")


def linger() -> int:
    """Go on logging from a thread that outlives the body."""
    logger = logging.getLogger("late")

    def chatter() -> None:
        for number in range(2000):
            logger.warning("chatter %d", number)

    threading.Thread(target=chatter, daemon=True).start()
    return os.getpid()


def wait_for(path: Path) -> None:
    """Wait until a file is there."""
    while not path.exists():
        time.sleep(0.005)


def gone(number: int) -> bool:
    """Whether a process has ended."""
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def shouting(body):
    """A decorator of the user's."""

    @wraps(body)
    def loud(*args: object, **given: object) -> str:
        return f"{body(*args, **given)}!"

    return loud


@shouting
def greet() -> str:
    """Greet."""
    return "hello"


def child(item: int, ctx: Context[Basket]) -> list:
    """A child of a map, or a round: what it is made for, and which it is."""
    return [item, ctx.index, ctx.task]


def round_of(ctx: Context[Basket]) -> int:
    """Say which round it is."""
    return ctx.index


def further(further: int | None) -> int:
    """Go on from what the round before it returned."""
    return (further or 0) + 1


def speak_and_wait(ctx: Context[Basket]) -> None:
    """Say how far it has come, twice in a moment; then wait for a file."""
    ctx.progress(1, 3, "begun")
    ctx.progress(2, 3, "going on")
    wait_for(Path(ctx.storage.folder) / "go")
    ctx.progress(3, 3, "done")


def speak_and_die(ctx: Context[Basket]) -> None:
    """Say how far it has come, and end the process once that is seen."""
    ctx.progress(7, 9, "the last word")
    wait_for(Path(ctx.storage.folder) / "go")
    os._exit(3)


def babble(ctx: Context[Basket]) -> None:
    """Speak without an end in sight."""
    for done in range(50_000):
        ctx.progress(done, 49_999)


def breathe(ctx: Context[Basket]) -> str:
    """Take longer than its heartbeat, and say that it is alive."""
    for _ in range(60):
        ctx.heartbeat()
        time.sleep(0.02)
    return "alive"


def fall_silent(ctx: Context[Basket]) -> int:
    """Say nothing, the first time, and never end."""
    if ctx.attempt == 1:
        told = Path(ctx.storage.folder, "pids1")
        told.with_suffix(".new").write_text(str(os.getpid()))
        told.with_suffix(".new").rename(told)
        threading.Event().wait()
    return ctx.attempt


decorated = FlowScheme("decorated", storage=Basket, concurrency=UNLIMITED)


@decorated.task(pool="process", retry=Retry(attempts=2, delay=0.0, never=(Rotten,)))
def named() -> str:
    """Stand in this module as a task, not as a function."""
    return "found"


nameless = partial(one)
unnamed = lambda: 1  # noqa: E731
