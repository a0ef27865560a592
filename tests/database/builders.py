"""What the suite says to a store, in few words."""

from __future__ import annotations

import uuid
from itertools import count

from theflow.database.batch import AttemptRow, Batch, ClaimRow, FlowRow, LogRow, ProgressRow, TaskRow
from theflow.database.records import ClassRecord, Fence, FlowRecord, Holder, Incarnation, LookQuery, SchemeRecord
from theflow.database.store import RuntimeStore
from theflow.model.flow_data import FlowDataObject, FlowDataPartial
from theflow.model.job import JobMeta
from theflow.model.look import Look
from theflow.model.scheme import UNLIMITED
from theflow.model.status import FlowStatus
from theflow.model.view import Request

NOW = 1_700_000_000_000_000
FAR = 2**61
_numbers = count(1)


def partial(
    flow_class: str = "order", user: str = "ann", *, data: bytes = b'{"a":1}', version: int | None = 1, **meta: object
) -> FlowDataPartial:
    """A pending flow with an id of its own."""
    job = JobMeta(flow_class=flow_class, user=user, **meta)
    return FlowDataPartial.pending(job, flow_id=new_id(), data=data, version=version, now=NOW)


def new_id() -> str:
    """A flow id that no other test has."""
    return str(uuid.UUID(int=next(_numbers) << 64))


def submit(store: RuntimeStore, *flows: FlowDataPartial) -> list[int]:
    """Save jobs in one call; return their offsets."""
    return [job.offset for job in store.create_jobs(flows)]


def cancel(store: RuntimeStore, offset: int, request: Request) -> FlowStatus | None:
    """Ask for a flow to end; return where it stands then, None without one."""
    return store.ask([(offset, request)])[0].stand


def resume(store: RuntimeStore, offset: int, request: Request) -> bool:
    """Ask for a flow to go on; say whether it does."""
    told = store.ask([(offset, request)])[0]
    return told.stand is not None and not told.refusal


def record(store: RuntimeStore, offset: int) -> FlowRecord:
    """What people are shown of the flow at an offset."""
    found = store.find_flow(store.find_offset(offset), NOW)
    assert found is not None
    return found


def holder(name: str = "worker", **where: object) -> Holder:
    """Where a runtime lives."""
    return Holder(**{"name": name, "host": "cellar", "pid": 4711, "life": "life-1", **where})


def end_of(store: RuntimeStore, end: str, incarnation: Incarnation) -> None:
    """End an incarnation that never beat, by its own hand or by another's."""
    if end == "take_over":
        store.take_over(incarnation, 0)
    else:
        store.release(incarnation)


def task(worker: Worker, offset: int, status: str = "succeeded", **columns: object) -> TaskRow:
    """The row of a task at its first attempt."""
    row = TaskRow(offset, "a", status, 1, 0, "null", None, NOW, NOW + 5, worker.incarnation.id)
    return row._replace(**columns)


def attempt(worker: Worker, offset: int, number: int = 1, **columns: object) -> AttemptRow:
    """The record of an attempt that failed."""
    error = '{"type":"ValueError","message":"no"}'
    row = AttemptRow(offset, "a", number, "failed", error, worker.incarnation.id, NOW + number, NOW + number + 1)
    return row._replace(**columns)


def log(offset: int, message: str = "hello", **columns: object) -> LogRow:
    """A log record of a task."""
    return LogRow(offset, "a", 1, NOW, "INFO", "theflow.task", message)._replace(**columns)


def progress(offset: int, done: int = 1, **columns: object) -> ProgressRow:
    """How far a task has come at its first attempt."""
    said = f'{{"done":{done},"total":9,"message":"é","at":{NOW},"attempt":1}}'
    return ProgressRow(said, offset, "a", 1)._replace(**columns)


def flow_row(
    offset: int, status: str, *, storage: str | None = None, reason: str = "", ending: str | None = None
) -> FlowRow:
    """What a decision changed of a flow; an end has its time."""
    return FlowRow(status, storage, reason, NOW + 9 if status in ("succeeded", "failed") else None, ending, offset)


class Worker:
    """A runtime as a store sees one: a name, and turns that follow each other."""

    def __init__(self, store: RuntimeStore, name: str = "worker") -> None:
        self.store = store
        self.incarnation: Incarnation = store.take_name(holder(name), NOW)
        self.turn = 0
        for flow_class in ("order", "mail"):
            store.register([SchemeRecord(flow_class=flow_class, version=1, definition="{}")])

    @property
    def fence(self) -> Fence:
        """Opens the turn that comes next."""
        return Fence(self.turn + 1, self.incarnation.id, self.incarnation.epoch)

    def look(self, flow_class: str = "order", *, concurrency: int = 1, **query: object) -> tuple[ClassRecord, Look]:
        """Look at the queues of a class."""
        asked = {"now": NOW, "limit": 100, "versions": (1,), **query}
        return self.store.look(
            LookQuery(
                flow_class=flow_class,
                per_queue=concurrency,
                **{"ordered": concurrency < UNLIMITED, "ranked": concurrency == UNLIMITED, **asked},
            )
        )

    def offered(self, flow_class: str = "order", **query: object) -> list[int]:
        """The offsets that a look offers."""
        return [candidate.offset for candidate in self.look(flow_class, **query)[1].candidates]

    def claim(self, *offsets: int, version: int = 1, seen: ClassRecord | None = None) -> list[FlowDataObject] | None:
        """Claim flows of class `order`, on a fresh look where none is given."""
        rows = [ClaimRow(offset, version, NOW + 1) for offset in offsets]
        taken = self.store.claim(self.fence, seen or self.look()[0], rows)
        self.turn += taken is not None
        return taken

    def commit(self, **rows: object) -> None:
        """Write one turn."""
        self.store.commit(self.fence, Batch(**rows))
        self.turn += 1

    def finish(self, offset: int) -> None:
        """Let a flow succeed and leave the queue."""
        self.commit(tasks=[task(self, offset)], flows=[flow_row(offset, "succeeded")], released=[offset])
