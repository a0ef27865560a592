"""What people ask of flows by hand, kept beside the store: done once, and all that takes back an outcome."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from tests.simulation.window import WindowStore
from theflow.database.batch import AnswerRow, Batch
from theflow.database.records import Told
from theflow.model.status import FlowStatus
from theflow.model.view import DONE, Request

# What a task is worth that somebody has skipped, or marked as done: no body returns it.
BY_HAND = "-1"
# The field that people set in storages; no task writes it.
FIELD = "hand"
TAKE_BACK = ("retry", "retry_from", "skip", "mark_done")
_RESTS = (FlowStatus.PAUSING, FlowStatus.PAUSED)


class Hands:
    """Told of every request that the store took, and of every answer that it wrote."""

    def __init__(self, store: WindowStore) -> None:
        self._store = store
        self._asked: dict[int, tuple[int, Request]] = {}
        self._answered: dict[int, str] = {}
        self._set: dict[int, int] = {}

    def took(self, offset: int, request: Request, told: Told) -> None:
        """The store took a request: it is done at once, or left for a runtime."""
        if told.id and request.verb != "cancel":
            self._asked[told.id] = (offset, request)
            if told.done:
                self._answered[told.id] = DONE

    def objections(self, batch: Batch) -> Iterator[str]:
        """What must not be, should the store take this batch."""
        done = self.done(batch)
        free = {offset for offset, request in done if request.verb in TAKE_BACK}
        for offset, name in batch.reopened:
            if offset not in free:
                yield f"I2: the outcome of task {name!r} of offset {offset} is taken back, and nobody asked for that"
        for row in batch.answers:
            if row.id in self._answered and row.id in self._asked:
                yield f"I8: request {row.id} of offset {row.offset} was answered, and is answered again"

    def done(self, batch: Batch) -> list[tuple[int, Request]]:
        """Of which flows a batch does what was asked, and what that is."""
        return [self._asked[row.id] for row in batch.answers if row.answer == DONE and row.id in self._asked]

    def committed(self, answers: Sequence[AnswerRow]) -> None:
        """Answers were written."""
        for row in answers:
            if row.id not in self._asked:
                continue
            self._answered[row.id] = row.answer
            offset, request = self._asked[row.id]
            if request.verb == "edit_storage" and row.answer == DONE:
                self._set[offset] = request.payload["fields"][FIELD]

    def may_start(self, offset: int) -> bool:
        """Whether a body of a flow may start, as far as somebody has paused it."""
        return self._store.flow_rows()[offset].status not in _RESTS

    def concern(self, offset: int) -> bool:
        """Whether somebody has had his hand on a flow."""
        return any(one == offset for one, _ in self._asked.values())

    def complaints(self) -> Iterator[str]:
        """What is not as it must be when all has come to rest."""
        for number, (offset, request) in self._asked.items():
            open_still = [each.id for each in self._store.flow_rows()[offset].open_requests]
            if number in open_still and self._store.job(offset) is None:
                yield f"I8: {request.verb} of offset {offset} was acknowledged, and nobody hears of it any more"
        for offset, value in self._set.items():
            storage = json.loads(self._store.flow_rows()[offset].storage or "{}")
            if storage.get(FIELD) != value:
                yield f"I8: somebody set {FIELD}={value} in offset {offset}, and its storage is {storage}"
