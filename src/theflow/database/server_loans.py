"""A server lends transactions to bodies: on connections of their own, until outcomes are added or all is undone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy

from theflow.database.body_connection import SAVEPOINT, BodyConnection, causes, ended_by_body, guard
from theflow.database.server_home import Home
from theflow.database.server_session import ServerSession
from theflow.errors import CommitUnknown, StoreUnavailable


class ServerLoan:
    """A transaction of a body."""

    def __init__(self, server: Home, engine: sqlalchemy.Engine, ended: Callable[[], None]) -> None:
        self._server = server
        self._ended = ended
        self._lock = threading.Lock()
        self._done = False
        self._pooled = engine.raw_connection()
        self._driver: Any = self._pooled.driver_connection
        try:
            self._execute(*server.BEGIN_LENDING, f"SAVEPOINT {SAVEPOINT}")
            self.connection = BodyConnection(engine, self._pooled)
        except BaseException:
            self._pooled.invalidate()
            self._pooled.close()
            raise

    @contextmanager
    def completed(self) -> Iterator[ServerSession]:
        """Let more be written, and commit at the end; an error rolls all of it back."""
        self.connection.over = True
        if self._done:
            # By now the connection may be that of another body.
            raise StoreUnavailable("the transaction of the body was given up meanwhile")
        try:
            with self._server.errors():
                self._release()
                yield self._server.session(self._driver)
                self._commit()
        except BaseException as error:
            if self._server.is_to_be_discarded(error.__cause__ or error, self._driver):
                self._discard()
            self.roll_back()
            raise
        self._give_back()

    def roll_back(self) -> None:
        """Give up what was written, and give the connection back."""
        self.connection.over = True
        if self._done:
            return
        try:
            self._execute("ROLLBACK")
        except Exception:  # noqa: BLE001 - whatever is wrong with it, the server rolls back what it loses
            self._discard()
        self._give_back()

    def revoke(self) -> None:
        """Give it up from another thread, at any moment."""
        with self._lock:
            if not self._done:
                self.connection.over = True
                # What was not committed is rolled back by the server as soon as it sees that nobody is there.
                self._server.cut(self._driver)

    def passes(self, error: BaseException) -> bool:
        """Whether a body that raised this may do better from the start."""
        found = any(isinstance(each, self._server.dbapi.Error) and self._server.passes(each) for each in causes(error))
        # Whatever a body says whose connection is gone, it may only not have known better.
        return found or self._server.lost(ConnectionError(), self._driver)

    def _execute(self, *texts: str) -> None:
        cursor = self._driver.cursor()
        for text in texts:
            cursor.execute(text)

    def _release(self) -> None:
        try:
            self._execute(f"RELEASE SAVEPOINT {SAVEPOINT}")
        except self._server.dbapi.Error as error:
            if self._server.lost(error, self._driver):
                raise
            raise ended_by_body(error) from error

    def _commit(self) -> None:
        try:
            self._execute("COMMIT")
        except self._server.dbapi.Error as error:
            if self._server.lost(error, self._driver):
                raise CommitUnknown(f"the connection to {self._server.where} was lost while committing") from error
            raise

    def _discard(self) -> None:
        if self._pooled.is_valid:
            self._pooled.invalidate()

    def _give_back(self) -> None:
        with self._lock:
            done, self._done = self._done, True
        if not done:
            self._pooled.close()
            self._ended()


class ServerLoans:
    """Lends transactions. A few connections are kept; how many there are is for those to say who run the bodies."""

    def __init__(self, server: Home, engine: sqlalchemy.Engine) -> None:
        self._server = server
        self._engine = engine
        self._open: set[ServerLoan] = set()
        guard(engine)

    def lend(self, ended: Callable[[], None]) -> ServerLoan:
        """Open a transaction; a connection that was lost while it was kept is replaced."""
        with self._server.errors():
            try:
                return self._lent(ended)
            except (self._server.dbapi.Error, sqlalchemy.exc.DBAPIError):
                # Those that were kept may all have been lost; a new one tells.
                self._engine.dispose()
                return self._lent(ended)

    def close(self) -> None:
        """Undo what is still open, and close what is kept."""
        for loan in tuple(self._open):
            loan.revoke()
        self._engine.dispose()

    def _lent(self, ended: Callable[[], None]) -> ServerLoan:
        def over() -> None:
            self._open.discard(loan)
            ended()

        loan = ServerLoan(self._server, self._engine, over)
        self._open.add(loan)
        return loan
