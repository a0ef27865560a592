"""From a URL to a store, a client or a runtime: the one place that knows which databases there are."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from theflow.database import schema
from theflow.database.mysql import Mysql
from theflow.database.postgres import Postgres
from theflow.database.server import Server
from theflow.database.sql import SqlStore
from theflow.database.sqlite import Sqlite
from theflow.database.store import RuntimeStore
from theflow.errors import InputError
from theflow.model.scheme import FlowScheme
from theflow.model.view import Finding
from theflow.runtime.async_client import AsyncClient
from theflow.runtime.client import Client
from theflow.runtime.options import RuntimeOptions
from theflow.runtime.runtime import Runtime

VARIABLE = "THEFLOW_DATABASE_URL"
DEFAULT_URL = "sqlite:///.theflow/theflow.db"
_SERVERS: dict[str, Callable[[str, str], Server]] = {
    "postgresql": Postgres,
    "postgres": Postgres,
    "mysql": Mysql,
    "mariadb": Mysql,
}
_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
_SECRET = re.compile(r"((?:^|&)[^=&]*(?:pass|secret|key|token)[^=&]*=)[^&]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaState:
    """The revision of a database's schema, None where there is none, and the newest that this code knows."""

    current: str | None
    newest: str


def connect(url: str | None = None, schemes: Iterable[FlowScheme] = ()) -> Client:
    """Return a client that submits and queries; no runtime need be alive.

    `url` defaults to $THEFLOW_DATABASE_URL, else a file below `.theflow/`. With `schemes`, inputs are checked against
    their storage types before they are stored, and storages come back as these types.
    """
    return Client(open_store(url), schemes)


def connect_async(url: str | None = None, schemes: Iterable[FlowScheme] = ()) -> AsyncClient:
    """Return a client whose methods are coroutines."""
    return AsyncClient(connect(url, schemes))


def bootstrap(
    url: str | None = None, schemes: Iterable[FlowScheme] = (), options: RuntimeOptions | None = None
) -> Runtime:
    """Return a runtime that has taken its name and runs when it is told to.

    Raises RuntimeNameTaken if a live one holds the name, SchemeError and InputError for a wrong definition.
    """
    return Runtime(open_store(url), tuple(schemes), options or RuntimeOptions())


def open_store(url: str | None = None) -> RuntimeStore:
    """Return the store behind a URL; nothing is opened before it is needed."""
    return SqlStore(_dialect(url))


def schema_state(url: str | None = None) -> SchemaState:
    """Return which schema a database has."""
    with closing(_dialect(url)) as dialect:
        return SchemaState(current=dialect.schema_revision(), newest=schema.NEWEST)


def upgrade(url: str | None = None) -> SchemaState:
    """Create the schema of a database, or bring it up to date; return what it is now."""
    with closing(_dialect(url)) as dialect:
        dialect.prepare()
    return schema_state(url)


def upgrade_sql(url: str | None = None) -> str:
    """Return the statements that make the schema, for a DBA to read or run."""
    kind = _kind(url)
    return schema.upgrade_sql(f"{_DRIVERS.get(kind, kind)}://")


def doctor(url: str | None = None) -> list[Finding]:
    """Look at a database the way an experienced operator would, and say what is wrong with it."""
    with closing(_dialect(url)) as dialect:
        return dialect.doctor()


def display(url: str | None = None) -> str:
    """Return the URL as it may be shown: without its password."""
    try:
        parts = urlsplit(_given(url))
        password = parts.password
    except ValueError:
        raise InputError("the database URL cannot be read; write sqlite:///path/to/file.db") from None
    query = _SECRET.sub(r"\1***", parts.query)
    if password is None and query == parts.query:
        return _given(url)
    place = parts.netloc if password is None else f"{parts.username or ''}:***@{parts.netloc.rpartition('@')[2]}"
    # Put together by hand: the library drops the slashes of a URL without a host.
    return f"{parts.scheme}://{place}{parts.path}{'?' if query else ''}{query}"


def _dialect(url: str | None) -> Sqlite | Server:
    given = _given(url)
    kind = _kind(url)
    if kind == "sqlite":
        return Sqlite(_file(url))
    if not urlsplit(given).path.strip("/"):
        raise InputError(f"{display(url)} names no database; write {kind}://user@host/database")
    return _SERVERS[kind](given, display(url))


def _file(url: str | None) -> Path:
    path = unquote(_given(url).partition(":///")[2].partition("?")[0])
    if not path.strip("/"):
        raise InputError(f"{display(url)} names no file; write sqlite:///path/to/file.db")
    if ":memory:" in path:
        raise InputError("a database in memory keeps nothing; write sqlite:///path/to/file.db")
    return Path(path)


def _kind(url: str | None) -> str:
    kind, found, rest = _given(url).partition("://")
    if not found or not (kind in _SERVERS or (kind == "sqlite" and rest.startswith("/"))):
        raise InputError(
            f"no database is known for {display(url)!r}; write sqlite:///path/to/file.db, "
            "postgresql://user@host/database or mysql://user@host/database"
        )
    return kind


def _given(url: str | None) -> str:
    return url or os.environ.get(VARIABLE) or DEFAULT_URL
