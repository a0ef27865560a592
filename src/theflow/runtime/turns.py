"""The numbered turns of an incarnation: they fence its writes, and tell whether one happened whose answer was lost."""

from __future__ import annotations

from theflow.database.batch import Batch
from theflow.database.records import Fence, Incarnation
from theflow.database.store import RuntimeStore, Transaction
from theflow.errors import CommitUnknown, Fenced, IllegalEvent, StoreError, StoreUnavailable, TransactionEnded


class Turns:
    """Counts the transactions that an incarnation has committed."""

    def __init__(self, store: RuntimeStore) -> None:
        self._store = store
        self._incarnation: Incarnation | None = None
        self._turn = 0
        self._unknown: Fence | None = None
        self._doubted: Fence | None = None
        self._carried: Fence | None = None

    def begin(self, incarnation: Incarnation) -> None:
        """Count for this incarnation, from the start."""
        self._incarnation = incarnation
        self._turn = 0
        self._unknown = None
        self._doubted = None
        self._carried = None

    @property
    def named(self) -> bool:
        """Whether there is an incarnation to write under."""
        return self._incarnation is not None

    @property
    def incarnation(self) -> Incarnation:
        """The incarnation that fences what is written."""
        if self._incarnation is None:
            raise IllegalEvent("the engine has no incarnation yet")
        return self._incarnation

    @property
    def in_doubt(self) -> bool:
        """Whether nobody knows if the newest commit of outcomes was one: its turn must not be taken by a claim."""
        return self._unknown is not None or self._carried is not None

    @property
    def next_fence(self) -> Fence:
        """What the next transaction opens with."""
        return Fence(self._turn + 1, self.incarnation.id, self.incarnation.epoch)

    def turned(self, fence: Fence) -> None:
        """Count a transaction that was committed."""
        self._turn = fence.turn

    def doubt(self, fence: Fence) -> None:
        """Note that the answer to a claim was lost: the marker must tell its turn from that of the next commit."""
        self._doubted = fence

    def settle(self) -> None:
        """Learn whether the claim in doubt was committed; as long as that cannot be known, nothing is written."""
        if self._doubted is None:
            return
        if not self.happened(self._doubted):
            self._use_up(self._doubted)
        self._doubted = None

    def commit(self, batch: Batch) -> None:
        """Write one turn; called again with the same batch when it failed."""
        self.settle()
        if self._unknown is not None and self.happened(self._unknown):
            self._unknown = None
            return
        fence = self.next_fence
        try:
            self._store.commit(fence, batch)
        except CommitUnknown:
            self._unknown = fence
            raise
        self._unknown = None
        self.turned(fence)

    def commit_within(self, transaction: Transaction, batch: Batch) -> StoreError | TransactionEnded | None:
        """Write one turn in the transaction of a body; called again with the same when its answer was lost.

        Returns why the database took neither rows nor turn, None if it took both.
        """
        if self._carried is not None:
            if self._came_after_all(self._carried):
                return None
            return StoreUnavailable("the connection was lost while committing, and nothing was committed")
        self.settle()
        fence = self.next_fence
        try:
            transaction.commit(fence, batch)
        except CommitUnknown:
            self._carried = fence
            raise
        except Fenced:
            raise
        except (StoreError, TransactionEnded) as error:
            return error
        self.turned(fence)
        return None

    def happened(self, fence: Fence) -> bool:
        """Ask the turn marker whether a transaction was committed whose answer was lost; if so, count it."""
        if self._store.read_turn(self.incarnation) != fence.turn:
            return False
        self.turned(fence)
        return True

    def _came_after_all(self, fence: Fence) -> bool:
        if self.happened(fence):
            self._carried = None
            return True
        try:
            self._use_up(fence)
        except CommitUnknown as error:
            # Now the marker cannot tell the two apart; what is on disk can, to whoever claims the flows again.
            raise Fenced(
                "two answers for one turn were lost: this incarnation cannot know what it has written"
            ) from error
        self._carried = None
        return False

    def _use_up(self, fence: Fence) -> None:
        """Commit nothing as that turn. It may still be under way; once its turn is used up, it can come no more."""
        self._store.commit(fence, Batch())
        self.turned(fence)
