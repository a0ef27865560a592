"""The file lends its one right to write to a body, gate and lock: until the outcome is added or all is undone."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from theflow.database.body_connection import SAVEPOINT, BodyConnection, causes, ended_by_body, guard
from theflow.database.dialect import Session
from theflow.database.gate import Gate
from theflow.database.sqlite_errors import code_of, errors
from theflow.errors import CommitUnknown, StoreUnavailable

if TYPE_CHECKING:
    import sqlalchemy

# How often, and for how long in all, a statement of a body is asked to stop before it is left to end by itself.
_ASK, _TIMES = 0.05, 20
_PASSING = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})


class LentConnection(sqlite3.Connection):
    """A connection that can be taken away from whoever writes with it, whatever he holds of it.

    Outside of a transaction each statement would commit by itself: so none may come after the rollback.
    """

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        # Held while a statement of the body runs.
        self.busy = threading.RLock()
        self.shut = False
        self.undo: Callable[[], None] | None = None

    def cursor(self, factory: Any = None) -> Any:  # noqa: ARG002 - each cursor asks first
        """Return a cursor that asks first."""
        return super().cursor(_LentCursor)

    def commit(self) -> None:
        """Commit, unless it was taken away."""
        with self.used():
            super().commit()

    def rollback(self) -> None:
        """Roll back, unless it was taken away."""
        with self.used():
            super().rollback()

    @contextmanager
    def used(self) -> Iterator[None]:
        """Use it for one statement."""
        with self.busy:
            if self.shut:
                raise sqlite3.ProgrammingError("this transaction is over, and its connection was taken away")
            try:
                yield
            finally:
                # Whoever took it away in the middle of a statement that did not stop has left the rest to us.
                if self.undo is not None:
                    self.undo()


class _LentCursor(sqlite3.Cursor):
    """Runs each statement as the connection allows."""

    connection: LentConnection

    def execute(self, *given: Any) -> Any:
        with self.connection.used():
            return super().execute(*given)

    def executemany(self, *given: Any) -> Any:
        with self.connection.used():
            return super().executemany(*given)

    def executescript(self, *given: Any) -> Any:
        with self.connection.used():
            return super().executescript(*given)


class SqliteLoan:
    """A transaction of a body, behind the gate."""

    def __init__(
        self,
        engine: sqlalchemy.Engine,
        gate: Gate,
        session: Callable[[sqlite3.Cursor], Session],
        ended: Callable[[], None],
    ) -> None:
        self._gate = gate
        self._session = session
        self._ended = ended
        self._done = False
        self._pooled = engine.raw_connection()
        connection: Any = self._pooled.driver_connection
        self._driver: LentConnection = connection
        # Not by a cursor that asks: the outcome is written when the body may write no more.
        self._cursor = sqlite3.Cursor(self._driver)
        try:
            self._cursor.execute("BEGIN IMMEDIATE")
            self._cursor.execute(f"SAVEPOINT {SAVEPOINT}")
            self.connection = BodyConnection(engine, self._pooled)
        except BaseException:
            self._pooled.close()
            raise

    @contextmanager
    def completed(self) -> Iterator[Session]:
        """Let more be written, and commit at the end; an error rolls all of it back."""
        self.connection.over = self._driver.shut = True
        try:
            # Nobody may take it away in between: what came after his rollback would be committed by itself.
            with self._driver.busy, errors():
                if self._done:
                    raise StoreUnavailable("the transaction of the body was given up meanwhile")
                try:
                    self._cursor.execute(f"RELEASE {SAVEPOINT}")
                except sqlite3.OperationalError as error:
                    raise ended_by_body(error) from error
                yield self._session(self._cursor)
                self._commit()
        finally:
            self.roll_back()

    def roll_back(self) -> None:
        """Give up what was written, and give the connection back."""
        self.connection.over = self._driver.shut = True
        with self._driver.busy:
            self._undo()
        # Closed for good: what a body has kept of its connection must not reach the next one.
        self._pooled.close()

    def revoke(self) -> None:
        """Give it up from another thread, at any moment."""
        self.connection.over = self._driver.shut = True
        self._driver.undo = self._undo
        for _ in range(_TIMES):
            if self._done:
                return
            self._driver.interrupt()
            if self._driver.busy.acquire(timeout=_ASK):
                try:
                    self._undo()
                finally:
                    self._driver.busy.release()
                return

    def passes(self, error: BaseException) -> bool:
        """Whether a body that raised this may do better from the start."""
        return any(isinstance(each, sqlite3.Error) and code_of(each) in _PASSING for each in causes(error))

    def _undo(self) -> None:
        """Roll back, and let others write; what was committed has nothing left to roll back."""
        if self._done:
            return
        self._done = True
        try:
            if self._driver.in_transaction:
                self._cursor.execute("ROLLBACK")
        finally:
            self._gate.leave()
            self._gate.close()
            self._ended()

    def _commit(self) -> None:
        try:
            self._cursor.execute("COMMIT")
        except sqlite3.Error as error:
            if code_of(error) == sqlite3.SQLITE_IOERR:
                raise CommitUnknown(f"the disk failed while committing: {error}") from error
            raise


class SqliteLoans:
    """Lends the right to write, to one body at a time; the gate keeps the others waiting."""

    def __init__(
        self,
        engine: sqlalchemy.Engine,
        gate: Callable[[], Gate],
        session: Callable[[sqlite3.Cursor], Session],
    ) -> None:
        self._engine = engine
        self._gate = gate
        self._session = session
        self._newest: SqliteLoan | None = None
        guard(engine)

    def lend(self, ended: Callable[[], None]) -> SqliteLoan:
        """Open a transaction; raise StoreUnavailable where somebody else does not let go."""
        gate = self._gate()
        try:
            gate.enter()
            try:
                with errors():
                    self._newest = SqliteLoan(self._engine, gate, self._session, ended)
            except BaseException:
                gate.leave()
                raise
        except BaseException:
            gate.close()
            raise
        return self._newest

    def close(self) -> None:
        """Undo what is still open, and close what is kept."""
        if self._newest is not None:
            self._newest.revoke()
        with suppress(sqlite3.Error):
            self._engine.dispose()
