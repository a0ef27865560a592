"""From a URL to a store, a client or a runtime: the one place that knows which databases there are."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from theflow.database import schema
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
    return SchemaState(current=_dialect(url).schema_revision(), newest=schema.NEWEST)


def upgrade(url: str | None = None) -> SchemaState:
    """Create the schema of a database, or bring it up to date; return what it is now."""
    dialect = _dialect(url)
    try:
        dialect.prepare()
    finally:
        dialect.close()
    return schema_state(url)


def upgrade_sql(url: str | None = None) -> str:
    """Return the statements that make the schema, for a DBA to read or run."""
    return schema.upgrade_sql(f"{_split(url)[0]}://")


def doctor(url: str | None = None) -> list[Finding]:
    """Look at a database the way an experienced operator would, and say what is wrong with it."""
    dialect = _dialect(url)
    try:
        return dialect.doctor()
    finally:
        dialect.close()


def display(url: str | None = None) -> str:
    """Return the URL as it may be shown: without its password."""
    try:
        parts = urlsplit(_given(url))
    except ValueError:
        raise InputError("the database URL cannot be read; write sqlite:///path/to/file.db") from None
    if parts.password is None:
        return _given(url)
    name = f"{parts.username or ''}:***@{parts.netloc.rpartition('@')[2]}"
    return urlunsplit((parts.scheme, name, parts.path, parts.query, parts.fragment))


def _dialect(url: str | None) -> Sqlite:
    kind, rest = _split(url)
    path = unquote(rest.partition("?")[0])
    if not path.strip("/"):
        raise InputError(f"{display(url)} names no file; write sqlite:///path/to/file.db")
    if ":memory:" in path:
        raise InputError("a database in memory keeps nothing; write sqlite:///path/to/file.db")
    del kind
    return Sqlite(Path(path))


def _split(url: str | None) -> tuple[str, str]:
    given = _given(url)
    kind, found, rest = given.partition(":///")
    if kind != "sqlite" or not found:
        raise InputError(f"no database is known for {display(url)!r}; write sqlite:///path/to/file.db")
    return kind, rest


def _given(url: str | None) -> str:
    return url or os.environ.get(VARIABLE) or DEFAULT_URL
