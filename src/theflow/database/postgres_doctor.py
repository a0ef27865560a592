"""What an experienced operator would look at in a PostgreSQL database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from theflow.database import schema
from theflow.database.dialect import Session
from theflow.database.postgres_news import CONNECTIONS
from theflow.database.room import Need
from theflow.errors import StoreError
from theflow.model.view import Finding

_OLDEST = 150000
_OLD_SNAPSHOT = 600
_FEW_CONNECTIONS = 10
_NEED = Need.of(CONNECTIONS)


class Examined(Protocol):
    """The database that is looked at."""

    @property
    def where(self) -> str:
        """Its URL, without a password."""

    def schema_revision(self) -> str | None:
        """The revision of its schema."""

    def read(self) -> AbstractContextManager[Session]:
        """A view of it."""


def examine(database: Examined) -> list[Finding]:
    """Return what is right and what is wrong, in the order in which one would mend it."""
    try:
        revision = database.schema_revision()
        schema.check(revision, database.where)
        with database.read() as session:
            row = session.one("server_settings", {}) or ()
    except StoreError as error:
        what, _, mend = str(error).partition("; ")
        return [Finding(level="error", what=what, mend=mend)]
    return [Finding(level="ok", what=f"schema {revision} at {database.where}"), *_findings(row)]


def _findings(row: Sequence[Any]) -> Iterator[Finding]:
    version, number, commit, fsync, encoding, copy, free, oldest = row
    yield _judged(
        number >= _OLDEST, f"PostgreSQL {version}", "theflow is tested on PostgreSQL 15 and newer; upgrade the server"
    )
    yield _judged(
        commit not in ("off", "local"),
        f"synchronous_commit is {commit}",
        "a crash of the server may lose flows that were acknowledged; set synchronous_commit = on",
    )
    yield _judged(fsync == "on", f"fsync is {fsync}", "a crash may destroy the database; set fsync = on")
    yield _judged(
        encoding == "UTF8",
        f"the encoding is {encoding}",
        "it cannot keep every text; create the database with ENCODING 'UTF8'",
    )
    yield _judged(not copy, "the server is read-only" if copy else "the server can be written", "name the primary")
    yield _judged(
        free >= _FEW_CONNECTIONS,
        f"{free} connections are free",
        f"a runtime needs up to {_NEED.most}; raise max_connections, or stop what holds them",
    )
    yield _judged(
        oldest < _OLD_SNAPSHOT,
        f"the oldest transaction is {oldest} s old",
        "it keeps dead rows alive, which makes admissions slow; end the session that holds it",
    )


def _judged(right: bool, what: str, mend: str) -> Finding:  # noqa: FBT001 - the finding is what was asked
    return Finding(level="ok", what=what) if right else Finding(level="warning", what=what, mend=mend)
