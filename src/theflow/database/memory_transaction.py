"""What the store in memory lends to the body of a task: there is nothing to write to, and the outcome is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from theflow.database.batch import Batch
from theflow.database.records import Fence
from theflow.errors import InputError


class MemoryTransaction:
    """The Transaction of a store without rows of anybody's own."""

    def __init__(self, commit: Callable[[Fence, Batch], None], ended: Callable[[], None]) -> None:
        self._commit = commit
        self._ended = ended
        self._over = False

    @property
    def connection(self) -> NoReturn:
        """There is none."""
        raise InputError("ctx.tx: the store in memory has no tables to write to; run this task over a database")

    def commit(self, fence: Fence, batch: Batch) -> None:
        """Write one turn, unless it was given up."""
        if self._over:
            raise InputError("this transaction is over")
        try:
            self._commit(fence, batch)
        finally:
            self.roll_back()

    def roll_back(self) -> None:
        """Give it up."""
        over, self._over = self._over, True
        if not over:
            self._ended()

    def revoke(self) -> None:
        """Give it up from another thread."""
        self.roll_back()

    def passes(self, _: BaseException) -> bool:
        """Nobody else can be in the way."""
        return False
