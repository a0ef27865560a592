"""A transaction that a dialect has lent to the body of a task: one turn is added to it, and both are committed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from theflow.database.batch import Batch
from theflow.database.dialect import Loan, Session
from theflow.database.records import Fence

if TYPE_CHECKING:
    import sqlalchemy


class SqlTransaction:
    """The Transaction over a dialect's loan."""

    def __init__(self, loan: Loan, write_turn: Callable[[Session, Fence, Batch], None]) -> None:
        self._loan = loan
        self._write_turn = write_turn

    @property
    def connection(self) -> sqlalchemy.Connection:
        """What the body writes with."""
        return self._loan.connection

    def commit(self, fence: Fence, batch: Batch) -> None:
        """Add one turn to what the body has written, and commit both; if that fails, both are rolled back."""
        with self._loan.completed() as session:
            self._write_turn(session, fence, batch)

    def roll_back(self) -> None:
        """Give up what was written, and give the connection back."""
        self._loan.roll_back()

    def revoke(self) -> None:
        """Give it up from another thread, at any moment."""
        self._loan.revoke()

    def passes(self, error: BaseException) -> bool:
        """Whether a body that raised this may do better from the start."""
        return self._loan.passes(error)
