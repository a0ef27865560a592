"""A database server: pooled connections to read, reserved ones to write and to beat. What all servers share."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import sqlalchemy

from theflow.database import schema
from theflow.database.dialect import Row
from theflow.database.room import READERS, RESERVED, Need
from theflow.database.server_caller import savepoint
from theflow.database.server_kind import ServerKind
from theflow.database.server_loans import ServerLoan, ServerLoans
from theflow.database.server_readers import Readers
from theflow.database.server_session import ServerSession
from theflow.database.statements import Statement, load_statements
from theflow.errors import CommitUnknown, RowRefused, StoreError, StoreUnavailable, StoreUnusable
from theflow.model.view import Finding

PATIENCE = 5.0
# Connections that are kept between two bodies that write in a transaction.
_KEPT = 4
# What a driver raises before it has asked the server: the value is none that a column could hold.
_UNFIT = (OverflowError, UnicodeEncodeError)


Answer = TypeVar("Answer")


class _Reserved:
    """A connection that is kept for one purpose, one transaction at a time, and opened again when it is lost."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._turn = threading.Lock()
        self._connection: Any = None

    @contextmanager
    def transaction(self) -> Iterator[ServerSession]:
        server = self._server
        with self._turn, server.errors():
            session = self._first(self._begun)
            try:
                yield session
            except BaseException as error:
                self._abandon(error)
                raise
            try:
                self._connection.cursor().execute("COMMIT")
            except Exception as error:
                lost = server.lost(error, self._connection)
                self.drop()
                if lost:
                    raise CommitUnknown(f"the connection to {server.where} was lost while committing") from error
                raise

    def ask(self, name: str, given: Mapping[str, object]) -> list[Row]:
        """Return the rows of a statement, in no transaction."""
        with self._turn, self._server.errors():
            return self._first(lambda: self._server.session(self._connection).all(name, given))

    def once(self, name: str, given: Mapping[str, object]) -> int:
        """Execute a statement that may be said twice, in a transaction of its own; return the rows changed."""
        with self._turn, self._server.errors():
            return self._first(lambda: self._server.session(self._connection).run(name, given))

    def drop(self) -> None:
        """Close the connection, whatever state it is in."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.close()

    def _first(self, step: Callable[[], Answer]) -> Answer:
        """Take the first step on the connection that was kept, or on a new one if that was lost meanwhile."""
        if self._connection is not None:
            try:
                return step()
            except Exception as error:
                lost = self._server.lost(error, self._connection)
                self.drop()
                if not lost:
                    raise
        # Nothing has been sent on the one that was lost, so a new one is as good.
        self._connection = self._server.connected()
        try:
            return step()
        except BaseException:
            self.drop()
            raise

    def _begun(self) -> ServerSession:
        session = self._server.session(self._connection)
        self._connection.cursor().execute(self._server.BEGIN)
        return session

    def _abandon(self, error: BaseException) -> None:
        if self._server.is_to_be_discarded(error, self._connection):
            self.drop()
            return
        try:
            self._connection.cursor().execute("ROLLBACK")
        except Exception:  # noqa: BLE001 - whatever is wrong with it, the server rolls back what it loses
            self.drop()


class Server(ServerKind):
    """A dialect of a server. Connections are opened when they are first needed, by one process only."""

    def __init__(
        self, url: sqlalchemy.URL, where: str, connect_args: Mapping[str, object], lent_args: Mapping[str, object]
    ) -> None:
        self.where = where
        try:
            self._engine = _pooled(url, connect_args, READERS, 0)
            lent = _pooled(url, lent_args, _KEPT, -1)
            self._fresh = sqlalchemy.create_engine(
                url, connect_args=dict(connect_args), poolclass=sqlalchemy.NullPool, pool_reset_on_return=None
            )
        except ModuleNotFoundError as error:
            raise StoreUnusable(
                f"the driver for {where} is not installed ({error.name}); "
                f"run: pip install 'theflow-engine[{self.EXTRA}]'"
            ) from None
        for engine in (self._engine, lent, self._fresh):
            sqlalchemy.event.listen(engine, "connect", self._settle)
        self.statements: Mapping[str, Statement] = load_statements(self.NAME, "%s")
        self._opening = threading.RLock()
        self._readers = Readers(self, self._engine)
        self._loans = ServerLoans(self, lent)
        self._reserved = {name: _Reserved(self) for name in RESERVED}
        self._process = os.getpid()
        self._checked = False
        self._shut = False

    # --- what the store asks ------------------------------------------------------------------------------------
    def prepare(self) -> None:
        """Create the schema, or bring it up to date; of many who come at once, one does it."""
        self._guard()
        with self._opening:
            if self._checked:
                return
            with self.errors():
                if self.revision() != schema.NEWEST:
                    self._upgrade()
            self._checked = True

    def require(self) -> None:
        """Raise StoreUnusable unless the database is there with a schema that this code knows."""
        with self._opening:
            if self._checked:
                return
            with self.errors():
                schema.check(self.revision(), self.where)
            self._checked = True

    def require_room(self, bodies: int) -> None:
        """Raise StoreUnusable if the server can never give what a runtime with so many transactional bodies needs."""
        with self.read() as session:
            limits = [self.limit(*row) for row in session.all("connection_limits", {})]
        Need.of(self.NEWS, bodies).check(self.where, limits)

    def doctor(self) -> list[Finding]:
        """Look at version, settings and schema."""
        raise NotImplementedError

    def now(self) -> int | None:
        """Return the time by the clock of the server."""
        return int(self.glance("server_time", {})[0][0])

    def doubts(self) -> list[Finding]:
        """List what in the settings of the server endangers what theflow promises."""
        return [finding for finding in self.doctor() if finding.level == "warning"]

    def revision(self) -> str | None:
        """Return the revision of the schema, None where there is none."""
        with self._engine.connect() as connection:
            self.check_session(connection)
            return self._revision(connection)

    def schema_revision(self) -> str | None:
        """Return the revision of the schema, None where there is no schema yet."""
        self._guard()
        with self.errors():
            return self.revision()

    def write(self) -> Any:
        """Open a transaction on the connection that writes."""
        return self._ready("engine").transaction()

    def within(self, connection: Any) -> Any:
        """Open a savepoint in the transaction of a caller's connection; an error leaves that as it was."""
        self._guard()
        self.require()
        return savepoint(self, connection)

    def pulse(self, name: str, given: Mapping[str, object]) -> int:
        """Execute one statement, a transaction by itself, on the heartbeat's connection; return the rows changed."""
        return self._ready("pulse").once(name, given)

    def lend(self, ended: Callable[[], None]) -> ServerLoan:
        """Open a transaction for the body of a task, on a connection of its own."""
        self._guard()
        self.require()
        return self._loans.lend(ended)

    def read(self) -> Any:
        """Open a view that does not change while it is open."""
        self._guard()
        self.require()
        return self._readers.view()

    def glance(self, name: str, given: Mapping[str, object]) -> list[Row]:
        """Execute one statement that reads, in no transaction; return its rows."""
        found = self._ready("watch").ask(name, given)
        if self._shut:
            self._reserved["watch"].drop()
        return found

    def change_token(self, now: int) -> object:
        """Return what a submit, a turn, a job that becomes due, and a runtime that comes or goes change."""
        return tuple(self.glance("change_token", {"now": now})[0])

    def close(self) -> None:
        """Close every connection; a child process leaves those of its parent alone."""
        with self._opening:
            if not self.is_mine:
                return
            self._shut = True
            self._readers.shut = True
            self._loans.close()
            for reserved in self._reserved.values():
                reserved.drop()
            self._engine.dispose()

    # --- what the connections ask -------------------------------------------------------------------------------
    def session(self, connection: Any) -> ServerSession:
        """Return what runs named statements on a connection."""
        return ServerSession(connection.cursor(), self.statements, self.ENCODE)

    def connected(self) -> Any:
        """Open a connection beside the pool: one that waits there may be to a server that was a copy then."""
        pooled = self._fresh.raw_connection()
        connection = pooled.driver_connection
        pooled.detach()
        return connection

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Say what happened in theflow's own words."""
        try:
            yield
        except StoreError:
            raise
        except sqlalchemy.exc.TimeoutError as error:
            raise StoreUnavailable(f"no connection to {self.where} came free in {PATIENCE:g} s; try again") from error
        except sqlalchemy.exc.DBAPIError as error:
            cause = error.orig if isinstance(error.orig, Exception) else error
            raise self.translated(cause) from error
        except self.dbapi.Error as error:
            raise self.translated(error) from error
        except _UNFIT as error:
            raise RowRefused(f"the database refuses a row: {error}") from error

    @property
    def is_mine(self) -> bool:
        """Whether this process opened it: connections do not survive a fork."""
        return self._process == os.getpid()

    @property
    def dbapi(self) -> Any:
        """The driver."""
        return self._engine.dialect.loaded_dbapi

    def _ready(self, purpose: str) -> _Reserved:
        self._guard()
        self.require()
        return self._reserved[purpose]

    def _upgrade(self) -> None:
        with self._engine.connect() as connection, self.alone(connection):
            current = self._revision(connection)
            if current == schema.NEWEST:
                return
            schema.refuse_newer(current, self.where)
            if current is None:
                self.clear_half_made(connection)
            connection.exec_driver_sql(self.BEGIN)
            try:
                schema.upgrade(connection)
            except BaseException:
                # In a transaction that has failed, the lock cannot be given back, and that error would hide this one.
                connection.rollback()
                raise
            connection.commit()

    def _revision(self, connection: sqlalchemy.Connection) -> str | None:
        if not sqlalchemy.inspect(connection).has_table("alembic_version"):
            return None
        row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").fetchone()
        return None if row is None else str(row[0])

    def _settle(self, connection: Any, _: object) -> None:
        self.settle(connection)

    def _guard(self) -> None:
        if not self.is_mine:
            raise StoreUnusable(
                f"process {os.getpid()} was forked from {self._process}, which had the database open; "
                "connections do not survive a fork: open a client of its own in the child"
            )


def _pooled(url: sqlalchemy.URL, connect_args: Mapping[str, object], kept: int, beyond: int) -> sqlalchemy.Engine:
    return sqlalchemy.create_engine(
        url,
        connect_args=dict(connect_args),
        poolclass=sqlalchemy.QueuePool,
        pool_size=kept,
        max_overflow=beyond,
        pool_timeout=PATIENCE,
        pool_reset_on_return=None,
    )
