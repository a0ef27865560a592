"""What the SQL store asks of a database: transactions in which named statements run, and how its errors read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from theflow.database.records import Lending, Pace
from theflow.model.view import Finding

if TYPE_CHECKING:
    import sqlalchemy

Row = Sequence[Any]


class Session(Protocol):
    """One transaction, or one connection for reading."""

    def run(self, name: str, given: Mapping[str, object]) -> int:
        """Execute a statement; return how many rows it changed."""

    def many(self, name: str, rows: Sequence[tuple[object, ...]]) -> int:
        """Execute a statement for each row, whose values stand in the statement's order; return the rows changed."""

    def all(self, name: str, given: Mapping[str, object]) -> list[Row]:
        """Execute a statement and return its rows."""

    def one(self, name: str, given: Mapping[str, object]) -> Row | None:
        """Execute a statement and return its first row."""

    def filtered(self, name: str, filters: Sequence[str], tail: str, given: Mapping[str, object]) -> list[Row]:
        """Execute a statement with the named filters added to its WHERE, and an ORDER BY at the end."""


class Loan(Protocol):
    """A transaction that a dialect has lent to the body of a task."""

    @property
    def connection(self) -> sqlalchemy.Connection:
        """What the body writes with."""

    def completed(self) -> AbstractContextManager[Session]:
        """Let more be written, and commit at the end; an error rolls all of it back."""

    def roll_back(self) -> None:
        """Give up what was written, and give the connection back."""

    def revoke(self) -> None:
        """Give it up from another thread, at any moment."""

    def passes(self, error: BaseException) -> bool:
        """Whether a body that raised this may do better from the start."""


class Dialect(Protocol):
    """A kind of database."""

    def prepare(self) -> None:
        """Create the schema or bring it up to date."""

    def require(self) -> None:
        """Raise StoreUnusable unless the schema is there and known."""

    def require_room(self, bodies: int) -> None:
        """Raise StoreUnusable if it can never give the connections that a runtime needs."""

    def now(self) -> int | None:
        """Return the time by the clock of the database, None where it has none but that of the machine."""

    def doubts(self) -> list[Finding]:
        """List what in its settings endangers what theflow promises."""

    def close(self) -> None:
        """Give back every connection."""

    def write(self) -> AbstractContextManager[Session]:
        """Open a transaction that is committed at the end, and rolled back at an error."""

    def within(self, connection: object) -> AbstractContextManager[Session]:
        """Open a savepoint in the transaction of a caller's connection; an error leaves that as it was."""

    def pulse(self, name: str, given: Mapping[str, object]) -> int:
        """Execute one statement, a transaction by itself, on the heartbeat's connection; return the rows changed."""

    def read(self) -> AbstractContextManager[Session]:
        """Open a view of the database that does not change while it is open."""

    @property
    def lending(self) -> Lending:
        """How it lends transactions to bodies."""

    def lend(self, ended: Callable[[], None]) -> Loan:
        """Open a transaction for the body of a task; call `ended` when it is over."""

    @property
    def pace(self) -> Pace:
        """How often to ask for the change token."""

    def glance(self, name: str, given: Mapping[str, object]) -> list[Row]:
        """Execute one statement that reads, and return its rows."""

    def change_token(self, now: int) -> object:
        """Return a value that differs after somebody else has written."""

    def announce(self) -> None:
        """Tell those who listen that there is something to look for; it is committed."""

    def listen(self, ring: Callable[[], None]) -> Callable[[], None]:
        """Call `ring` when somebody announces something; return what ends that."""
