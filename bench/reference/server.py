"""The reference on a server: one transaction of one statement with one JSON parameter, by the raw driver."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from bench.reference.group import Row

COLUMNS = ("flow", "name", "idx", "status", "attempt", "result", "started", "ended")


class ServerReference:
    """One table of outcomes in a database that exists; subclasses know the driver."""

    TABLE = ""
    INSERT = ""
    SETTINGS: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def __init__(self, url: str) -> None:
        self._connection = self.connected(url)
        for statement in ("DROP TABLE IF EXISTS outcome", self.TABLE):
            self._execute(statement)

    def connected(self, url: str) -> Any:
        """Connect, each statement a transaction."""
        raise NotImplementedError

    def commit(self, rows: list[Row]) -> None:
        """Save rows in one transaction: one statement is one."""
        self._execute(self.INSERT, (json.dumps([dict(zip(COLUMNS, row, strict=True)) for row in rows]),))

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
            self.commit([(key, "t0", 0, "succeeded", 1, "null", key, key)])
            seconds.append(time.perf_counter() - started)
        return seconds

    def rows(self) -> int:
        """Count what is on disk."""
        return int(self._execute("SELECT count(*) FROM outcome")[0][0])

    def facts(self) -> dict[str, object]:
        """Say what the rows were entrusted to."""
        return {name: str(self._execute(text)[0][-1]) for name, text in self.SETTINGS.items()}

    def close(self) -> None:
        """Let go of the server, and of the table."""
        self._execute("DROP TABLE outcome")
        self._connection.close()

    def _execute(self, statement: str, given: tuple[object, ...] | None = None) -> Any:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, given)
            return cursor.fetchall() if cursor.description else ()


class PostgresReference(ServerReference):
    """By psycopg."""

    TABLE = """CREATE TABLE outcome (
        flow bigint, name text, idx integer, status text, attempt integer, result text, started bigint, ended bigint,
        PRIMARY KEY (flow, name, idx))"""
    INSERT = """INSERT INTO outcome SELECT * FROM json_to_recordset(CAST(%s AS json)) AS b (
        flow bigint, name text, idx integer, status text, attempt integer, result text, started bigint, ended bigint)"""
    SETTINGS: ClassVar[Mapping[str, str]] = {
        "postgres": "SHOW server_version",
        "synchronous_commit": "SHOW synchronous_commit",
        "fsync": "SHOW fsync",
    }

    def connected(self, url: str) -> Any:
        """Connect."""
        import psycopg  # noqa: PLC0415 - only who measures on a server needs its driver

        return psycopg.connect(url, autocommit=True)


class MysqlReference(ServerReference):
    """By PyMySQL."""

    TABLE = """CREATE TABLE outcome (
        flow BIGINT, name VARCHAR(255), idx INT, status VARCHAR(32), attempt INT, result TEXT, started BIGINT,
        ended BIGINT, PRIMARY KEY (flow, name, idx)) ENGINE = InnoDB"""
    INSERT = """INSERT INTO outcome SELECT * FROM JSON_TABLE(%s, '$[*]' COLUMNS (
        flow BIGINT PATH '$.flow', name VARCHAR(255) PATH '$.name', idx INT PATH '$.idx',
        status VARCHAR(32) PATH '$.status', attempt INT PATH '$.attempt', result TEXT PATH '$.result',
        started BIGINT PATH '$.started', ended BIGINT PATH '$.ended')) AS b"""
    SETTINGS: ClassVar[Mapping[str, str]] = {
        "mysql": "SELECT version()",
        "flush_log_at_trx_commit": "SHOW VARIABLES LIKE 'innodb_flush_log_at_trx_commit'",
    }

    def connected(self, url: str) -> Any:
        """Connect."""
        import pymysql  # noqa: PLC0415 - only who measures on a server needs its driver

        parts = urlsplit(url)
        return pymysql.connect(
            host=parts.hostname,
            port=parts.port or 3306,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            database=parts.path.strip("/"),
            charset="utf8mb4",
            autocommit=True,
        )
