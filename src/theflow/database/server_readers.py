"""The connections of a server that read: pooled, and given back in order whatever happened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from theflow.database.server_home import Home
from theflow.database.server_session import ServerSession

if TYPE_CHECKING:
    import sqlalchemy


class Readers:
    """Views of the database, each on a connection of the pool. Once `shut`, connections come back to be closed."""

    def __init__(self, server: Home, engine: sqlalchemy.Engine) -> None:
        self.shut = False
        self._server = server
        self._engine = engine

    @contextmanager
    def view(self) -> Iterator[ServerSession]:
        """Open a view that does not change while it is open."""
        with self._server.errors():
            pooled = self._taken()
            try:
                yield self._server.session(pooled)
                pooled.cursor().execute("ROLLBACK")
            except BaseException as error:
                self._put_right(pooled, error)
                raise
            finally:
                self._hand_back(pooled)

    def _taken(self) -> Any:
        pooled = self._engine.raw_connection()
        try:
            self._begin(pooled)
        except self._server.dbapi.Error as error:
            lost = self._server.lost(error, pooled.driver_connection)
            pooled.invalidate()
            if not lost:
                raise
            # The others in the pool were opened before the server went, too.
            self._engine.dispose()
            pooled = self._engine.raw_connection()
            self._begin(pooled)
        return pooled

    def _begin(self, pooled: Any) -> None:
        cursor = pooled.cursor()
        for text in self._server.BEGIN_READING:
            cursor.execute(text)

    def _hand_back(self, pooled: Any) -> None:
        if self.shut and pooled.is_valid:
            # Its pool was given up meanwhile, and nobody would ever close it.
            pooled.invalidate()
        pooled.close()

    def _put_right(self, pooled: Any, error: BaseException) -> None:
        if not self._server.is_to_be_discarded(error, pooled.driver_connection):
            with suppress(Exception):
                pooled.cursor().execute("ROLLBACK")
                return
        pooled.invalidate()
