"""MySQL and MariaDB: session settings, what their errors mean, and what an operator would look at."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import sqlalchemy

from theflow.database import codec, schema
from theflow.database.caller import commits_by_itself, wrong_driver
from theflow.database.mysql_doctor import examine
from theflow.database.room import Limit
from theflow.database.server import PATIENCE, Server
from theflow.errors import InputError, RowRefused, StoreError, StoreUnavailable, StoreUnusable
from theflow.model.view import Finding

_STATEMENT_TIMEOUT = 30
_CONNECT: dict[str, object] = {
    "charset": "utf8mb4",
    "autocommit": True,
    "connect_timeout": round(PATIENCE),
    # The server gives up first: then the connection is still of use.
    "read_timeout": _STATEMENT_TIMEOUT + 5,
    "write_timeout": _STATEMENT_TIMEOUT,
    # FOUND_ROWS: a row that an update finds counts, also where it changes nothing.
    "client_flag": 2,
}
_SETTINGS = (
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    # The first is for rows, the second for whole tables.
    "SET SESSION innodb_lock_wait_timeout = 5, lock_wait_timeout = 5, time_zone = '+00:00'",
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
)
_OF_MARIADB = (
    "SET NAMES utf8mb4 COLLATE utf8mb4_nopad_bin",
    f"SET SESSION max_statement_time = {_STATEMENT_TIMEOUT}, idle_transaction_timeout = 15",
)
_OF_MYSQL = (
    "SET NAMES utf8mb4 COLLATE utf8mb4_0900_bin",
    f"SET SESSION max_execution_time = {_STATEMENT_TIMEOUT * 1000}",
)
_LOST = frozenset({0, 1053, 1077, 1158, 1159, 1160, 1161, 1927, 2002, 2003, 2006, 2013, 2014, 2055, 4031})
_READ_ONLY = frozenset({1290, 1792, 1836})
# Lock waits, deadlocks, changed snapshots; too many connections; no room; interrupted or too slow; a cluster settles.
_LATER = frozenset({1205, 1213, 1020, 1040, 1203, 1226, 1021, 1037, 1041, 1114, 1180, 1317, 1969, 3024, 1047, 3572})
# Bodies are run again: waits for a lock, deadlocks, changed snapshots, a server that is a copy by now.
_PASSING = frozenset({1205, 1213, 1020}) | _READ_ONLY
_UNFIT = frozenset({1062, 1048, 1153, 1264, 1265, 1292, 1300, 1366, 1406, 3140, 3141, 4037, 4038, 4025})
_MENDS = {
    1045: "the server refuses the user name or the password; mend them in the URL",
    1698: "the server refuses the user name or the password; mend them in the URL",
    1044: "this user has no right to the database; grant it: GRANT ALL ON name.* TO user",
    1142: "this user may not use the tables; grant it: GRANT ALL ON name.* TO user",
    1049: "there is no such database; create it: CREATE DATABASE name CHARACTER SET utf8mb4",
    1130: "the server lets this user in from nowhere here; create the user for this host",
    1129: "the server has blocked this host after too many failures; ask for mysqladmin flush-hosts",
    2059: "the driver cannot log in the way that the server asks; run: pip install 'PyMySQL[rsa]'",
}


class Mysql(Server):
    """The dialect of a MySQL or MariaDB database."""

    NAME = "mysql"
    EXTRA = "mysql"
    # Half the time of objects: it looks for each name from the beginning of the object.
    ENCODE = staticmethod(codec.encode_lists)
    BEGIN_LENDING = ("BEGIN",)
    BEGIN_READING = (
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    )

    def __init__(self, url: str, where: str) -> None:
        parsed = sqlalchemy.make_url(url).set(drivername="mysql+pymysql")
        # A body whose transaction the server has rolled back is in a new one, not in none.
        super().__init__(parsed, where, _CONNECT, {**_CONNECT, "autocommit": False})

    def doctor(self) -> list[Finding]:
        """Look at version, settings and schema."""
        return examine(self)

    def settle(self, connection: Any) -> None:
        """Set up a new connection."""
        own = _OF_MARIADB if "mariadb" in str(connection.get_server_info()).lower() else _OF_MYSQL
        with connection.cursor() as cursor:
            for text in (*_SETTINGS, *own):
                cursor.execute(text)

    def lost(self, error: BaseException, connection: Any) -> bool:
        """Whether the connection is gone."""
        return connection is None or not connection.open or _number(error) in _LOST

    def is_to_be_discarded(self, error: BaseException, connection: Any) -> bool:
        """Whether the connection is gone, or its server has become a read-only copy."""
        return self.lost(error, connection) or _number(error) in _READ_ONLY

    def passes(self, error: Exception) -> bool:
        """Whether the server has only picked this transaction to make room for another, or cannot serve just now."""
        return _number(error) in _PASSING or _number(error) in _LOST

    def cut(self, connection: Any) -> None:
        """Cut the line of a connection that another thread may be using: closing it under that would be unsafe."""
        with suppress(OSError, AttributeError):
            connection._sock.shutdown(socket.SHUT_RDWR)  # noqa: SLF001 - the driver shows it nowhere else

    def translated(self, error: Exception) -> StoreError:
        """Say what happened in theflow's own words."""
        number = _number(error)
        text = " ".join(str(part) for part in error.args[1:]) or str(error)
        if number in _LATER or number in _READ_ONLY:
            return StoreUnavailable(f"the database {self.where} cannot serve now: {text}; it is tried again")
        if number in _LOST or isinstance(error, self.dbapi.InterfaceError):
            return StoreUnavailable(f"the database {self.where} cannot be reached: {text}; it is tried again")
        if number in _UNFIT or isinstance(error, self.dbapi.DataError | self.dbapi.IntegrityError):
            return RowRefused(f"the database refuses a row: {text}")
        mend = _MENDS.get(number or 0)
        if mend is None:
            return StoreUnusable(f"the database {self.where} cannot be used: {text}; ask: theflow doctor")
        return StoreUnusable(f"the database {self.where} cannot be used: {mend}")

    def cursor_of(self, connection: Any) -> Any:
        """Return a plain cursor of a caller's connection; raise InputError where he could roll nothing back."""
        driver = self.dbapi
        if not isinstance(connection, driver.connections.Connection):
            raise wrong_driver("PyMySQL", connection)
        if not connection.open:
            raise InputError("connection: it is closed; submit before it is")
        in_transaction = connection.server_status & driver.constants.SERVER_STATUS.SERVER_STATUS_IN_TRANS
        if connection.get_autocommit() and not in_transaction:
            raise commits_by_itself()
        return driver.cursors.Cursor(connection)

    def clear_half_made(self, connection: sqlalchemy.Connection) -> None:
        """Clear away what an interrupted creation of the schema left behind: here each statement of it commits."""
        schema.clear_half_made(connection, "mariadb+pymysql://", self.where)

    def limit(self, kind: str, name: str, allowed: int) -> Limit:
        """Say in words what limits connections."""
        if kind == "account":
            return Limit(
                allowed, f"max_user_connections of {name}", "raise it: ALTER USER ... WITH MAX_USER_CONNECTIONS n"
            )
        return Limit(allowed, kind, "raise max_connections of the server")

    @contextmanager
    def alone(self, connection: sqlalchemy.Connection) -> Iterator[None]:
        """Keep every other process from changing the schema meanwhile."""
        # Such a lock is the server's, not the database's.
        name = "concat('theflow ', md5(database()))"
        row = connection.exec_driver_sql(f"SELECT get_lock({name}, {_STATEMENT_TIMEOUT})").fetchone()
        if row is None or row[0] != 1:
            raise StoreUnavailable(f"another process changes the schema of {self.where}; try again")
        try:
            yield
        finally:
            connection.exec_driver_sql(f"SELECT release_lock({name})")


def _number(error: BaseException) -> int | None:
    number = error.args[0] if error.args else None
    return number if type(number) is int else None
