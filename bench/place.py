"""Where a measurement takes place: a database for the engine, and one of the same kind beside it for the reference."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from bench.reference.server import MysqlReference, PostgresReference, ServerReference
from bench.reference.sqlite import Reference as SqliteReference
from bench.servers import SERVERS as OWN
from bench.servers import database

SQLITE = "sqlite:///"
Reference: TypeAlias = SqliteReference | ServerReference
SERVERS: dict[str, Callable[[str], ServerReference]] = {
    "postgresql": PostgresReference,
    "mysql": MysqlReference,
    "mariadb": MysqlReference,
}
# Below the current directory, because the system's temporary directory may be memory, which has no fsync to wait for.
ROOM = Path(".bench")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The database of the engine, by URL, and a fresh one for the reference."""

    url: str
    reference: Reference


@contextmanager
def place(url: str | None) -> Iterator[Place]:
    """Open the given database; None is a fresh SQLite file, the name of a server a fresh database on it."""
    if url is None:
        with _room() as room, place(f"{SQLITE}{room / 'bench.db'}") as made:
            yield made
        return
    if url in OWN:
        with database(url) as own, place(own) as made:
            yield made
        return
    reference = _reference(url)
    try:
        yield Place(url=url, reference=reference)
    finally:
        reference.close()


def _reference(url: str) -> Reference:
    kind = url.partition(":")[0]
    if url.startswith(SQLITE):
        return SqliteReference(Path(f"{url.removeprefix(SQLITE)}.reference.db"))
    if kind not in SERVERS:
        raise SystemExit(f"bench: no reference for {kind!r}; write bench/reference/ for it")
    return SERVERS[kind](url)


@contextmanager
def _room() -> Iterator[Path]:
    ROOM.mkdir(exist_ok=True)
    (ROOM / ".gitignore").write_text("*\n")
    room = Path(tempfile.mkdtemp(dir=ROOM.resolve()))
    try:
        yield room
    finally:
        shutil.rmtree(room)
