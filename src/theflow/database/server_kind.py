"""What each kind of server says for itself: its settings, its errors, its limits, its ways to lock and to call."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from theflow.database import codec
from theflow.database.records import Lending, Pace
from theflow.database.room import Limit
from theflow.database.server_session import Encode
from theflow.errors import StoreError

if TYPE_CHECKING:
    import sqlalchemy


class ServerKind:
    """What a dialect fills in."""

    NAME = ""
    BEGIN = "BEGIN"
    BEGIN_READING: tuple[str, ...] = ()
    BEGIN_LENDING: tuple[str, ...] = ()
    EXTRA = ""
    ENCODE: Encode = staticmethod(codec.encode_objects)
    # Connections for being called, beside those that every runtime needs.
    NEWS = 0
    pace = Pace(soon=0.02, rest=10.0)
    lending = Lending(beside=True)

    def translated(self, error: Exception) -> StoreError:
        """Say what happened in theflow's own words."""
        raise NotImplementedError

    def lost(self, error: BaseException, connection: Any) -> bool:
        """Whether the connection is gone."""
        raise NotImplementedError

    def is_to_be_discarded(self, error: BaseException, connection: Any) -> bool:
        """Whether the connection is gone, or serves no more: one to a server that has become a copy of another."""
        raise NotImplementedError

    def settle(self, connection: Any) -> None:
        """Set up a new connection."""
        raise NotImplementedError

    def check_session(self, connection: sqlalchemy.Connection) -> None:
        """Raise StoreUnusable if somebody between us and the server keeps its sessions from being set up."""

    def alone(self, connection: sqlalchemy.Connection) -> Any:
        """Keep every other process from changing the schema meanwhile."""
        raise NotImplementedError

    def limit(self, kind: str, name: str, allowed: int) -> Limit:
        """Say in words what limits connections."""
        raise NotImplementedError

    def clear_half_made(self, connection: sqlalchemy.Connection) -> None:
        """Clear away what an interrupted creation of the schema left behind, where the server does not undo it."""

    def cursor_of(self, connection: Any) -> Any:
        """Return a plain cursor of a caller's connection; raise InputError where he could roll nothing back."""
        raise NotImplementedError

    def passes(self, error: Exception) -> bool:
        """Whether the server has only picked this transaction to make room for another, or cannot serve just now."""
        raise NotImplementedError

    def cut(self, connection: Any) -> None:
        """Cut the line of a connection that another thread may be using."""
        raise NotImplementedError

    def told(self, cursor: Any) -> None:
        """Tell those who listen, once the transaction of this cursor is committed."""

    def announce(self) -> None:
        """Tell those who listen, where the server passes it on."""

    def listen(self, ring: Callable[[], None]) -> Callable[[], None]:  # noqa: ARG002 - not every server calls
        """Call `ring` when somebody announces something; return what ends that."""
        return lambda: None
