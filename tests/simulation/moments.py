"""Time in the simulation: one that only grows, for all, and a wall clock for each process, which may jump."""

from __future__ import annotations

_START = 1_000_000_000_000


class Time:
    """Seconds since the world began."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def advance(self, seconds: float) -> None:
        """Let time go by for everybody, also for those who are paused."""
        self.seconds += seconds


class WallClock:
    """What one process takes for the time of day; `skew` is how many microseconds it is wrong."""

    def __init__(self, time: Time) -> None:
        self._time = time
        self.skew = 0

    def now(self) -> int:
        """Microseconds UTC, as far as this process knows."""
        return _START + self.skew + round(self._time.seconds * 1_000_000)

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return self._time.seconds
