"""Tells the signs of life of a body to its runtime in another process, not more often than that looks at them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from theflow.runtime.clock import Clock
from theflow.runtime.signs import Said

# The runtime gathers news as often.
PERIOD = 0.1
# A sign that was held back must not come too late for a heartbeat.
_OF_HEARTBEAT = 0.25


class Sign(NamedTuple):
    """A sign of life, with how far the body says that it has come, if it does."""

    said: Said | None


class ToldSigns:
    """The newest of what was given since the last one was told follows it, a moment later."""

    def __init__(self, clock: Clock, tell: Callable[[Sign], object], heartbeat: float | None) -> None:
        self._clock = clock
        self._tell = tell
        self._period = PERIOD if heartbeat is None else min(PERIOD, heartbeat * _OF_HEARTBEAT)
        self._lock = threading.Lock()
        self._held: Sign | None = None
        self._told_at = float("-inf")
        self._later: threading.Timer | None = None

    def give(self, said: Said | None) -> None:
        """Take a sign of the body, in any thread of it."""
        with self._lock:
            if said is not None or self._held is None:
                self._held = Sign(said)
            if self._later is not None:
                return
            left = self._told_at + self._period - self._clock.monotonic()
            if left <= 0:
                self._tell_held()
                return
            self._later = threading.Timer(left, self._come_later)
            self._later.daemon = True
            self._later.start()

    def close(self) -> None:
        """Tell what is left: the body has ended."""
        with self._lock:
            if self._later is not None:
                self._later.cancel()
            self._tell_held()

    def _come_later(self) -> None:
        with self._lock:
            self._later = None
            self._tell_held()

    def _tell_held(self) -> None:
        if self._held is not None:
            held, self._held, self._told_at = self._held, None, self._clock.monotonic()
            # Who does not listen any more is about to end this process.
            with suppress(OSError):
                self._tell(held)
