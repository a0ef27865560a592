"""Named statements on a connection to a server; a batch goes as one JSON parameter, which the server takes apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from theflow.database.dialect import Row
from theflow.database.statements import Statement

Encode = Callable[[Sequence[str], Sequence[Sequence[object]]], str]

# A batch of more JSON goes in parts: every server has a limit for one statement.
_BATCH_LIMIT = 4_000_000
# A statement that changes rows sees them as they were before: what comes twice in a batch needs statements of its own.
_ONCE = {"save_task": 2, "save_part": 2, "save_flow": 1}


class ServerSession:
    """Named statements on one connection, in one transaction."""

    def __init__(self, cursor: Any, statements: Mapping[str, Statement], encode: Encode) -> None:
        self._cursor = cursor
        self._statements = statements
        self._encode = encode

    def run(self, name: str, given: Mapping[str, object]) -> int:
        """Execute a statement; return how many rows it changed."""
        statement = self._statements[name]
        self._cursor.execute(statement.text, statement.values(given))
        return int(self._cursor.rowcount)

    def many(self, name: str, rows: Sequence[tuple[object, ...]]) -> int:
        """Execute a statement for all rows at once where it takes a batch; return the rows changed."""
        if not rows:
            return 0
        statement = self._statements[name]
        if statement.names != ("batch",):
            return sum(self._changed(statement.text, row) for row in rows)
        place = statement.columns.index("offset")
        # In one order everywhere, so that two transactions never wait for each other.
        ordered = sorted(rows, key=lambda row: row[place])  # type: ignore[arg-type, return-value]
        if name in _ONCE:
            names = ("offset", "name")[: _ONCE[name]]
            return sum(self._send(statement, part) for part in _parts(ordered, _places(statement, names)))
        return self._send(statement, ordered)

    def all(self, name: str, given: Mapping[str, object]) -> list[Row]:
        """Execute a statement and return its rows."""
        return self._rows(self._statements[name], given)

    def one(self, name: str, given: Mapping[str, object]) -> Row | None:
        """Execute a statement and return its first row."""
        found = self._rows(self._statements[name], given)
        return found[0] if found else None

    def filtered(self, name: str, filters: Sequence[str], tail: str, given: Mapping[str, object]) -> list[Row]:
        """Execute a statement with filters added."""
        statement = self._statements[name]
        for part in (*filters, tail):
            statement = statement.plus(self._statements[part])
        return self._rows(statement, given)

    def _rows(self, statement: Statement, given: Mapping[str, object]) -> list[Row]:
        cursor = self._cursor
        cursor.execute(statement.text, statement.values(given))
        if cursor.description is None:
            # An update cannot return rows everywhere; the number that it made comes with its answer.
            return [(cursor.lastrowid,)]
        return list(cursor.fetchall())

    def _changed(self, text: str, values: Sequence[object]) -> int:
        self._cursor.execute(text, values)
        return int(self._cursor.rowcount)

    def _send(self, statement: Statement, rows: Sequence[Sequence[object]]) -> int:
        batch = self._encode(statement.columns, rows)
        if len(batch) > _BATCH_LIMIT and len(rows) > 1:
            middle = len(rows) // 2
            return self._send(statement, rows[:middle]) + self._send(statement, rows[middle:])
        return self._changed(statement.text, (batch,))


def _places(statement: Statement, names: Sequence[str]) -> tuple[int, ...]:
    return tuple(statement.columns.index(name) for name in names)


def _parts(rows: Sequence[tuple[object, ...]], places: Sequence[int]) -> list[list[tuple[object, ...]]]:
    """Split rows so that no part has two of one key; those of a key stay in their order."""
    if len(set(map(itemgetter(*places), rows))) == len(rows):
        return [list(rows)]
    parts: list[list[tuple[object, ...]]] = []
    seen: dict[tuple[object, ...], int] = {}
    for row in rows:
        key = tuple([row[place] for place in places])
        number = seen.get(key, 0)
        seen[key] = number + 1
        if number == len(parts):
            parts.append([])
        parts[number].append(row)
    return parts
