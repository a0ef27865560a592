"""How long to wait before a database that said no is asked again: longer each time, and not all at the same moment."""

from __future__ import annotations

from theflow.runtime.ids import chance

# The share of a pause that is left to chance.
_SPREAD = 0.5


class Backoff:
    """Pauses that double from the first to the longest, each cut at random, so that those who wait come one by one."""

    def __init__(self, first: float, longest: float) -> None:
        self._first = min(first, longest)
        self._longest = longest
        self._next = self._first

    def pause(self) -> float:
        """Return how many seconds to wait this time."""
        pause = self._next * (1 - _SPREAD * chance())
        self._next = min(self._next * 2, self._longest)
        return pause

    def reset(self) -> None:
        """It has answered: the next trouble is a new one."""
        self._next = self._first
