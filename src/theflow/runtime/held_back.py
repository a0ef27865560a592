"""Bodies that may not begin now: their runtime is not sure that nobody has taken over their flows."""

from __future__ import annotations

import threading
from collections.abc import Callable

from theflow.runtime.attempt import Attempt


class HeldBack:
    """Asked by every body before its first line: an answer of the database may have been long under way, or a thread.

    What is held back begins when the runtime is trusted again; if it was taken over, its attempt is closed meanwhile.
    """

    def __init__(self, trusted: Callable[[], bool]) -> None:
        self._trusted = trusted
        self._lock = threading.Lock()
        self._attempts: list[Attempt] = []

    @property
    def trusted(self) -> bool:
        """Whether nobody can have taken over."""
        return self._trusted()

    def may_begin(self, attempt: Attempt) -> bool:
        """Whether a body may begin now; if not, it is held back."""
        if self._trusted():
            return True
        with self._lock:
            self._attempts.append(attempt)
        return False

    def come_free(self) -> list[Attempt]:
        """Take those that may begin after all."""
        return self.taken() if self._attempts and self._trusted() else []

    def taken(self) -> list[Attempt]:
        """Take all that are held back."""
        with self._lock:
            attempts, self._attempts = self._attempts, []
        return attempts
