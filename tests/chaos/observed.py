"""A store that writes down what was asked of it and what came of it; else it is the one behind it."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.chaos.recorder import Recorder
from theflow.database.batch import Batch, ClaimRow
from theflow.database.records import ClassRecord, Fence, Holder, Incarnation
from theflow.database.store import RuntimeStore, Transaction
from theflow.model.flow_data import FlowDataObject
from theflow.model.look import Settlement

TURN, TRANSACTION = "turn", "transaction"
ENDED = ("succeeded", "failed")


def outcomes_of(batch: Batch) -> list[tuple[int, str, int]]:
    """The attempts that a turn ends."""
    return [(row.offset, row.name, row.attempt) for row in batch.tasks if row.status in ENDED]


def result_of(batch: Batch) -> str | None:
    """What the one body returned whose outcome a turn adds to its transaction."""
    return next((json.loads(row.result) for row in batch.tasks if row.result is not None), None)


class Brink:
    """Where a runtime is about to save outcomes and has not yet: the worst moment to be stopped."""

    def __init__(self, sign: Path) -> None:
        self._sign = sign
        # Nobody else of this process is inside the database while it is stopped.
        self.quiet = threading.Lock()

    def reach(self, write: str) -> None:
        """Stop the process here if somebody has put up the sign for this kind of write."""
        if self._asked_for() == write:
            with self.quiet:
                self._sign.unlink(missing_ok=True)
                # Sent to this very thread: another one would stop it only a moment later, inside the database.
                signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)

    def _asked_for(self) -> str:
        try:
            return self._sign.read_text()
        except FileNotFoundError:
            return ""


class ObservedTransaction:
    """The transaction of a body: what is added to it at the end is told like every other commit, and as `lent` too."""

    def __init__(self, transaction: Transaction, recorder: Recorder, brink: Brink) -> None:
        self._transaction = transaction
        self._recorder = recorder
        self._brink = brink

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transaction, name)

    def commit(self, fence: Fence, batch: Batch) -> None:
        about = {"inc": fence.id, "turn": fence.turn, "outcomes": outcomes_of(batch), "lent": result_of(batch)}
        with self._recorder.told("commit", **about):
            self._brink.reach(TRANSACTION)
            self._transaction.commit(fence, batch)


class ObservedStore:
    """The store of a runtime."""

    def __init__(self, store: RuntimeStore, recorder: Recorder, brink: Brink) -> None:
        self._store = store
        self._recorder = recorder
        self._brink = brink
        self._owners: dict[int, int] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def owner(self, offset: int) -> int:
        """The incarnation of this process that last claimed a flow."""
        return self._owners[offset]

    def take_name(self, holder: Holder, now: int) -> Incarnation:
        with self._recorder.told("name", name=holder.name):
            taken = self._store.take_name(holder, now)
        self._recorder.write("lives", inc=taken.id, name=holder.name)
        return taken

    def beat(self, incarnation: Incarnation, lost_threads: int = 0) -> bool:
        with self._brink.quiet, self._recorder.told("beat", inc=incarnation.id):
            alive = self._store.beat(incarnation, lost_threads)
        if not alive:
            self._recorder.write("lost", inc=incarnation.id)
        return alive

    def take_over(self, incarnation: Incarnation, *seen: Any) -> int:
        with self._recorder.told("take_over", inc=incarnation.id):
            freed = self._store.take_over(incarnation, *seen)
        self._recorder.write("taken", inc=incarnation.id, freed=freed)
        return freed

    def claim(
        self, fence: Fence, seen: ClassRecord, claims: Sequence[ClaimRow], settlement: Settlement
    ) -> list[FlowDataObject] | None:
        offsets = [claim.offset for claim in claims]
        with self._recorder.told("claim", inc=fence.id, turn=fence.turn, offsets=offsets):
            found = self._store.claim(fence, seen, claims, settlement)
        if found is not None:
            self._owners.update(dict.fromkeys(offsets, fence.id))
        return found

    def commit(self, fence: Fence, batch: Batch) -> None:
        outcomes = outcomes_of(batch)
        with self._recorder.told("commit", inc=fence.id, turn=fence.turn, outcomes=outcomes):
            if outcomes:
                self._brink.reach(TURN)
            self._store.commit(fence, batch)

    def lend(self, ended: Callable[[], None]) -> ObservedTransaction:
        return ObservedTransaction(self._store.lend(ended), self._recorder, self._brink)
