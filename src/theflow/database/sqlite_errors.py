"""What the errors of SQLite mean, in theflow's own words."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy

from theflow.errors import RowRefused, StoreError, StoreUnavailable, StoreUnusable

# How long whoever wants the file waits for those who have it, in seconds.
PATIENCE = 5.0
_UNAVAILABLE = frozenset(
    {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM}
)
_UNFIT = (OverflowError, UnicodeEncodeError, sqlite3.DataError, sqlite3.InterfaceError)
_REFUSED = frozenset({sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_RANGE})


@contextmanager
def errors(path: Path | None = None) -> Iterator[None]:
    """Say what happened in theflow's own words."""
    try:
        yield
    except StoreError:
        raise
    except (sqlite3.Error, sqlalchemy.exc.SQLAlchemyError, OverflowError, UnicodeEncodeError) as error:
        raise _translated(error, path) from error


def _translated(error: Exception, path: Path | None) -> StoreError:
    cause = getattr(error, "orig", None) or error
    code = code_of(cause)
    where = f" {path}" if path else ""
    if code == sqlite3.SQLITE_FULL:
        return StoreUnavailable(f"the disk of the database{where} is full; make room, and the flows go on")
    if isinstance(error, sqlalchemy.exc.TimeoutError):
        return StoreUnavailable(f"no connection to the database{where} came free in {PATIENCE:g} s; try again")
    if code in _UNAVAILABLE:
        return StoreUnavailable(f"the database{where} cannot serve now: {cause}; it is tried again")
    if code == sqlite3.SQLITE_NOTADB:
        return StoreUnusable(f"the file{where} is not a database; name another path, or move it away")
    if code == sqlite3.SQLITE_CANTOPEN:
        if _handles_are_used_up():
            return StoreUnavailable(f"the database{where} cannot be opened now: this process has too many open files")
        return StoreUnusable(
            f"the database{where} cannot be opened, or its folder is read-only; give this user the right to read and "
            "write both"
        )
    if code == sqlite3.SQLITE_READONLY:
        return StoreUnusable(f"the database{where} is read-only; give this user the right to write it")
    if code in _REFUSED or isinstance(cause, _UNFIT):
        return RowRefused(f"the database refuses a row: {cause}")
    return StoreUnusable(f"the database{where} cannot be used: {cause}; ask: theflow doctor")


def _handles_are_used_up() -> bool:
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        return True
    return False


def code_of(error: BaseException) -> int | None:
    """Return the family of an error of SQLite, None for any other."""
    # The lower byte is the family; the rest says more than anybody acts on.
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
