"""The reference on SQLite: WAL, synchronous=FULL, and the statements that the driver carries out fastest."""

from __future__ import annotations

import sqlite3
import time
from itertools import chain
from pathlib import Path

from bench.reference.group import Row

TABLE = """
CREATE TABLE outcome (
    flow INTEGER NOT NULL, name TEXT NOT NULL, idx INTEGER NOT NULL, status TEXT NOT NULL, attempt INTEGER NOT NULL,
    result TEXT, started INTEGER, ended INTEGER, PRIMARY KEY (flow, name, idx)
) STRICT, WITHOUT ROWID
"""
ONE = "(?, ?, ?, ?, ?, ?, ?, ?)"
INSERT_ONE = f"INSERT INTO outcome VALUES {ONE}"  # noqa: S608 - constants
# The driver gives up the interpreter's lock at each step of a statement; fifty rows a step are a tenth faster than one.
BLOCK = 50
INSERT_BLOCK = f"INSERT INTO outcome VALUES {', '.join([ONE] * BLOCK)}"  # noqa: S608 - constants


class Reference:
    """One table of outcomes in a fresh file."""

    def __init__(self, path: Path) -> None:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", TABLE):
            self._connection.execute(statement)

    def commit(self, rows: list[Row]) -> None:
        """Save rows in one transaction, in the fastest way known."""
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        whole = len(rows) - len(rows) % BLOCK
        for start in range(0, whole, BLOCK):
            execute(INSERT_BLOCK, list(chain.from_iterable(rows[start : start + BLOCK])))
        if whole < len(rows):
            self._connection.executemany(INSERT_ONE, rows[whole:])
        execute("COMMIT")

    def bulk(self, rows: int, batch: int) -> float:
        """Insert rows by batches; return the seconds."""
        lines: list[Row] = [(key, "t0", 0, "succeeded", 1, "null", key, key) for key in range(rows)]
        started = time.perf_counter()
        for start in range(0, rows, batch):
            self.commit(lines[start : start + batch])
        return time.perf_counter() - started

    def singles(self, rows: int) -> list[float]:
        """Insert rows one by one; return the seconds of each commit."""
        seconds = []
        for key in range(rows):
            started = time.perf_counter()
            self._connection.execute(INSERT_ONE, (key, "t0", 0, "succeeded", 1, "null", key, key))
            seconds.append(time.perf_counter() - started)
        return seconds

    def rows(self) -> int:
        """Count what is on disk."""
        return int(self._connection.execute("SELECT count(*) FROM outcome").fetchone()[0])

    def facts(self) -> dict[str, object]:
        """Say what the rows were entrusted to."""
        level = self._connection.execute("PRAGMA synchronous").fetchone()[0]
        return {"sqlite": sqlite3.sqlite_version, "synchronous": ("OFF", "NORMAL", "FULL", "EXTRA")[level]}

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
