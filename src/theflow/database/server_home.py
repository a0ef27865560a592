"""What readers and loans ask of the server that their connections go to."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

from theflow.database.server_session import ServerSession


class Home(Protocol):
    """A server, as those see it who keep connections to it."""

    BEGIN_READING: tuple[str, ...]
    BEGIN_LENDING: tuple[str, ...]
    where: str

    @property
    def dbapi(self) -> Any:
        """The driver."""

    def errors(self) -> AbstractContextManager[None]:
        """Say what happened in theflow's own words."""

    def session(self, connection: Any) -> ServerSession:
        """Return what runs named statements on a connection."""

    def lost(self, error: BaseException, connection: Any) -> bool:
        """Whether the connection is gone."""

    def is_to_be_discarded(self, error: BaseException, connection: Any) -> bool:
        """Whether the connection is gone, or serves no more."""

    def passes(self, error: Exception) -> bool:
        """Whether the server has only picked this transaction to make room for another."""

    def cut(self, connection: Any) -> None:
        """Cut the line of a connection that another thread may be using."""
