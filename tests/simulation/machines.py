"""The machines under the runtimes: which processes live, and threads that only go on when the scheduler says so."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from tests.simulation.moments import Time
from theflow.database.records import Holder

TTL = 2.0
# A flow claimed so often without an outcome is parked.
CLAIMS = 3
# The pids of the processes of this world.
ALIVE: set[int] = set()


class StoppedThread:
    """A thread that does one round of its loop when it is told to."""

    def __init__(self, *, target: Callable[..., None], args: tuple[Any, ...], **_: object) -> None:
        self._target = target
        self._args = args

    def start(self) -> None:
        """Do nothing yet."""

    def join(self, _seconds: float) -> None:
        """It has ended."""

    def go_round(self) -> None:
        """Do one round."""
        incarnation, stop = self._args
        if not stop.is_set():
            self._target(incarnation, _OneRound())


class _OneRound:
    """Is not set the first time, and set the second."""

    def __init__(self) -> None:
        self._asked = False

    def wait(self, _seconds: float) -> bool:
        asked, self._asked = self._asked, True
        return asked


class Threads:
    """Stands where `threading` stands: nothing runs by itself, and whoever waits lets the time of the world go by."""

    Thread = StoppedThread
    time = Time()

    @staticmethod
    def current_thread() -> threading.Thread:
        """The only one there is."""
        return threading.current_thread()

    class Event(threading.Event):
        """Nobody can set it while somebody waits."""

        def wait(self, timeout: float | None = None) -> bool:
            """Let time go by."""
            Threads.time.advance(timeout or 0.0)
            return self.is_set()


def is_gone(holder: Holder, host: str) -> bool:
    """Whether a process on this host has ended."""
    return holder.host == host and holder.pid not in ALIVE


@contextmanager
def simulated() -> Iterator[None]:
    """Let incarnations live on these machines, and keep silent about the many faults."""
    logger = logging.getLogger("theflow")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with (
            patch("theflow.runtime.incarnation.threading", Threads),
            patch("theflow.runtime.incarnation.is_gone", is_gone),
        ):
            yield
    finally:
        logger.setLevel(level)
