"""A bank of a few accounts beside the flows: a transactional body moves one unit, with its outcome or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import text

# Bodies of two flows seldom write on the same accounts.
_PAIRS = 8
_UNITS = 10_000
READ = "SELECT name, units FROM account"
_MOVE = text("UPDATE account SET units = units + :units WHERE name = :name")


def founding() -> Iterator[str]:
    """What makes the accounts; statements that every database understands."""
    yield "CREATE TABLE account (name VARCHAR(20) PRIMARY KEY, units BIGINT NOT NULL)"
    rows = ", ".join(f"('{side}{pair}', {_UNITS})" for pair in range(_PAIRS) for side in ("left", "right"))
    yield f"INSERT INTO account (name, units) VALUES {rows}"  # noqa: S608 - names of our own


def moving(offset: int) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The two steps that move a unit between two accounts; always one way, so that each that is lost shows."""
    pair = offset % _PAIRS
    yield _MOVE, {"units": -1, "name": f"left{pair}"}
    yield _MOVE, {"units": 1, "name": f"right{pair}"}
