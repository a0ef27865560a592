"""The reference store: everything in this process, one lock, as plain as the rules themselves.

A method checks first and writes then, under the lock from end to end: so each is a transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count, islice

from theflow.database.batch import AttemptRow, Batch, ClaimRow, FlowRow, LogRow, PartRow, TaskRow
from theflow.database.memory_flow import MemoryFlow
from theflow.database.memory_kin import MemoryKin
from theflow.database.memory_queue import MemoryJob
from theflow.database.memory_runtimes import MemoryRuntimes
from theflow.database.memory_submissions import MemorySubmissions
from theflow.database.memory_transaction import MemoryTransaction
from theflow.database.records import (
    ClassRecord,
    Fence,
    FlowRecord,
    Fork,
    Holder,
    Incarnation,
    Lending,
    LookQuery,
    Pace,
    RuntimeRecord,
    SchemeRecord,
)
from theflow.errors import InputError, RowRefused
from theflow.model.flow_data import FlowDataObject, FlowDataPartial
from theflow.model.job import JobMetaObject
from theflow.model.look import NOTHING_LEFT, Look, Settlement
from theflow.model.view import Attempt, Finding, FlowFilter, FlowSummary, LogLine


class _NothingBehind:
    """What a store without a database has nothing to do for."""

    pace = Pace(soon=0.002, later=0.02)
    lending = Lending(beside=True)

    def prepare(self) -> None:
        """Nothing to create."""

    def require(self) -> None:
        """It is there."""

    def require_room(self, bodies: int) -> None:
        """There is no connection to run out of."""

    def now(self) -> int | None:
        """It has no clock."""
        return None

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


class MemoryStore(MemorySubmissions, MemoryKin, _NothingBehind):
    """A RuntimeStore that lives as long as its process. All other stores answer like this one."""

    def __init__(self) -> None:
        super().__init__()
        self._runtimes = MemoryRuntimes()
        self._log_ids = count(1)

    def change_token(self, now: int) -> object:  # noqa: ARG002 - a runtime looks for due jobs every poll
        """Return how often jobs and flows were written."""
        with self._lock:
            return self._writes

    # --- jobs -----------------------------------------------------------------------------------------------------
    def fork(self, fork: Fork) -> JobMetaObject:
        """Save a new flow with what it takes over from another."""
        with self._lock:
            self._check_ids((fork.partial,))
            self._writes += 1
            job, origin = self._create_or_get(fork.partial), self._flows[fork.origin]
            flow = self._flows[job.offset]
            flow.take_over(origin, fork.kept)
            self._note(flow, fork.begun)
            self._queue.require(job.offset).verbs += 1
            self._note(origin, fork.noted)
            return job

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

    def beat(self, incarnation: Incarnation, lost_threads: int = 0) -> bool:
        """Raise the beat, and say how many threads are lost; False if the incarnation was taken over."""
        with self._lock:
            runtime = self._runtimes.find(incarnation)
            if runtime is None:
                return False
            runtime.beat += 1
            runtime.lost_threads = lost_threads
            return True

    def runtimes(self) -> list[RuntimeRecord]:
        """List the live incarnations."""
        with self._lock:
            return [each.to_record(self._queue.held_by(each.id)) for each in self._runtimes.live()]

    def set_draining(self, name: str, *, draining: bool) -> bool:
        """Tell the live runtime of that name to admit no more, or to admit again; False if there is none."""
        with self._lock:
            found = [runtime for runtime in self._runtimes.live() if runtime.holder.name == name]
            for runtime in found:
                runtime.draining = draining
            self._writes += 1
            return bool(found)

    def take_over(self, incarnation: Incarnation, beat: int) -> int:
        """Fence an incarnation that was seen silent since this beat and free its flows and its name; -1 if it beat."""
        with self._lock:
            runtime = self._runtimes.find(incarnation)
            if runtime is None or runtime.beat != beat:
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
            name = query.flow_class
            paused = {each.user for each in self._pauses.values() if each.flow_class == name and not each.flow}
            found = self._queue.look(query, paused, self._turns.of(name), self._turns.virtual(name))
            paid = self._buckets(name, query.now) if query.counted else {}
            return self._class(name), replace(found, paid=paid)

    def in_use(self, flow_class: str, now: int) -> Look:
        """Return what is in use of all that a class comes under, and its buckets."""
        with self._lock:
            used, paid = self._queue.usage(), self._buckets(flow_class, now)
        return Look(now=now, candidates=(), live={}, usage=used, paid=paid)

    def claim(
        self, fence: Fence, seen: ClassRecord, claims: Sequence[ClaimRow], settlement: Settlement = NOTHING_LEFT
    ) -> list[FlowDataObject] | None:
        """Take flows and count the claims; None if somebody admitted since the look (then nothing was written)."""
        with self._lock:
            runtime = self._runtimes.check(fence)
            jobs = {claim.offset: self._queue.get(claim.offset) for claim in claims}
            found = [job for job in jobs.values() if job is not None and job.free]
            if self._revisions.get(seen.flow_class) != seen.revision or len(found) != len(claims):
                return None
            if settlement.shared and self._shared != seen.shared:
                return None
            runtime.turn = fence.turn
            self._revisions[seen.flow_class] += 1
            self._settle(seen.flow_class, settlement)
            self._writes += 1
            return [self._claim(job, claim, runtime.id) for job, claim in zip(found, claims, strict=True)]

    def commit(self, fence: Fence, batch: Batch) -> None:
        """Write one turn, or nothing."""
        with self._lock:
            runtime = self._runtimes.check(fence)
            self._check_offsets((*batch.tasks, *batch.parts, *batch.attempts, *batch.flows, *batch.logs))
            runtime.turn = fence.turn
            self._writes += 1
            self._write(batch)
            self._answer(batch.answers)
            self._hold_back(batch)
            self._save_kin(batch)
            for offset in batch.released:
                self._queue.release(offset)
            for offset in batch.parked:
                job = self._queue.get(offset)
                if job is not None:
                    # One of which something was asked is free for whoever does it.
                    job.owner, job.parked = None, not (job.asked or job.verbs)
            for offset, at in batch.paused:
                self._flows[offset].paused_at = at

    def lend(self, ended: Callable[[], None]) -> MemoryTransaction:
        """Open a transaction for the body of a task, in which only its outcome can be written."""
        return MemoryTransaction(self.commit, ended)

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

    def inputs(self, offsets: Sequence[int]) -> dict[int, str]:
        """Return the inputs of flows by their offsets, as JSON."""
        with self._lock:
            return {offset: self._flows[offset].input for offset in offsets if offset in self._flows}

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

    def count_flows(self, flow_filter: FlowFilter) -> int:
        """Count the flows that a list would show."""
        with self._lock:
            return sum(flow.matches(flow_filter) for flow in self._flows.values())

    def unfinished(self, flow_class: str, versions: Sequence[int], now: int) -> int:
        """Count the flows of a class that run or are due, are not parked, and could be run by one of the versions."""
        with self._lock:
            return self._queue.unfinished(flow_class, versions, now)

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
    def _claim(self, job: MemoryJob, claim: ClaimRow, owner: int) -> FlowDataObject:
        flow = self._flows[job.offset]
        job.count_claim(flow.ended_tasks)
        # Read before it starts: a flow that is still pending tells its new holder that it never ran.
        data = flow.to_data(job, claim)._replace(children=self._awaited(job.offset))
        flow.start(claim)
        job.owner, job.version, job.woken, job.uses = owner, claim.version, False, claim.uses
        return data

    def _check_offsets(self, rows: Sequence[TaskRow | PartRow | AttemptRow | FlowRow | LogRow]) -> None:
        for row in rows:
            if row.offset not in self._flows:
                raise RowRefused(f"no flow stands at offset {row.offset}")

    def _write(self, batch: Batch) -> None:
        _write_tasks(self._flows, batch)
        for row in batch.flows:
            self._flows[row.offset].write(row)
        for record in batch.logs:
            self._flows[record.offset].write_log(record, next(self._log_ids))
        for throttle in batch.throttles:
            self._queue.throttles.add(throttle)
        for flow_class in {throttle.flow_class for throttle in batch.throttles} & self._revisions.keys():
            self._revisions[flow_class] += 1


def _write_tasks(flows: Mapping[int, MemoryFlow], batch: Batch) -> None:
    for offset, name in batch.reopened:
        flows[offset].reopen_task(name)
    for task in batch.tasks:
        flows[task.offset].write_task(task)
    for part in batch.parts:
        flows[part.offset].write_part(part)
    for said in batch.progress:
        # Like all that changes rows and makes none: what is not there is not changed.
        if said.offset in flows:
            flows[said.offset].write_progress(said)
    for attempt in batch.attempts:
        flows[attempt.offset].attempts.setdefault((attempt.name, attempt.attempt), attempt)
