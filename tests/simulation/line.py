"""One runtime's line to the database: it breaks, loses answers, and its process dies at either end of a call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from tests.simulation.history import Broken, History
from tests.simulation.purse import Row
from tests.simulation.window import WindowStore
from theflow.database.batch import Batch, ClaimRow
from theflow.database.records import (
    ClassRecord,
    Fence,
    Holder,
    Incarnation,
    LookQuery,
    RuntimeRecord,
    SchemeRecord,
    Told,
)
from theflow.errors import (
    CommitUnknown,
    Fenced,
    IdempotencyConflict,
    RowRefused,
    RuntimeNameTaken,
    StoreError,
    StoreUnavailable,
)
from theflow.model.flow_data import ChildDataObject, FlowDataObject, FlowDataPartial
from theflow.model.job import JobMetaObject
from theflow.model.look import Look, Settlement
from theflow.model.view import Request

Answer = TypeVar("Answer")
# What becomes of a call: it fails, it fails and nobody knows, it happens and nobody knows, or so it does by and by.
FAULTS = ("unavailable", "unheard", "unanswered", "late")
READS = ("runtimes", "look", "read_turn", "asked", "woken")
WRITES = ("take_name", "register", "beat", "take_over", "release", "claim", "commit", "give_back")


class Died(BaseException):
    """The process is gone: nothing catches this but the scheduler."""


class Line:
    """A RuntimeStore as a runtime sees it; the history hears of every call."""

    def __init__(self, store: WindowStore, history: History) -> None:
        self.faults: list[tuple[str, str]] = []
        self.refused: set[int] = set()
        self.fuse = 0
        self.stall: Callable[[], None] | None = None
        self._late: list[Callable[[], object]] = []
        self._store = store
        self._history = history
        self._seen_free: set[int] = set()

    def reach(self, _place: str) -> None:
        """Pass a place where the process may die."""
        if self.fuse:
            self.fuse -= 1
            if not self.fuse:
                raise Died

    # --- jobs -----------------------------------------------------------------------------------------------------
    def create_jobs(self, flows: Sequence[FlowDataPartial]) -> list[JobMetaObject]:
        return self._write("create_jobs", lambda: self._store.create_jobs(flows))

    # --- what people ask of a flow --------------------------------------------------------------------------------
    def ask(self, wanted: Sequence[tuple[int, Request]]) -> list[Told]:
        def write() -> list[Told]:
            gone = [offset for offset, _ in wanted if self._store.job(offset) is None]
            answers = self._store.ask(wanted)
            self._history.queued_again([offset for offset in gone if self._store.job(offset) is not None])
            for (offset, request), told in zip(wanted, answers, strict=True):
                self._history.hands.took(offset, request, told)
                if request.verb == "cancel":
                    self._history.asked_to_end(offset, told.stand)
                elif request.verb == "resume" and told.done:
                    self._history.resumed(offset)
            return answers

        return self._write("ask", write)

    def asked(self, incarnation: Incarnation) -> list[tuple[int, Request]]:
        return self._read("asked", lambda: self._store.asked(incarnation))

    def woken(self, incarnation: Incarnation) -> list[tuple[int, ChildDataObject]]:
        return self._read("woken", lambda: self._store.woken(incarnation))

    # --- runtimes -------------------------------------------------------------------------------------------------
    def take_name(self, holder: Holder, now: int) -> Incarnation:
        def write() -> Incarnation:
            incarnation = self._store.take_name(holder, now)
            self._history.named(incarnation.id, holder)
            return incarnation

        return self._write("take_name", write)

    def register(self, schemes: Sequence[SchemeRecord]) -> None:
        self._write("register", lambda: self._store.register(schemes))

    def beat(self, incarnation: Incarnation, lost_threads: int = 0) -> bool:
        def write() -> bool:
            alive = self._store.beat(incarnation, lost_threads)
            if alive:
                self._history.beaten(incarnation.id)
            return alive

        return self._write("beat", write)

    def runtimes(self) -> list[RuntimeRecord]:
        return self._read("runtimes", self._store.runtimes)

    def take_over(self, incarnation: Incarnation, beat: int) -> int:
        def write() -> int:
            objection = self._history.objection_to_take_over(incarnation.id)
            flows = self._store.take_over(incarnation, beat)
            if flows >= 0:
                _refuse(objection)
                self._history.taken_over(incarnation.id)
            return flows

        return self._write("take_over", write)

    def expire(self, now: int, limit: int) -> int:
        # No job of these histories can expire: there is nothing to lose.
        return self._store.expire(now, limit)

    def release(self, incarnation: Incarnation) -> None:
        def write() -> None:
            held = self._history.held(incarnation.id)
            self._store.release(incarnation)
            self._history.released(incarnation.id)
            self._history.uncounted(held)

        self._write("release", write)

    # --- the engine -----------------------------------------------------------------------------------------------
    def look(self, query: LookQuery) -> tuple[ClassRecord, Look]:
        self._seen_free = self._history.free(query.now)
        return self._read("look", lambda: self._store.look(query))

    def claim(
        self, fence: Fence, seen: ClassRecord, claims: Sequence[ClaimRow], settlement: Settlement
    ) -> list[FlowDataObject] | None:
        seen_free = self._seen_free

        def write() -> list[FlowDataObject] | None:
            objections = self._history.objections_to_claim(fence, claims, seen_free)
            found = self._store.claim(fence, seen, claims, settlement)
            if found is not None:
                _refuse(objections)
                self._history.claimed(found)
            return found

        return self._write("claim", write)

    def commit(self, fence: Fence, batch: Batch) -> None:
        self._write("commit", lambda: self._commit(fence, batch))

    def commit_with(self, row: Row, fence: Fence, batch: Batch) -> None:
        """Commit a turn in the transaction of a body that has written a row."""

        def write() -> None:
            self._commit(fence, batch)
            self._store.rows.append(row)

        self._write("commit", write)

    def _commit(self, fence: Fence, batch: Batch) -> None:
        if self.refused.intersection(row.offset for row in (*batch.tasks, *batch.attempts)):
            # A transaction opens with its fence, and never comes to its rows where that is refused.
            self._store.read_turn(Incarnation(id=fence.id, name="", epoch=fence.epoch))
            self._history.refused(self.refused)
            raise RowRefused("the database refuses a row")
        objections = list(self._history.objections_to_commit(fence, batch))
        self._store.commit(fence, batch)
        _refuse(objections)
        self._history.committed(batch)

    def read_turn(self, incarnation: Incarnation) -> int:
        return self._read("read_turn", lambda: self._store.read_turn(incarnation))

    def give_back(self, incarnation: Incarnation, offsets: Sequence[int]) -> None:
        def write() -> None:
            mine = [offset for offset in self._history.held(incarnation.id) if offset in offsets]
            self._store.give_back(incarnation, offsets)
            self._history.uncounted(mine)

        self._write("give_back", write)

    # --- what goes wrong ------------------------------------------------------------------------------------------
    def arrive(self) -> None:
        """Let what was long under way come to the database after all; nobody is there to hear the answer."""
        late, self._late = self._late, []
        for write in late:
            with suppress(StoreError, RuntimeNameTaken, IdempotencyConflict):
                write()

    def _fault(self, name: str) -> str:
        """Take the first fault that is planned for a call of this name; empty if none is."""
        for number, (call, fault) in enumerate(self.faults):
            if call == name:
                del self.faults[number]
                return fault
        return ""

    def _read(self, name: str, ask: Callable[[], Answer]) -> Answer:
        self.reach("asked")
        if self._fault(name):
            self._history.seen["unavailable"] += 1
            raise StoreUnavailable("the database is out of reach")
        return ask()

    def _write(self, name: str, write: Callable[[], Answer]) -> Answer:
        self.reach("before a commit")
        if self.stall is not None and name in ("claim", "commit", "take_over"):
            stall, self.stall = self.stall, None
            stall()
        fault = self._fault(name)
        if fault and fault != "unanswered":
            self._history.seen[fault] += 1
            # A lost transaction that gives flows back keeps their rows locked until it is decided: nothing passes it.
            if fault == "late" and name != "give_back":
                self._late.append(write)
            raise (StoreUnavailable if fault == "unavailable" else CommitUnknown)("the connection was lost")
        try:
            answer = write()
        except Fenced:
            self._history.seen["fenced"] += 1
            raise
        self.reach("after a commit")
        if fault:
            self._history.seen[fault] += 1
            raise CommitUnknown("the connection was lost")
        return answer


def _refuse(objections: Sequence[str]) -> None:
    if objections:
        raise Broken("; ".join(objections))
