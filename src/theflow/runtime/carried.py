"""An outcome under way to the engine, with the open transaction that both are to be committed in."""

from __future__ import annotations

import threading
from typing import Protocol

from theflow.database.store import Transaction
from theflow.runtime.attempt import Attempt


class Home(Protocol):
    """Where attempts are kept that are under way."""

    def reopen(self, attempt: Attempt) -> None:
        """Let an attempt go on."""

    def leave(self, attempt: Attempt) -> None:
        """Forget an attempt."""


class Carried:
    """Brought by the thread of a body, which waits; answered once, by the thread of the engine."""

    def __init__(self, attempt: Attempt, transaction: Transaction, home: Home) -> None:
        self.attempt = attempt
        self.transaction = transaction
        self._home = home
        self._answered = threading.Event()
        self._refusal: Exception | None = None

    @property
    def waiting(self) -> bool:
        """Whether it still waits for an answer."""
        return not self._answered.is_set()

    def saved(self) -> None:
        """Hear that rows and outcome are committed."""
        self._home.leave(self.attempt)
        self._answered.set()

    def dropped(self) -> None:
        """Hear that the outcome is not one any more, or another: the rows are rolled back."""
        self.transaction.roll_back()
        self.saved()

    def refused(self, error: Exception) -> None:
        """Hear that the database took neither rows nor outcome: the attempt is open again."""
        self._refusal = error
        self._home.reopen(self.attempt)
        self._answered.set()

    def refusal(self) -> Exception | None:
        """Wait for the answer; return why the database took neither rows nor outcome, None if no more is to do."""
        self._answered.wait()
        return self._refusal
