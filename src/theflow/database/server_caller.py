"""A caller's own connection to the server: a savepoint in his transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, Protocol

from theflow.database.caller import another_database
from theflow.database.dialect import Row
from theflow.database.server_session import Encode, ServerSession
from theflow.database.statements import Statement


class Home(Protocol):
    """What a savepoint asks of its server."""

    ENCODE: Encode
    statements: Mapping[str, Statement]

    @property
    def dbapi(self) -> Any:
        """The driver."""

    def errors(self) -> AbstractContextManager[None]:
        """Say what happened in theflow's own words."""

    def glance(self, name: str, given: Mapping[str, object]) -> list[Row]:
        """Execute one statement that reads, on a connection of the server's own."""

    def cursor_of(self, connection: Any) -> Any:
        """Return a plain cursor of a caller's connection."""

    def lost(self, error: BaseException, connection: Any) -> bool:
        """Whether the connection is gone."""

    def told(self, cursor: Any) -> None:
        """Tell those who listen, once the transaction is committed."""


@contextmanager
def savepoint(server: Home, connection: Any) -> Iterator[ServerSession]:
    """Open a savepoint on a caller's connection to that database; an error leaves his transaction as it was."""
    with server.errors():
        cursor = server.cursor_of(connection)
        session = ServerSession(cursor, server.statements, server.ENCODE)
        mine, other = server.glance("identity", {})[0], session.all("identity", {})[0]
        if tuple(mine) != tuple(other):
            raise another_database(mine[0], other[0])
        cursor.execute("SAVEPOINT theflow")
        try:
            yield session
        except BaseException as error:
            if not server.lost(error, connection):
                # A deadlock has taken the whole transaction back, and the savepoint with it.
                with suppress(server.dbapi.Error):
                    cursor.execute("ROLLBACK TO SAVEPOINT theflow")
            raise
        server.told(cursor)
        cursor.execute("RELEASE SAVEPOINT theflow")
