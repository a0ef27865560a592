"""The databases that faults are done to: a server of one's own behind lines, or a file on a small disk."""

from __future__ import annotations

import fcntl
import json
import os
import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy
from sqlalchemy.exc import SQLAlchemyError

from tests.chaos import bank
from tests.chaos.audit import AuditRow, statements
from tests.chaos.commit_sight import CommitSight, MysqlSight, PostgresSight
from tests.chaos.history import FlowEnd, TaskEnd
from tests.chaos.observed import TRANSACTION, TURN
from tests.chaos.proxy import Line, Network
from tests.database.private_server import HOST, PrivateServer
from theflow.wire import upgrade

DATABASE = "chaos"
ON_SERVERS = ("session", "crash", "cut", "slow", "slices", "mute", "deaf", "black_hole", "no_answer", "no_commit")
ON_FILES = ("full_disk",)


class Ground(Protocol):
    """A database with all that can go wrong with it. `kinds` are the faults that it knows beside those of processes."""

    kind: str
    kinds: tuple[str, ...]
    # The writes at whose brink a runtime may be stopped, and does not hold up everybody else.
    brinks: tuple[str, ...]
    tables: Tables

    def url(self, actor: str) -> str:
        """The way of an actor to the database."""

    def is_free(self) -> bool:
        """Whether nobody who is stopped now keeps all others out."""

    def connections(self) -> int:
        """How many connections the database has from runtimes and clients; 0 where there are none."""

    def close(self) -> None:
        """End everything."""


class Tables:
    """Reads and prepares the database directly, as no actor does."""

    def __init__(self, kind: str, url: str, driver: str) -> None:
        upgrade(url)
        self.engine = sqlalchemy.create_engine(
            f"{driver}://{url.partition('://')[2]}", poolclass=sqlalchemy.NullPool, isolation_level="AUTOCOMMIT"
        )
        with self.engine.connect() as connection:
            for statement in (*statements(kind), *bank.founding()):
                connection.exec_driver_sql(statement)
        # What is in the bank before anybody has moved anything.
        self.founded = self.accounts()

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """All that a statement finds."""
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(statement)]

    def open_flows(self) -> int | None:
        """How many flows have not ended; None while the database cannot be asked."""
        try:
            return int(self.rows("SELECT count(*) FROM flow WHERE status NOT IN ('succeeded', 'failed')")[0][0])
        except SQLAlchemyError:
            return None

    def lives(self, pid: int) -> bool:
        """Whether a runtime of a process counts as alive."""
        return bool(self.rows(f"SELECT id FROM runtime WHERE state = 'live' AND pid = {pid}"))  # noqa: S608

    def audit(self) -> list[AuditRow]:
        """Every change, in order."""
        rows = self.rows("SELECT seq, tbl, op, pk, name, owner, term, old, new, value FROM audit ORDER BY seq")
        return [AuditRow(*row[:9], _decoded(row[9])) for row in rows]

    def flows(self) -> list[FlowEnd]:
        """Every flow, as it is now."""
        rows = self.rows("SELECT job_offset, flow_class, user_name, status, input, storage FROM flow")
        return [
            FlowEnd(*row[:4], json.loads(row[4])["ticket"], tuple(json.loads(row[5] or "{}").get("trail", ())))
            for row in rows
        ]

    def tasks(self) -> list[TaskEnd]:
        """Every task, as it is now."""
        rows = self.rows("SELECT job_offset, name, status, attempt, runtime, result FROM flow_task")
        return [TaskEnd(*row[:5], _decoded(row[5])) for row in rows]

    def accounts(self) -> dict[str, int]:
        """What is in each account now."""
        return {row[0]: row[1] for row in self.rows(bank.READ)}

    def logged(self) -> Counter[str]:
        """How often each value was logged."""
        rows = self.rows("SELECT message FROM flow_log WHERE message LIKE 'value=%%'")
        return Counter(row[0].partition("=")[2] for row in rows)


