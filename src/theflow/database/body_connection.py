"""What a transactional body writes with: a SQLAlchemy Connection whose transaction is not the body's to end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import sqlalchemy

from theflow.errors import InputError, TransactionEnded

# Set right after BEGIN. Who finds it gone at the end knows that the transaction was ended in between.
SAVEPOINT = "theflow_body"
_NOT_YOURS = (
    "ctx.tx: {what} is not the body's to call: the transaction is committed together with the outcome of the task when "
    "the body returns, and rolled back when it raises; for a part that may fail use ctx.tx.begin_nested()"
)


class BodyConnection(sqlalchemy.Connection):
    """A connection in a transaction; `over` once that is no longer the body's to write in.

    It stands in a savepoint, so that a Session bound to it works in savepoints of its own, and ends none but these.
    """

    def __init__(self, engine: sqlalchemy.Engine, pooled: sqlalchemy.PoolProxiedConnection) -> None:
        super().__init__(engine, connection=pooled)
        self.over = False
        super().begin()
        self.begin_nested()

    def begin(self) -> NoReturn:
        """Refused: it has begun."""
        _refuse("begin()")

    def begin_twophase(self, xid: object | None = None) -> NoReturn:  # noqa: ARG002 - the parent's own parameter
        """Refused: it has begun."""
        _refuse("begin_twophase()")

    def commit(self) -> NoReturn:
        """Refused: the engine commits."""
        _refuse("commit()")

    def rollback(self) -> NoReturn:
        """Refused: whoever raises is rolled back."""
        _refuse("rollback()")

    def close(self) -> NoReturn:
        """Refused: the outcome is still to come."""
        _refuse("close()")

    def detach(self) -> NoReturn:
        """Refused: the outcome is still to come."""
        _refuse("detach()")


def guard(engine: sqlalchemy.Engine) -> None:
    """Let nobody end the transactions of an engine's connections by other ways, nor write in one that is over."""
    sqlalchemy.event.listen(engine, "commit", lambda _: _refuse("commit()"))
    sqlalchemy.event.listen(engine, "rollback", lambda _: _refuse("rollback()"))
    sqlalchemy.event.listen(engine, "before_cursor_execute", _check)


def ended_by_body(cause: BaseException) -> TransactionEnded:
    """Return the error of a transaction that was no longer there when its outcome came."""
    return TransactionEnded(
        f"the body ended its transaction itself ({' '.join(str(cause).split())}): by COMMIT or ROLLBACK, by a "
        "statement that commits (in some databases each that changes the schema), or by passing over an error that "
        "had rolled it back. Its rows may be there without its outcome: look at them, and mend the body"
    )


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Walk from an exception to what it came of."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _refuse(what: str) -> NoReturn:
    raise InputError(_NOT_YOURS.format(what=what))


def _check(connection: Any, *_: object) -> None:
    if getattr(connection, "over", False):
        raise InputError("ctx.tx: this transaction is over; use it in the body that it was given to, while that runs")
