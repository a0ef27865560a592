"""A stage over any database: a file, or one on a server."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

import theflow
from tests.acceptance.stage import Life, Stage
from tests.database.servers import POSTGRES, Kind, _connected, rows, run
from tests.faults.flows import SCHEMES

_SESSIONS = {
    "postgres": "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND (usename = '{0}' OR '{0}' = '') ORDER BY backend_start",
    "mysql": "SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id() "
    "AND (user = '{0}' OR '{0}' = '') ORDER BY id",
}


# On one kind of server in every run, on the other in a soak.
MOSTLY_POSTGRES = pytest.mark.parametrize(
    "served", ["postgres", pytest.param("mysql", marks=pytest.mark.soak)], indirect=True
)


class Place(Stage):
    """One test's database, with the client and the processes that use it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.path = folder / "flows.db"
        self.gate = folder / "flows.db.theflow-lock"
        self.url = url
        self.client = theflow.connect(url, SCHEMES)
        self._lives = []

    def start(
        self, name: str = "worker", *, failpoint: str = "", burst: bool = False, url: str = "", **options: Any
    ) -> Life:
        """Start a runtime in a process of its own, which may harm itself as `harm` says."""
        told = {
            "url": url or self.url,
            "burst": burst,
            "without": options.pop("without", ()),
            "harm": options.pop("harm", {}),
            "options": {"name": name, "poll": 0.05, **options},
        }
        return self.run(["-m", "tests.faults.flows", json.dumps(told)], THEFLOW_FAILPOINT=failpoint)

    @property
    def last(self) -> Life:
        """The process that was started last."""
        return self._lives[-1]

    @property
    def go(self) -> Path:
        """The file for which bodies wait."""
        return self.folder / "go"


class Served(Place):
    """One on a server."""

    def __init__(self, folder: Path, kind: Kind, url: str) -> None:
        super().__init__(folder, url)
        self.kind = kind
        self.home = url

    @property
    def is_postgres(self) -> bool:
        """Which kind of server it is."""
        return self.kind is POSTGRES

    def sql(self, *statements: str) -> None:
        """Execute statements as the owner of the server."""
        run(self.kind, self.home, *statements)

    def rows(self, statement: str) -> list[str]:
        """The first column of what a statement finds."""
        return rows(self.kind, self.home, statement)

    def connection(self) -> AbstractContextManager[Connection]:
        """A session of the owner, each statement of which commits."""
        return _connected(self.kind, self.home)

    @property
    def port(self) -> int:
        """Where the server answers."""
        return urlsplit(self.home).port or self.kind.port

    def sessions(self, user: str = "") -> list[str]:
        """Who is connected to this database, oldest first, beside who asks."""
        return self.rows(_SESSIONS[self.kind.name].format(user))

    def end(self, *sessions: object) -> None:
        """End sessions as an operator does."""
        with self.connection() as connection, suppress(SQLAlchemyError):
            # One that has ended by itself meanwhile is as good.
            for session in sessions:
                connection.exec_driver_sql(
                    f"SELECT pg_terminate_backend({session})" if self.is_postgres else f"KILL {session}"
                )

    def url_by(self, user: str = "", port: int = 0) -> str:
        """The same database by another name or another way."""
        parts = urlsplit(self.home)
        place = f"{user or parts.username}@{parts.hostname}:{port or parts.port}"
        return urlunsplit(parts._replace(netloc=place))
