"""Where events wait for the engine's next turn."""

from __future__ import annotations

from collections.abc import Sequence
from queue import Empty, SimpleQueue
from typing import NamedTuple, Protocol

from theflow.database.batch import LogRow, ProgressRow
from theflow.database.store import Transaction
from theflow.model.message import Event


class Begun(NamedTuple):
    """A body that has begun and goes on for a while."""

    name: str
    attempt: int
    started_at: int


class Carrier(Protocol):
    """Brings an outcome together with the open transaction that it is to be committed in, and takes the answer back."""

    @property
    def transaction(self) -> Transaction:
        """What the body has written in."""

    @property
    def waiting(self) -> bool:
        """Whether it still waits for an answer."""

    def saved(self) -> None:
        """Hear that rows and outcome are committed."""

    def dropped(self) -> None:
        """Hear that the outcome is not one any more, or another: the rows are rolled back."""

    def refused(self, error: Exception) -> None:
        """Hear that the database took neither rows nor outcome."""


class Posted(NamedTuple):
    """News of a flow: an event, log records of an attempt, that its body has begun, or how far it has come."""

    offset: int
    event: Event | None
    logs: Sequence[LogRow] = ()
    begun: Begun | None = None
    carrier: Carrier | None = None
    progress: ProgressRow | None = None


class Inbox:
    """A queue that any thread may post to and one thread drains."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Sequence[Posted]] = SimpleQueue()
        self._ready: list[Posted] = []
        self._rung = False

    def post(self, posted: Posted) -> None:
        """Leave an event."""
        self._queue.put((posted,))

    def post_all(self, posted: Sequence[Posted]) -> None:
        """Leave several events at once."""
        self._queue.put(posted)

    def ring(self) -> None:
        """Wake the engine without an event: there is something new in the database, or it shall stop."""
        self._queue.put(())

    def wait(self, seconds: float) -> bool:
        """Wait until something is there; say whether it came in time."""
        if self._ready:
            return True
        try:
            first = self._queue.get(timeout=seconds) if seconds > 0 else self._queue.get_nowait()
        except Empty:
            return False
        self._sort(first)
        return True

    def rung(self) -> bool:
        """Whether somebody rang since this was last asked."""
        rung, self._rung = self._rung, False
        return rung

    def drain(self) -> list[Posted]:
        """Take all that is there."""
        try:
            while True:
                self._sort(self._queue.get_nowait())
        except Empty:
            found, self._ready = self._ready, []
            return found

    def _sort(self, posted: Sequence[Posted]) -> None:
        if posted:
            self._ready.extend(posted)
        else:
            self._rung = True
