"""Database servers to measure on: named in the environment, or at their usual ports; each run has its own database."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A kind of server: where it is, and how a database is made and dropped there."""

    variable: str
    usual: str
    driver: str
    create: str
    drop: str

    @property
    def url(self) -> str:
        """Return where the server is, as the environment says or as is usual."""
        return os.environ.get(self.variable) or self.usual


SERVERS = {
    "postgres": Server(
        variable="THEFLOW_BENCH_POSTGRES_URL",
        usual="postgresql://postgres@127.0.0.1:5432/postgres",
        driver="postgresql+psycopg",
        create="CREATE DATABASE {} TEMPLATE template0",
        # What a killed runtime left behind on the server must not keep the database alive.
        drop="DROP DATABASE {} WITH (FORCE)",
    ),
    "mariadb": Server(
        variable="THEFLOW_BENCH_MYSQL_URL",
        usual="mysql://root@127.0.0.1:3306/",
        driver="mysql+pymysql",
        create="CREATE DATABASE {} CHARACTER SET utf8mb4",
        drop="DROP DATABASE {}",
    ),
}


@contextmanager
def database(kind: str) -> Iterator[str]:
    """Make a database of one's own on a server of that kind, and drop it afterwards; yield its URL."""
    server = SERVERS[kind]
    name = f"theflow_bench_{os.getpid()}_{next(_numbers)}"
    _execute(server, server.create.format(name))
    try:
        yield sqlalchemy.make_url(server.url).set(database=name).render_as_string(hide_password=False)
    finally:
        _execute(server, server.drop.format(name))


def engine_of(url: sqlalchemy.URL) -> sqlalchemy.Engine:
    """Return an engine for a URL as theflow takes it, each statement a transaction."""
    driver = SERVERS["postgres" if url.drivername.startswith("postgres") else "mariadb"].driver
    return sqlalchemy.create_engine(url.set(drivername=driver), isolation_level="AUTOCOMMIT")


def _execute(server: Server, statement: str) -> None:
    url = sqlalchemy.make_url(server.url)
    engine = engine_of(url)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
    except sqlalchemy.exc.OperationalError as error:
        where = url.render_as_string(hide_password=True)
        raise SystemExit(f"bench: {where} does not serve; name another by {server.variable}: {error.orig}") from None
    finally:
        engine.dispose()
