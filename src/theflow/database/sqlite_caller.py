"""A caller's own connection to the file: a savepoint in his transaction.

The gate is left alone: whoever holds it may wait for the very lock that the caller has.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from theflow.database.caller import another_database, commits_by_itself, wrong_driver


@contextmanager
def savepoint(connection: object, path: Path) -> Iterator[sqlite3.Cursor]:
    """Open a savepoint on a caller's connection to that file; an error leaves his transaction as it was."""
    if not isinstance(connection, sqlite3.Connection):
        raise wrong_driver("sqlite3", connection)
    cursor = connection.cursor()
    # Whatever the caller makes of his rows, here they are tuples.
    cursor.row_factory = None
    place = next((row[2] for row in cursor.execute("PRAGMA database_list") if row[1] == "main"), "")
    if not (place and Path(place).samefile(path)):
        raise another_database(path, place or "in memory")
    begins = not connection.in_transaction
    if begins:
        if connection.isolation_level is None:
            raise commits_by_itself()
        # A savepoint outside of any transaction would be one, and its release the commit.
        cursor.execute("BEGIN")
    cursor.execute("SAVEPOINT theflow")
    try:
        yield cursor
    except BaseException:
        # A full disk takes the whole transaction back by itself.
        if connection.in_transaction:
            cursor.execute("ROLLBACK" if begins else "ROLLBACK TO theflow")
        raise
    cursor.execute("RELEASE theflow")
