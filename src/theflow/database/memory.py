"""The reference store: everything in this process, one lock, as plain as the rules themselves.

A method checks first and writes then, under the lock from end to end: so each is a transaction.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from itertools import count, islice

from theflow.database.memory_flow import MemoryFlow
from theflow.database.memory_keys import MemoryKeys
from theflow.database.memory_queue import MemoryJob, MemoryQueue
from theflow.database.memory_runtimes import MemoryRuntimes
from theflow.database.store import (
    AttemptRow,
    Batch,
    ClaimRow,
    ClassRecord,
    Fence,
    FlowRecord,
    FlowRow,
    Holder,
    Incarnation,
    LogRow,
    LookQuery,
    Pace,
    RuntimeRecord,
    SchemeRecord,
    TaskRow,
)
from theflow.errors import InputError, RowRefused
from theflow.model.flow_data import FlowDataObject, FlowDataPartial
from theflow.model.job import JobMetaObject
from theflow.model.shaping import Look
from theflow.model.view import Attempt, Finding, FlowFilter, FlowSummary, LogLine


class _NothingBehind:
    """What a store without a database has nothing to do for."""

    pace = Pace(soon=0.002, later=0.02)

    def prepare(self) -> None:
        """Nothing to create."""

    def require(self) -> None:
        """It is there."""

    def doubts(self) -> list[Finding]:
        """It promises nothing beyond its process."""
        return []

    def close(self) -> None:
        """Nothing to give back."""

    def listen(self, ring: Callable[[], None]) -> Callable[[], None]:  # noqa: ARG002 - to ask is free
        """Nobody calls; to ask is free."""
        return lambda: None

    def create_jobs_within(self, connection: object, flows: Sequence[FlowDataPartial]) -> list[JobMetaObject]:  # noqa: ARG002
        """There is no transaction that a caller could bring along."""
        raise InputError("connection: the store in memory has none; submit without it")


class MemoryStore(_NothingBehind):
    """A RuntimeStore that lives as long as its process. All other stores answer like this one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flows: dict[int, MemoryFlow] = {}
        self._queue = MemoryQueue()
        self._runtimes = MemoryRuntimes()
        self._keys = MemoryKeys()
        self._revisions: dict[str, int] = {}
        self._schemes: dict[tuple[str, int], SchemeRecord] = {}
        self._log_ids = count(1)
        self._writes = 0

    def change_token(self, now: int) -> object:  # noqa: ARG002 - a runtime looks for due jobs every poll
        """Return how often jobs and flows were written."""
        with self._lock:
            return self._writes

    # --- jobs -----------------------------------------------------------------------------------------------------
    def create_jobs(self, flows: Sequence[FlowDataPartial]) -> list[JobMetaObject]:
        """Save jobs with their pending flows, or return those that have the same key and input."""
        with self._lock:
            self._check_ids(self._keys.check(flows))
            self._writes += 1
            return [self._create_or_get(flow) for flow in flows]

    # --- runtimes -------------------------------------------------------------------------------------------------
    def take_name(self, holder: Holder, now: int) -> Incarnation:
        """Make an incarnation that holds the name; raise RuntimeNameTaken if a live one does."""
        with self._lock:
            return self._runtimes.take_name(holder, now)

    def register(self, schemes: Sequence[SchemeRecord]) -> None:
        """Save the snapshots of definitions, and their classes where they are new."""
        with self._lock:
            for scheme in schemes:
                self._schemes[scheme.flow_class, scheme.version] = scheme
                self._revisions.setdefault(scheme.flow_class, 0)

    def beat(self, incarnation: Incarnation) -> bool:
        """Raise the beat; False if the incarnation was taken over."""
        with self._lock:
            runtime = self._runtimes.find(incarnation)
            if runtime is None:
                return False
            runtime.beat += 1
            return True

    def runtimes(self) -> list[RuntimeRecord]:
        """List the live incarnations."""
        with self._lock:
            return [each.to_record(held=len(self._queue.held_by(each.id))) for each in self._runtimes.live()]

    def set_draining(self, name: str, *, draining: bool) -> bool:
        """Tell the live runtime of that name to admit no more, or to admit again; False if there is none."""
        with self._lock:
            found = [runtime for runtime in self._runtimes.live() if runtime.holder.name == name]
            for runtime in found:
                runtime.draining = draining
            self._writes += 1
            return bool(found)

    def take_over(self, incarnation: Incarnation) -> int:
        """Fence an incarnation that was seen silent and free its flows and its name; -1 if it changed meanwhile."""
        with self._lock:
            runtime = self._runtimes.find(incarnation)
            if runtime is None:
                return -1
            self._runtimes.end(runtime, "lost")
            self._writes += 1
            return self._queue.free_all(runtime.id)

    def release(self, incarnation: Incarnation) -> None:
        """Hand over whatever the incarnation holds, and its name. A clean stop is no crash: its claims do not count."""
        with self._lock:
            runtime = self._runtimes.require(incarnation)
            self._runtimes.end(runtime, "released")
            self._writes += 1
            self._queue.hand_over(runtime.id)

    # --- the engine -----------------------------------------------------------------------------------------------
    def look(self, query: LookQuery) -> tuple[ClassRecord, Look]:
        """Return the heads of the queues of a class, with its revision."""
        with self._lock:
            return self._class(query.flow_class), self._queue.look(query)

    def claim(self, fence: Fence, seen: ClassRecord, claims: Sequence[ClaimRow]) -> list[FlowDataObject] | None:
        """Take flows and count the claims; None if somebody admitted since the look (then nothing was written)."""
        with self._lock:
            runtime = self._runtimes.check(fence)
            jobs = {claim.offset: self._queue.get(claim.offset) for claim in claims}
            found = [job for job in jobs.values() if job is not None and job.free]
            if self._revisions.get(seen.flow_class) != seen.revision or len(found) != len(claims):
                return None
            runtime.turn = fence.turn
            self._revisions[seen.flow_class] += 1
            self._writes += 1
            return [self._claim(job, claim, runtime.id) for job, claim in zip(found, claims, strict=True)]

    def commit(self, fence: Fence, batch: Batch) -> None:
        """Write one turn, or nothing."""
        with self._lock:
            runtime = self._runtimes.check(fence)
            self._check_offsets((*batch.tasks, *batch.attempts, *batch.flows, *batch.logs))
            runtime.turn = fence.turn
            self._writes += 1
            self._write(batch)
            for offset in batch.released:
                self._queue.remove(offset)
            for offset in batch.parked:
                job = self._queue.get(offset)
                if job is not None:
                    job.owner, job.parked = None, True

    def read_turn(self, incarnation: Incarnation) -> int:
        """Return the newest turn that was committed; raise Fenced if the incarnation was taken over."""
        with self._lock:
            return self._runtimes.require(incarnation).turn

    def give_back(self, incarnation: Incarnation, offsets: Sequence[int]) -> None:
        """Free flows that the incarnation holds but does not work on; others may take them at once."""
        with self._lock:
            self._writes += 1
            for job in self._queue.held_by(incarnation.id):
                if job.offset in offsets:
                    job.owner = None
                    job.claims -= 1

    # --- questions ------------------------------------------------------------------------------------------------
    def find_flow(self, flow_id: str, now: int) -> FlowRecord | None:
        """Return a flow with its tasks and its place in the queue."""
        with self._lock:
            flow = next((flow for flow in self._flows.values() if flow.job.flow_id == flow_id), None)
            if flow is None:
                return None
            names = self._runtimes.names
            return flow.to_record(self._queue.place(flow.job.offset, now, names), names)

    def find_ids(self, prefix: str, limit: int) -> list[str]:
        """List flow ids that start with the prefix."""
        with self._lock:
            found = (flow.job.flow_id for flow in self._flows.values() if flow.job.flow_id.startswith(prefix))
            return sorted(found)[:limit]

    def find_offset(self, offset: int) -> str | None:
        """Return the flow id of an offset."""
        with self._lock:
            flow = self._flows.get(offset)
            return None if flow is None else flow.job.flow_id

    def find_flows(self, flow_filter: FlowFilter, before: int | None, limit: int) -> list[FlowSummary]:
        """List flows below an offset, newest first."""
        with self._lock:
            below = (offset for offset in reversed(self._flows) if before is None or offset < before)
            found = (self._flows[offset] for offset in below if self._flows[offset].matches(flow_filter))
            return [flow.to_summary() for flow in islice(found, limit)]

    def unfinished(self, flow_class: str, versions: Sequence[int], now: int) -> int:
        """Count the flows of a class that run or are due, are not parked, and could be run by one of the versions."""
        with self._lock:
            return self._queue.unfinished(flow_class, versions, now)

    def class_record(self, flow_class: str) -> ClassRecord:
        """Return the class; revision 0 where it was never registered."""
        with self._lock:
            return self._class(flow_class)

    def attempts(self, offset: int) -> list[Attempt]:
        """List the attempts of a flow that did not succeed, by task and number."""
        with self._lock:
            flow = self._flows.get(offset)
            return [] if flow is None else flow.to_attempts(self._runtimes.names)

    def logs(self, offset: int, task: str | None, after: int, limit: int) -> list[LogLine]:
        """List log records above an id, in order."""
        with self._lock:
            flow = self._flows.get(offset)
            lines = [] if flow is None else flow.logs
            return [line for line in lines if line.id > after and task in (None, line.task)][:limit]

    def scheme(self, flow_class: str, version: int | None) -> SchemeRecord | None:
        """Return a saved snapshot; the newest where no version is given."""
        with self._lock:
            versions = [known for name, known in self._schemes if name == flow_class and version in (None, known)]
            return self._schemes[flow_class, max(versions)] if versions else None

    # --- under the lock -------------------------------------------------------------------------------------------
    def _class(self, flow_class: str) -> ClassRecord:
        return ClassRecord(flow_class=flow_class, revision=self._revisions.get(flow_class, 0))

    def _check_ids(self, flows: Sequence[FlowDataPartial]) -> None:
        known = {flow.job.flow_id for flow in self._flows.values()}
        for flow in flows:
            if flow.flow_id in known:
                raise RowRefused(f"flow id {flow.flow_id} exists")
            known.add(flow.flow_id)

    def _create_or_get(self, partial: FlowDataPartial) -> JobMetaObject:
        known = self._keys.find(partial)
        if known is not None:
            return known.job
        offset = len(self._flows) + 1
        flow = self._flows[offset] = MemoryFlow.from_partial(partial, offset)
        self._queue.add(MemoryJob.from_partial(partial, offset))
        self._keys.add(partial, flow)
        return flow.job

    def _claim(self, job: MemoryJob, claim: ClaimRow, owner: int) -> FlowDataObject:
        flow = self._flows[job.offset]
        job.count_claim(flow.ended_tasks)
        # Read before it starts: a flow that is still pending tells its new holder that it never ran.
        data = flow.to_data(job)
        flow.start(claim)
        job.owner, job.version = owner, flow.version
        return data

    def _check_offsets(self, rows: Sequence[TaskRow | AttemptRow | FlowRow | LogRow]) -> None:
        for row in rows:
            if row.offset not in self._flows:
                raise RowRefused(f"no flow stands at offset {row.offset}")

    def _write(self, batch: Batch) -> None:
        for task in batch.tasks:
            self._flows[task.offset].write_task(task)
        for attempt in batch.attempts:
            self._flows[attempt.offset].attempts.setdefault((attempt.name, attempt.attempt), attempt)
        for row in batch.flows:
            self._flows[row.offset].write(row)
        for record in batch.logs:
            self._flows[record.offset].write_log(record, next(self._log_ids))
