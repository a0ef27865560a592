"""A connection that a caller brings along, with a transaction of his own: it is used, and never committed here."""

from __future__ import annotations

from typing import Any

import sqlalchemy

from theflow.errors import InputError

_ASYNC = (
    "connection: {kind} belongs to an event loop; do this transaction on a synchronous connection, in a thread: "
    "await asyncio.to_thread(...)"
)
_KINDS = "a SQLAlchemy Connection or Session, or a connection of the database's own driver"


def driver_connection(given: Any) -> Any:
    """Return the driver's connection behind a SQLAlchemy Connection or Session, or the one that was given.

    A transaction is begun where SQLAlchemy would begin one. Raises InputError for what is none of these, is closed, or
    commits each statement by itself.
    """
    kind = f"{type(given).__module__.partition('.')[0]}.{type(given).__name__}"
    if type(given).__name__.startswith("Async"):
        raise InputError(_ASYNC.format(kind=kind))
    if callable(getattr(given, "get_bind", None)) and callable(getattr(given, "connection", None)):
        # A Session, whoever has derived it.
        given = given.connection()
    if not isinstance(given, sqlalchemy.Connection):
        if not callable(getattr(given, "cursor", None)):
            raise InputError(f"connection: expected {_KINDS}, got {type(given).__name__}")
        return given
    if given.closed:
        raise InputError("connection: it is closed; submit before it is")
    if given.get_execution_options().get("isolation_level", given.default_isolation_level) == "AUTOCOMMIT":
        raise commits_by_itself()
    # SQLAlchemy commits only what it knows to have begun.
    if not given.in_transaction():
        given.begin()
    return given.connection.driver_connection


def commits_by_itself() -> InputError:
    """Return the error of a connection without a transaction that the caller could roll back."""
    return InputError(
        "connection: it commits each statement by itself, so the job would not depend on your transaction; "
        "begin one first, or submit without a connection"
    )


def another_database(mine: object, other: object) -> InputError:
    """Return the error of a connection to something else."""
    return InputError(
        f"connection: it is to another database ({other}) than the client ({mine}); connect it to that one"
    )


def wrong_driver(expected: str, given: object) -> InputError:
    """Return the error of a connection by another driver."""
    return InputError(
        f"connection: expected one of {expected}, got {type(given).__module__.partition('.')[0]}.{type(given).__name__}"
    )
