"""What a transactional body writes in, and how it comes to the engine: row and outcome go in one write."""

from __future__ import annotations

from collections.abc import Callable

from theflow.database.batch import Batch
from theflow.database.records import Fence
from theflow.errors import InputError

Row = tuple[int, str, int]


class Purse:
    """A transaction of one row; `send` brings it to the store together with a turn."""

    def __init__(self, row: Row, send: Callable[[Row, Fence, Batch], None]) -> None:
        self._row = row
        self._send = send
        self._over = False

    @property
    def connection(self) -> object:
        """Bodies are never called here."""
        raise InputError("nobody writes by himself here")

    def commit(self, fence: Fence, batch: Batch) -> None:
        """Send row and turn, once."""
        assert not self._over, "a transaction is committed after its end"
        self._over = True
        self._send(self._row, fence, batch)

    def roll_back(self) -> None:
        """Nothing was sent yet."""
        self._over = True

    def revoke(self) -> None:
        """Nothing was sent yet."""
        self._over = True

    def passes(self, _: BaseException) -> bool:
        """Bodies raise what is their own."""
        return False


class Messenger:
    """Stands where an outcome on its way to the engine stands."""

    def __init__(self, purse: Purse, done: Callable[[], None], again: Callable[[Exception], None]) -> None:
        self.transaction = purse
        self.waiting = True
        self._done = done
        self._again = again

    def saved(self) -> None:
        """Row and outcome are committed."""
        self.waiting = False
        self._done()

    def dropped(self) -> None:
        """The outcome is none any more."""
        self.transaction.roll_back()
        self.saved()

    def refused(self, error: Exception) -> None:
        """Neither is committed."""
        self.saved()
        self._again(error)
