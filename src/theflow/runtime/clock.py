"""The only place that asks what time it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

# How often the database is asked for its time, and how quick an answer has to be, in seconds.
_FOLLOW_PERIOD = 30.0
_QUICK = 0.5
# Databases may tell the time in milliseconds.
_GRAIN = 1_000


class Clock(Protocol):
    """Where a runtime gets the time from; a simulation brings its own."""

    def now(self) -> int:
        """Microseconds since 1970, UTC: for people and timers, never for leases."""

    def monotonic(self) -> float:
        """Seconds that only ever grow: for leases."""


class SystemClock:
    """The clock of the machine."""

    def now(self) -> int:
        """Microseconds since 1970, UTC."""
        return time.time_ns() // 1000

    # Seconds that only ever grow; asked for by every body, so without a step in between.
    monotonic = staticmethod(time.monotonic)


class DatabaseClock:
    """The clock of the database, where it has one: all runtimes agree on what is due, whatever their machines say.

    Between two questions the machine's monotonic clock carries it on.
    """

    def __init__(self, machine: Clock) -> None:
        self._machine = machine
        self.monotonic: Callable[[], float] = machine.monotonic
        self._ahead: int | None = None
        self._asked = float("-inf")

    def now(self) -> int:
        """Microseconds since 1970, UTC."""
        return self._machine.now() if self._ahead is None else int(self._machine.monotonic() * 1_000_000) + self._ahead

    def follow(self, ask: Callable[[], int | None]) -> None:
        """Ask the database for its time, if that is long ago."""
        before = self._machine.monotonic()
        if before - self._asked < _FOLLOW_PERIOD:
            return
        told = ask()
        own = self._machine.now()
        self._asked = self._machine.monotonic()
        # An answer that was long under way says little.
        if told is not None and (self._ahead is None or self._asked - before < _QUICK):
            doubt = (self._asked - before) / 2 * 1_000_000
            theirs = told + doubt
            # A clock that the answer does not prove wrong is kept: then nobody sees two clocks that differ a little.
            right = own if abs(own - theirs) <= doubt + _GRAIN else int(theirs)
            self._ahead = right - int(self._asked * 1_000_000)