class ServerGround:
    """A server of one's own; each actor comes by a line of its own."""

    kinds = ON_SERVERS
    brinks = (TURN, TRANSACTION)

    def __init__(self, make: Callable[[], PrivateServer | None], kind: str, actors: Sequence[str]) -> None:
        self.kind = kind
        made = make()
        if made is None:
            raise LookupError(kind)
        self.server = made.start()
        scheme, driver, sight, sessions, end = _SERVERS[kind]
        admin = sqlalchemy.create_engine(
            f"{driver}://{self.server.url.partition('://')[2]}",
            poolclass=sqlalchemy.NullPool,
            isolation_level="AUTOCOMMIT",
        )
        with admin.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {DATABASE}")
        self._user = self.server.url.partition("://")[2].partition("@")[0]
        self._scheme = scheme
        self._sessions, self._end = sessions, end
        self.tables = Tables(kind, self._address(self.server.port), driver)
        self._network = Network()
        self.lines: dict[str, Line] = {actor: self._network.line(self.server.port, sight) for actor in actors}

    def url(self, actor: str) -> str:
        return self._address(self.lines[actor].port)

    def is_free(self) -> bool:
        return True

    def connections(self) -> int:
        return len(self._numbers())

    def end_sessions(self, chance: random.Random, count: int) -> None:
        """End a few sessions of runtimes and clients, as an operator would."""
        numbers = self._numbers()
        for number in chance.sample(numbers, min(count, len(numbers))):
            # It may have ended by itself meanwhile.
            with suppress(sqlalchemy.exc.OperationalError), self.tables.engine.connect() as connection:
                connection.exec_driver_sql(self._end.format(number))

    def close(self) -> None:
        self._network.close()
        self.tables.engine.dispose()
        self.server.destroy()

    def _numbers(self) -> list[int]:
        return [row[0] for row in self.tables.rows(self._sessions)]

    def _address(self, port: int) -> str:
        return f"{self._scheme}://{self._user}@{HOST}:{port}/{DATABASE}"


class FileGround:
    """A database file on a disk that is small enough to be filled."""

    kinds = ON_FILES
    # Who has lent the only right to write cannot be taken over.
    brinks = (TURN,)

    def __init__(self, disk: Path) -> None:
        self.kind = "sqlite"
        self._disk = disk
        self._path = disk / "flows.db"
        self.tables = Tables(self.kind, self.url(""), "sqlite")

    def url(self, actor: str) -> str:  # noqa: ARG002 - all have the same way
        return f"sqlite:///{self._path}"

    def is_free(self) -> bool:
        with self._path.with_name(self._path.name + ".theflow-lock").open() as gate:
            try:
                fcntl.flock(gate, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    def connections(self) -> int:
        return 0

    def shorten_log(self) -> None:
        """Give the room of the log back to the disk: who has some left to write in feels no full disk for a while."""
        self.tables.rows("PRAGMA wal_checkpoint(TRUNCATE)")

    def fill(self) -> Path:
        """Take all the room that is left; return what takes it."""
        ballast = self._disk / "ballast"
        handle = os.open(ballast, os.O_WRONLY | os.O_CREAT)
        try:
            while True:
                os.write(handle, bytes(65536))
        except OSError:
            return ballast
        finally:
            os.close(handle)

    def close(self) -> None:
        self.tables.engine.dispose()


def _decoded(text: str | None) -> str | None:
    return None if text is None else str(json.loads(text))


_SERVERS: dict[str, tuple[str, str, type[CommitSight], str, str]] = {
    "postgres": (
        "postgresql",
        "postgresql+psycopg",
        PostgresSight,
        "SELECT pid FROM pg_stat_activity WHERE datname = 'chaos' AND application_name = 'theflow'",
        "SELECT pg_terminate_backend({})",
    ),
    "mysql": (
        "mysql",
        "mysql+pymysql",
        MysqlSight,
        "SELECT id FROM information_schema.processlist WHERE db = 'chaos' AND id <> connection_id()",
        "KILL {}",
    ),
}
