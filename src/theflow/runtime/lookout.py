"""Knows when it is worth looking for work in the database: when somebody says so, when it has changed, or by and by."""

from __future__ import annotations

from theflow.database.store import RuntimeStore

# How soon a runtime that was busy just now, or long ago, sees what another process has written.
_SOON, _LATER, _BUSY_FOR = 0.002, 0.02, 5.0


class Lookout:
    """Remembers the last look and what has been heard since."""

    def __init__(self, store: RuntimeStore, poll: float) -> None:
        self._store = store
        self._poll = poll
        self._noted = True
        self._looked = float("-inf")
        self._active = float("-inf")
        self._token: object = None

    def note(self) -> None:
        """There may be something new."""
        self._noted = True

    def due(self, now: float) -> bool:
        """Whether to look now; `now` is monotonic."""
        return self._noted or now - self._looked >= self._poll

    def looked(self, now: float, came: int, places: int) -> None:
        """A look brought so many flows for so many places: if it filled them all, there may be more."""
        self._looked = now
        self._noted = came >= places
        if came:
            self._active = now

    def pause(self, now: float) -> float:
        """Return how long to sleep before asking whether the database has changed."""
        return min(self._poll, _SOON if now - self._active < _BUSY_FOR else _LATER)

    def watch(self) -> None:
        """Ask whether somebody else has written."""
        token = self._store.change_token()
        if token != self._token:
            self._token = token
            self._noted = True
