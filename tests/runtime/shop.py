"""Runtimes over a database with a table of its user's: the place of transactional tasks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.database.ledger import Ledger, opened
from tests.runtime.works import Works, one_task
from theflow import FlowScheme
from theflow.database.batch import Batch
from theflow.database.records import Fence
from theflow.database.store import Transaction
from theflow.errors import CommitUnknown


class Shop(Works):
    """A shop keeps a ledger."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.url, self.open = opened(kind, folder)
        super().__init__(self.open())
        self.store.prepare()
        self.ledger = Ledger(self.url)

    def entries(self) -> dict[str, int]:
        """What bodies have written, as others see it."""
        return self.ledger.entries()

    def close(self) -> None:
        """Leave nothing behind."""
        super().close()
        self.ledger.close()


def transactional(body: Callable[..., Any], **options: Any) -> FlowScheme:
    """A class of flows with one transactional task."""
    return one_task(body, transactional=True, **options)


class Spoiled:
    """A transaction that fails at its commit; else it is the one behind it."""

    def __init__(self, transaction: Transaction, commit: Callable[[Transaction, Fence, Batch], None]) -> None:
        self._transaction = transaction
        self._commit = commit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transaction, name)

    def commit(self, fence: Fence, batch: Batch) -> None:
        """Fail as planned."""
        self._commit(self._transaction, fence, batch)


def spoiled(commit: Callable[[Transaction, Fence, Batch], None]) -> Callable[..., Any]:
    """The fault of a `lend` whose transaction ends so."""
    return lambda lend, *given: Spoiled(lend(*given), commit)


def answer_lost(transaction: Transaction, fence: Fence, batch: Batch) -> None:
    """It is committed, and nobody knows."""
    transaction.commit(fence, batch)
    raise CommitUnknown("the connection was lost")


def commit_lost(transaction: Transaction, fence: Fence, batch: Batch) -> None:  # noqa: ARG001 - it never comes so far
    """It is not committed, and nobody knows."""
    transaction.roll_back()
    raise CommitUnknown("the connection was lost")
