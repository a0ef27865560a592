"""The one right to write where a database has only one: the engine holds it, and lends it to one body at a time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from theflow.runtime.attempt import Attempt


class Pen:
    """Lent by the engine's thread, given back by any; whoever waits for it holds nothing meanwhile."""

    def __init__(self, wake: Callable[[Attempt], None]) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._queue: deque[Attempt] = deque()
        self._lent: Attempt | None = None

    @property
    def lent(self) -> bool:
        """Whether a body has it."""
        return self._lent is not None

    @property
    def wanted(self) -> bool:
        """Whether somebody waits for it, and it is here."""
        return bool(self._queue) and self._lent is None

    def ask(self, attempt: Attempt) -> None:
        """Stand in line."""
        with self._lock:
            self._queue.append(attempt)
        self._wake(attempt)

    def lend(self) -> Attempt | None:
        """Give it to the first in line; None if nobody waits, or it is not here."""
        with self._lock:
            if self._lent is None and self._queue:
                self._lent = self._queue.popleft()
                return self._lent
        return None

    def give_back(self) -> None:
        """Let the engine write again."""
        with self._lock:
            attempt, self._lent = self._lent, None
        if attempt is not None:
            self._wake(attempt)

    def withdraw(self) -> list[Attempt]:
        """Take out of the line whoever waits."""
        with self._lock:
            found = list(self._queue)
            self._queue.clear()
        return found
