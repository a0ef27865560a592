"""Knows when it is worth looking for work in the database: when somebody says so, when it has changed, or by and by."""

from __future__ import annotations

from theflow.database.store import RuntimeStore

# How long after the last work the next is waited for eagerly.
_BUSY_FOR = 5.0


class Lookout:
    """Remembers the last look and what has been heard since."""

    def __init__(self, store: RuntimeStore, poll: float) -> None:
        self._store = store
        pace = store.pace
        self._soon = min(pace.soon, poll)
        self._later = poll if pace.later is None else min(pace.later, poll)
        self._rest = poll if pace.rest is None else max(pace.rest, poll)
        self._noted = True
        self._looked = float("-inf")
        self._active = float("-inf")
        self._token: object = None
        # When a queue that admits nothing for a while may go on.
        self._again = float("inf")

    def note(self) -> None:
        """There may be something new."""
        self._noted = True

    def due(self, now: float) -> bool:
        """Whether to look now; `now` is monotonic."""
        return self._noted or now - self._looked >= self._rest or now >= self._again

    def looked(self, now: float, came: int, places: int, throttled: float) -> None:
        """A look brought so many flows for so many places: if it filled them all, there may be more.

        `throttled` is how many seconds some queue still admits nothing, infinite where none is kept from it.
        """
        self._looked = now
        self._again = now + throttled
        self._noted = came >= places
        if came:
            self._active = now

    def pause(self, now: float) -> float:
        """Return how long to sleep before asking whether the database has changed."""
        return self._soon if now - self._active < _BUSY_FOR else self._later

    def watch(self, now: int) -> bool:
        """Ask, and say, whether somebody has written or a job has become due; `now` is microseconds UTC."""
        token = self._store.change_token(now)
        changed = token != self._token
        if changed:
            self._token = token
            self._noted = True
        return changed
