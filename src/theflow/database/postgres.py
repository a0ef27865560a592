"""PostgreSQL: session settings, what its errors mean, and what an operator would look at."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import sqlalchemy

from theflow.database.caller import commits_by_itself, wrong_driver
from theflow.database.postgres_doctor import examine
from theflow.database.postgres_news import CHANNEL, CONNECTIONS, Announcer, Listener
from theflow.database.room import Limit
from theflow.database.server import PATIENCE, Server
from theflow.errors import InputError, RowRefused, StoreError, StoreUnavailable, StoreUnusable
from theflow.model.view import Finding

# The server's own defaults are to wait for ever.
_SETTINGS = {
    "lock_timeout": "5s",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "15s",
    "client_connection_check_interval": "2s",
    "default_transaction_isolation": "read\\ committed",
    # Tells us that the settings above have come through.
    "theflow.session": "on",
}
# For our own statements, not for those of bodies.
_OWN_SETTINGS = {
    # All that is hot goes by keys; a new table without statistics looks small, and would be read whole each time.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    # A plain scan of an index marks what it finds dead, and the next one passes over it; one that makes a bitmap does
    # not, and a queue leaves many dead entries behind.
    "enable_bitmapscan": "off",
    "jit": "off",
}
_CONNECT: dict[str, object] = {
    "application_name": "theflow",
    "client_encoding": "utf8",
    "connect_timeout": round(PATIENCE),
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    "autocommit": True,
}
# How long to wait, at the end, until those who listen have been told.
_LAST_NOTE = 1.0
_SCHEMA_LOCK = 7_431_889_042_019
_READ_ONLY = "25006"
# Bodies are run again: serialization failures and deadlocks, waits for a lock, a server that is a copy by now.
_PASSING = ("40", "55P03", _READ_ONLY)
# Classes of SQLSTATE, or whole ones: what may be better soon.
_UNAVAILABLE = ("08", "25P02", "25P03", "40", "53", "55P03", "57", "58", _READ_ONLY)
_REFUSED = ("21", "22", "23", "54")
# Refusals of a connection carry no SQLSTATE.
_UNUSABLE = {
    "authentication failed": "the server refuses the user name or the password; mend them in the URL",
    "no password supplied": "the server asks for a password; give it in the URL, or in the file that PGPASSFILE names",
    "no pg_hba.conf entry": "the server lets this user in from nowhere here; add a line to its pg_hba.conf",
    "does not exist": "there is no such database or role; create it: createdb NAME",
    "unsupported startup parameter": "a pooler refuses the settings of a session; connect to the server itself",
    "invalid connection option": "the URL has an option that the driver does not know; leave it out",
}


class Postgres(Server):
    """The dialect of a PostgreSQL database."""

    NAME = "postgres"
    EXTRA = "postgres"
    NEWS = CONNECTIONS
    BEGIN_READING = ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",)

    def __init__(self, url: str, where: str) -> None:
        parsed = sqlalchemy.make_url(url.replace("postgres://", "postgresql://", 1)).set(
            drivername="postgresql+psycopg"
        )
        query = parsed.query.get("options", "")
        given = [query] if isinstance(query, str) else list(query)
        # What the URL says comes last, and so wins.
        own = " ".join([*_options(_SETTINGS), *_options(_OWN_SETTINGS), *given])
        lent = " ".join([*_options(_SETTINGS), *given])
        super().__init__(
            parsed.difference_update_query(["options"]),
            where,
            {**_CONNECT, "options": own},
            # A body that commits by a statement of its own is in a new transaction, not in none.
            {**_CONNECT, "options": lent, "autocommit": False},
        )
        self._announcer = Announcer(self.connected)

    def announce(self) -> None:
        """Tell those who listen that there is something to look for; it is committed."""
        self._announcer.announce()

    def listen(self, ring: Callable[[], None]) -> Callable[[], None]:
        """Call `ring` when somebody announces something; return what ends that."""
        return Listener(self.connected, ring).close

    def close(self) -> None:
        """Close every connection; a child process leaves those of its parent alone."""
        if self.is_mine:
            self._announcer.close(_LAST_NOTE)
        super().close()

    def doctor(self) -> list[Finding]:
        """Look at version, settings and schema."""
        return examine(self)

    def settle(self, connection: Any) -> None:
        """Everything was said when the connection was made."""

    def check_session(self, connection: sqlalchemy.Connection) -> None:
        """Raise StoreUnusable if a pooler has dropped the settings: its sessions are not ours for long."""
        if connection.exec_driver_sql("SELECT current_setting('theflow.session', true)").scalar() is None:
            raise StoreUnusable(
                f"the database {self.where} cannot be used: {_UNUSABLE['unsupported startup parameter']}"
            )

    def lost(self, error: BaseException, connection: Any) -> bool:  # noqa: ARG002 - here the connection itself knows
        """Whether the connection is gone."""
        return bool(connection is None or connection.closed)

    def is_to_be_discarded(self, error: BaseException, connection: Any) -> bool:
        """Whether the connection is gone, or its server has become a read-only copy."""
        return self.lost(error, connection) or getattr(error, "sqlstate", None) == _READ_ONLY

    def passes(self, error: Exception) -> bool:
        """Whether the server has only picked this transaction to make room for another, or cannot serve just now."""
        return (getattr(error, "sqlstate", None) or "").startswith(_PASSING)

    def cut(self, connection: Any) -> None:
        """Cut the line of a connection that another thread may be using: closing it under that would be unsafe."""
        with suppress(OSError, self.dbapi.Error), socket.socket(fileno=os.dup(connection.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)

    def translated(self, error: Exception) -> StoreError:
        """Say what happened in theflow's own words."""
        state = getattr(error, "sqlstate", None) or ""
        text = " ".join(str(error).split())
        if state.startswith(_UNAVAILABLE):
            return StoreUnavailable(f"the database {self.where} cannot serve now: {text}; it is tried again")
        if state.startswith(_REFUSED):
            return RowRefused(f"the database refuses a row: {text}")
        if state:
            return StoreUnusable(f"the database {self.where} cannot be used: {text}; ask: theflow doctor")
        for sign, mend in _UNUSABLE.items():
            if sign in text:
                return StoreUnusable(f"the database {self.where} cannot be used: {mend}")
        if isinstance(error, self.dbapi.DataError):
            return RowRefused(f"the database refuses a row: {text}")
        return StoreUnavailable(f"the database {self.where} cannot be reached: {text}; it is tried again")

    def cursor_of(self, connection: Any) -> Any:
        """Return a plain cursor of a caller's connection; raise InputError where he could roll nothing back."""
        driver = self.dbapi
        if not isinstance(connection, driver.Connection):
            raise wrong_driver("psycopg 3", connection)
        if connection.closed:
            raise InputError("connection: it is closed; submit before it is")
        if connection.autocommit and connection.info.transaction_status == driver.pq.TransactionStatus.IDLE:
            raise commits_by_itself()
        return driver.Cursor(connection, row_factory=driver.rows.tuple_row)

    def told(self, cursor: Any) -> None:
        """Tell those who listen, once the transaction of this cursor is committed."""
        cursor.execute(f"NOTIFY {CHANNEL}")

    def limit(self, kind: str, name: str, allowed: int) -> Limit:
        """Say in words what limits connections."""
        if kind in ("role", "database"):
            return Limit(allowed, f"{kind} {name}", f"raise it: ALTER {kind.upper()} {name} CONNECTION LIMIT n")
        return Limit(allowed, kind, "raise max_connections of the server")

    @contextmanager
    def alone(self, connection: sqlalchemy.Connection) -> Iterator[None]:
        """Keep every other process from changing the schema meanwhile."""
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({_SCHEMA_LOCK})")
        try:
            yield
        finally:
            connection.exec_driver_sql(f"SELECT pg_advisory_unlock({_SCHEMA_LOCK})")


def _options(settings: Mapping[str, str]) -> list[str]:
    return [f"-c {name}={value}" for name, value in settings.items()]
