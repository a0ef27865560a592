"""SQLite: one file, one writer at a time behind a gate, readers beside it. Everything peculiar to it stands here."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any

import sqlalchemy

from theflow.database import schema
from theflow.database.dialect import Row
from theflow.database.gate import Gate
from theflow.database.records import Lending, Pace
from theflow.database.sqlite_caller import savepoint
from theflow.database.sqlite_doctor import examine
from theflow.database.sqlite_errors import PATIENCE, code_of, errors
from theflow.database.sqlite_loans import LentConnection, SqliteLoan, SqliteLoans
from theflow.database.statements import Statement, load_statements
from theflow.errors import CommitUnknown, StoreUnavailable, StoreUnusable
from theflow.model.view import Finding

BLOCK = 50
_LAST_PATIENCE = 0.5
_READERS = 8
# A page that changes often is copied back once per so many pages of log, not once per thousand.
_CHECKPOINT_PAGES = 4000
_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    f"PRAGMA busy_timeout = {PATIENCE * 1000:.0f}",
    "PRAGMA cache_size = -16000",
    "PRAGMA temp_store = MEMORY",
    f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}",
)
# For bodies, which write in tables of their users.
_LENT_SETTINGS = (*_SETTINGS, "PRAGMA foreign_keys = ON")
# A body that keeps everybody else from writing for so long has forgotten itself.
_LONGEST_LOAN = 10.0


class SqliteSession:
    """Named statements on one connection."""

    def __init__(self, connection: sqlite3.Connection | sqlite3.Cursor, statements: Mapping[str, Statement]) -> None:
        self._connection = connection
        self._statements = statements

    def run(self, name: str, given: Mapping[str, object]) -> int:
        """Execute a statement; return how many rows it changed."""
        statement = self._statements[name]
        return self._connection.execute(statement.text, statement.values(given)).rowcount

    def many(self, name: str, rows: Sequence[tuple[object, ...]]) -> int:
        """Execute a statement for each row; return the rows changed."""
        if not rows:
            return 0
        statement = self._statements[name]
        changed = 0
        whole = len(rows) - len(rows) % BLOCK if statement.inserts else 0
        for start in range(0, whole, BLOCK):
            # The driver gives up the interpreter's lock once a statement: so not once a row.
            values = tuple(chain.from_iterable(rows[start : start + BLOCK]))
            changed += self._connection.execute(statement.block(BLOCK), values).rowcount
        if whole < len(rows):
            changed += self._connection.executemany(statement.text, rows[whole:]).rowcount
        return changed

    def all(self, name: str, given: Mapping[str, object]) -> list[Row]:
        """Execute a statement and return its rows."""
        statement = self._statements[name]
        return self._connection.execute(statement.text, statement.values(given)).fetchall()

    def one(self, name: str, given: Mapping[str, object]) -> Row | None:
        """Execute a statement and return its first row."""
        found = self.all(name, given)
        return found[0] if found else None

    def filtered(self, name: str, filters: Sequence[str], tail: str, given: Mapping[str, object]) -> list[Row]:
        """Execute a statement with filters added."""
        statement = self._statements[name]
        for part in (*filters, tail):
            statement = statement.plus(self._statements[part])
        return self._connection.execute(statement.text, statement.values(given)).fetchall()


class _Writer:
    """A connection that writes, one transaction at a time, behind the gate."""

    def __init__(self, connection: sqlite3.Connection, gate: Gate, session: SqliteSession) -> None:
        self._connection = connection
        self._gate = gate
        self._session = session
        self._turn = threading.Lock()

    @contextmanager
    def transaction(self) -> Iterator[SqliteSession]:
        with self._turn:
            self._gate.enter()
            try:
                with errors():
                    self._connection.execute("BEGIN IMMEDIATE")
                    try:
                        yield self._session
                    except BaseException:
                        self._roll_back()
                        raise
                    self._commit()
            finally:
                self._gate.leave()

    def close(self) -> None:
        # The last connection to close copies the log back: inside the gate, like every checkpoint.
        with self._turn:
            # Who keeps the gate shut has the file open too: then this is not the last connection.
            with suppress(StoreUnavailable):
                self._gate.enter_within(_LAST_PATIENCE)
            try:
                self._connection.close()
            finally:
                self._gate.leave()
                self._gate.close()

    def _commit(self) -> None:
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            if code_of(error) == sqlite3.SQLITE_IOERR:
                raise CommitUnknown(f"the disk failed while committing: {error}") from error
            raise

    def _roll_back(self) -> None:
        # A full disk rolls back by itself.
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


class Sqlite:
    """The dialect of a database file. Connections are opened when they are first needed, by one process only."""

    pace = Pace(soon=0.002, later=0.02)
    lending = Lending(beside=False, longest=_LONGEST_LOAN)

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = sqlalchemy.create_engine(
            sqlalchemy.URL.create("sqlite", database=str(path)),
            creator=self._connect,
            poolclass=sqlalchemy.QueuePool,
            pool_size=_READERS,
            max_overflow=0,
            pool_timeout=PATIENCE,
            pool_reset_on_return=None,
        )
        lent = sqlalchemy.create_engine(
            sqlalchemy.URL.create("sqlite", database=str(path)),
            creator=lambda: self._connect(LentConnection, _LENT_SETTINGS),
            poolclass=sqlalchemy.NullPool,
            pool_reset_on_return=None,
        )
        self._loans = SqliteLoans(lent, self._gate, lambda cursor: SqliteSession(cursor, self._statements))
        self._statements = load_statements("sqlite", "?")
        self._opening = threading.RLock()
        self._writers: dict[str, _Writer] = {}
        self._process = os.getpid()
        self._watch: sqlite3.Connection | None = None
        self._checked = False

    def prepare(self) -> None:
        """Create the file and its schema, or bring it up to date."""
        if self._checked and self._writers:
            if self.path.exists():
                return
            raise StoreUnusable(
                f"the database {self.path} was removed while this process had it open; put it back and start again"
            )
        with self._opening:
            if self.path.is_dir():
                raise StoreUnusable(f"{self.path} is a directory; give the path of a database file")
            if not self.path.exists():
                self._create()
            with errors(self.path):
                gate = self._gate()
                gate.enter()
                try:
                    self._upgrade()
                finally:
                    gate.leave()
                    gate.close()
            self._checked = True

    def require(self) -> None:
        """Raise StoreUnusable unless the file is a database with a schema that this code knows."""
        with self._opening:
            if self._checked:
                return
            if self.path.is_dir():
                raise StoreUnusable(f"{self.path} is a directory; give the path of a database file")
            if not self.path.exists():
                raise StoreUnusable(
                    f"there is no database at {self.path}; submit a job or start a runtime to create it, "
                    "or name another one with --db or THEFLOW_DATABASE_URL"
                )
            with errors(self.path):
                schema.check(self.revision(), str(self.path))
            self._checked = True

    def revision(self) -> str | None:
        """Return the revision of the schema, None where there is none."""
        connection = self._connect()
        try:
            found = connection.execute("SELECT name FROM sqlite_master WHERE name = 'alembic_version'").fetchall()
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if found else None
        finally:
            connection.close()
        return None if row is None else str(row[0])

    def schema_revision(self) -> str | None:
        """Return the revision of the schema, None where there is no database or no schema yet."""
        if not self.path.exists():
            return None
        with errors(self.path):
            return self.revision()

    def doctor(self) -> list[Finding]:
        """Look at file, version and settings."""
        return examine(self)

    def require_room(self, bodies: int) -> None:
        """A file has room for every connection."""

    def now(self) -> int | None:
        """A file has no clock but that of the machine."""
        return None

    def doubts(self) -> list[Finding]:
        """Every connection makes its own settings."""
        return []

    def write(self) -> Any:
        """Open a transaction on the connection that writes."""
        return self._writer("engine").transaction()

    @contextmanager
    def within(self, connection: object) -> Iterator[SqliteSession]:
        """Open a savepoint in the transaction of a caller's connection; an error leaves that as it was."""
        self._guard()
        self.require()
        with errors(self.path), savepoint(connection, self.path) as cursor:
            yield SqliteSession(cursor, self._statements)

    def pulse(self, name: str, given: Mapping[str, object]) -> int:
        """Execute one statement, a transaction by itself, on the heartbeat's connection; return the rows changed."""
        with self._writer("pulse").transaction() as session:
            return int(session.run(name, given))

    def lend(self, ended: Callable[[], None]) -> SqliteLoan:
        """Open a transaction for the body of a task; nobody else can write before it is over."""
        self._guard()
        self.require()
        return self._loans.lend(ended)

    @contextmanager
    def read(self) -> Iterator[SqliteSession]:
        """Open a view that does not change while it is open."""
        self._guard()
        self.require()
        with errors(self.path):
            pooled = self._engine.raw_connection()
            try:
                connection: Any = pooled.driver_connection
                connection.execute("BEGIN")
                try:
                    yield SqliteSession(connection, self._statements)
                finally:
                    connection.execute("ROLLBACK")
            finally:
                pooled.close()

    def glance(self, name: str, given: Mapping[str, object]) -> list[Row]:
        """Execute one statement that reads, and return its rows."""
        with self.read() as session:
            return session.all(name, given)

    def announce(self) -> None:
        """The counter of commits tells whoever asks."""

    def listen(self, ring: Callable[[], None]) -> Callable[[], None]:  # noqa: ARG002 - a file calls nobody
        """A file calls nobody; to ask it is nearly free."""
        return lambda: None

    def change_token(self, now: int) -> object:  # noqa: ARG002 - a runtime looks for due jobs every poll
        """Return the counter of commits by other connections: a read of shared memory, no file is opened."""
        with self._opening:
            self._guard()
            if self._watch is None:
                self.require()
                self._watch = self._connect()
            with errors(self.path):
                return self._watch.execute(self._statements["change_token"].text).fetchone()[0]

    def close(self) -> None:
        """Close every connection; a child process leaves those of its parent alone."""
        with self._opening:
            if self._process != os.getpid():
                return
            self._loans.close()
            self._engine.dispose()
            if self._watch is not None:
                self._watch.close()
                self._watch = None
            while self._writers:
                self._writers.popitem()[1].close()

    def _writer(self, name: str) -> _Writer:
        self._guard()
        writer = self._writers.get(name)
        if writer is None:
            with self._opening:
                self.require()
                if name not in self._writers:
                    connection = self._connect()
                    session = SqliteSession(connection, self._statements)
                    self._writers[name] = _Writer(connection, self._gate(), session)
                writer = self._writers[name]
        return writer

    def _guard(self) -> None:
        if self._process != os.getpid():
            raise StoreUnusable(
                f"process {os.getpid()} was forked from {self._process}, which had the database open; "
                "connections do not survive a fork: open a client of its own in the child"
            )

    def _gate(self) -> Gate:
        return Gate(self.path.with_name(self.path.name + ".theflow-lock"), PATIENCE)

    def _create(self) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise StoreUnusable(
                f"cannot create a database at {self.path}: {error.strerror}; choose a folder that can be written"
            ) from None

    def _upgrade(self) -> None:
        current = self.revision()
        if current == schema.NEWEST:
            return
        schema.refuse_newer(current, str(self.path))
        with self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            schema.upgrade(connection)
            connection.commit()

    def _connect(
        self, kind: type[sqlite3.Connection] = sqlite3.Connection, settings: Sequence[str] = _SETTINGS
    ) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
            timeout=PATIENCE,
            factory=kind,
        )
        try:
            for setting in settings:
                connection.execute(setting)
        except BaseException:
            connection.close()
            raise
        return connection
