"""What an experienced operator would look at in a MySQL or MariaDB database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from theflow.database import schema
from theflow.database.dialect import Session
from theflow.database.room import Need
from theflow.errors import StoreError
from theflow.model.view import Finding

_OLDEST = {"MariaDB": (10, 11), "MySQL": (8, 0)}
_SMALLEST_PACKET = 16 * 1024 * 1024
_FEW_CONNECTIONS = 30
_NEED = Need.of(0)


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
    version, flush, binary_log, binary_sync, packet, read_only, most = row
    kind = "MariaDB" if "mariadb" in str(version).lower() else "MySQL"
    number = tuple(int(part) for part in str(version).partition("-")[0].split(".")[:2])
    oldest = ".".join(map(str, _OLDEST[kind]))
    yield _judged(
        number >= _OLDEST[kind],
        f"{kind} {version}",
        f"theflow is made for {kind} {oldest} and newer; upgrade the server",
    )
    yield _judged(
        flush == 1,
        f"innodb_flush_log_at_trx_commit is {flush}",
        "a crash of the server may lose flows that were acknowledged; set it to 1",
    )
    yield _judged(
        not binary_log or binary_sync == 1,
        f"the binary log is {'on' if binary_log else 'off'}, sync_binlog is {binary_sync}",
        "after a crash a copy may have other flows than its primary; set sync_binlog = 1",
    )
    yield _judged(
        packet >= _SMALLEST_PACKET,
        f"max_allowed_packet is {packet}",
        "large inputs and results may not fit; set it to 16M or more",
    )
    yield _judged(not read_only, f"the server {'is read-only' if read_only else 'can be written'}", "name the primary")
    yield _judged(
        most >= _FEW_CONNECTIONS,
        f"max_connections is {most}",
        f"a runtime needs up to {_NEED.most}; raise max_connections",
    )


def _judged(right: bool, what: str, mend: str) -> Finding:  # noqa: FBT001 - the finding is what was asked
    return Finding(level="ok", what=what) if right else Finding(level="warning", what=what, mend=mend)
