"""Threads whose bodies go on after their attempts have ended: nothing stops them, so they are counted and told of."""

from __future__ import annotations

import logging
import threading

from theflow.errors import ThreadsLost
from theflow.runtime.attempt import Attempt
from theflow.runtime.clock import Clock

_logger = logging.getLogger("theflow.executor")


class LostThreads:
    """Knows which threads run a body, and which of those bodies nobody waits for any more."""

    def __init__(self, most: int, clock: Clock) -> None:
        self._most = most
        self._clock = clock
        self._changed = threading.Lock()
        self._running: set[Attempt] = set()
        self._kept: dict[Attempt, float] = {}

    @property
    def count(self) -> int:
        """How many threads are lost, until their bodies come back."""
        return len(self._kept)

    @property
    def all(self) -> bool:
        """Whether no thread is left that could run a body."""
        return len(self._kept) >= self._most

    def enter(self, attempt: Attempt) -> bool:
        """Note that a thread is about to run a body; False if its attempt has ended before it began."""
        with self._changed:
            if attempt.closed:
                return False
            self._running.add(attempt)
            return True

    def leave(self, attempt: Attempt) -> None:
        """Note that a body has come back."""
        with self._changed:
            self._running.discard(attempt)
            since = self._kept.pop(attempt, None)
        if since is not None:
            _logger.warning(
                "a body came back %.1f s after its attempt had ended, and is not heard %s lost_threads=%d of %d",
                self._clock.monotonic() - since,
                attempt.label,
                self.count,
                self._most,
            )

    def keep(self, attempt: Attempt) -> None:
        """Note that an attempt has ended; if its body still runs, its thread is lost."""
        with self._changed:
            if attempt not in self._running:
                return
            self._kept[attempt] = self._clock.monotonic()
        _logger.warning(
            "a body goes on after its attempt has ended, and keeps its thread %s lost_threads=%d of %d",
            attempt.label,
            self.count,
            self._most,
        )

    def check(self, patience: float) -> None:
        """Raise ThreadsLost if no thread has been left for so long."""
        if not self.all:
            return
        with self._changed:
            kept = dict(self._kept)
        if len(kept) >= self._most and self._clock.monotonic() - max(kept.values()) >= patience:
            raise ThreadsLost(
                f"all {self._most} threads are kept by bodies that went on after their attempts had ended "
                f"({'; '.join(sorted(attempt.label for attempt in kept)[:3])}); let these bodies end in time, "
                "and start the process again"
            )
