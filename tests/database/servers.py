"""Finds database servers for the tests: named in the environment, at home here, or started for the occasion."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial

from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import SQLAlchemyError

from tests.database.private_server import HOST, PrivateServer, private_mysql, private_postgres

ABSENT: dict[str, str] = {}


@dataclass(frozen=True)
class Kind:
    """A kind of server, and the ways to it."""

    name: str
    variable: str
    scheme: str
    driver: str
    port: int
    users: tuple[str, ...]
    start: Callable[[], str | None]


@cache
def url_of(kind: Kind) -> str | None:
    """The URL of a database on a server of that kind; None if there is none to be had."""
    given = os.environ.get(kind.variable)
    if given:
        return given
    for user in kind.users:
        at_home = f"{kind.scheme}://{user}@{HOST}:{kind.port}/{'postgres' if kind.port == 5432 else ''}"
        if _answers(kind, at_home):
            return at_home
    return kind.start()


def absence(kind: Kind) -> str:
    """Why nothing can be tested on that kind of server; kept for the end of the run."""
    ABSENT[kind.name] = f"no {kind.name} server: set {kind.variable}, install one, or run: make servers"
    return ABSENT[kind.name]


def run(kind: Kind, url: str, *statements: str) -> None:
    """Execute statements, each by itself."""
    with _connected(kind, url) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def rows(kind: Kind, url: str, statement: str) -> list[str]:
    """The first column of what a statement finds."""
    with _connected(kind, url) as connection:
        return [row[0] for row in connection.exec_driver_sql(statement)]


@contextmanager
def _connected(kind: Kind, url: str) -> Iterator[Connection]:
    engine = create_engine(kind.driver + url[url.index("://") :], isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _answers(kind: Kind, url: str) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex((HOST, kind.port)):
            return False
    try:
        run(kind, url, "SELECT 1")
    except SQLAlchemyError:
        return False
    return True


def _started(make: Callable[[], PrivateServer | None]) -> str | None:
    server = make()
    return None if server is None else server.start().url


POSTGRES = Kind(
    name="postgres",
    variable="THEFLOW_TEST_POSTGRES_URL",
    scheme="postgresql",
    driver="postgresql+psycopg",
    port=5432,
    users=("postgres", "root"),
    start=partial(_started, private_postgres),
)
MYSQL = Kind(
    name="mysql",
    variable="THEFLOW_TEST_MYSQL_URL",
    scheme="mysql",
    driver="mysql+pymysql",
    port=3306,
    users=("root",),
    start=partial(_started, private_mysql),
)
