"""The only place that asks what time it is."""

from __future__ import annotations

import time
from typing import Protocol


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

    def monotonic(self) -> float:
        """Seconds that only ever grow."""
        return time.monotonic()
