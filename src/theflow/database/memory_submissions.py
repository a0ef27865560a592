"""Jobs with rules of their own in the reference store: unique keys, and a time until when they have to start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from theflow.database.memory_flow import MemoryFlow
from theflow.database.memory_keys import MemoryKeys
from theflow.database.memory_pauses import MemoryPauses
from theflow.database.memory_queue import MemoryJob
from theflow.database.records import Told
from theflow.errors import InputError, RowRefused
from theflow.model.flow_data import FlowDataPartial
from theflow.model.job import JobMetaObject
from theflow.model.status import FlowStatus
from theflow.model.submission import (
    GOES_ON,
    KeyHolder,
    Outcome,
    Step,
    Submission,
    Submitted,
    UniqueKey,
    key_of,
    next_step,
    put_off,
    rejected,
    taken,
    whole,
)
from theflow.model.verb import EXPIRED, EXPIRED_BEFORE
from theflow.model.view import DONE, Request


class MemorySubmissions(MemoryPauses):
    """The submissions of the reference store."""

    def __init__(self) -> None:
        super().__init__()
        self._keys = MemoryKeys()
        self._owners: dict[UniqueKey, int] = {}
        self._expiries: dict[int, int] = {}

    def create_jobs(self, flows: Sequence[FlowDataPartial]) -> list[JobMetaObject]:
        """Save jobs with their pending flows, or return those that have the same key and input."""
        with self._lock:
            self._check_ids(self._keys.check(flows))
            self._writes += 1
            return [self._create_or_get(flow) for flow in flows]

    def submit(self, submission: Submission) -> list[Submitted]:
        """Save jobs, all or each for itself, and do to those with their keys what they say."""
        if submission.connection is not None:
            raise InputError("connection: the store in memory has none; submit without it")
        with self._lock:
            if submission.whole:
                self._refuse(submission)
            self._writes += 1
            return [self._submit(flow, submission) for flow in submission.flows]

    def expire(self, now: int, limit: int) -> int:
        """End flows that have not started in time, so many at most; return how many times have passed."""
        with self._lock:
            due = sorted((at, offset) for offset, at in self._expiries.items() if at <= now)[:limit]
            for flow_class in {self._flows[offset].job.meta.flow_class for _, offset in due}:
                self._touch(flow_class)
            for _, offset in due:
                del self._expiries[offset]
                self._expire(offset, now)
            self._writes += bool(due)
            return len(due)

    def _expire(self, offset: int, now: int) -> None:
        flow, job = self._flows[offset], self._queue.get(offset)
        if job is not None and job.owner is None and flow.expire(now, EXPIRED):
            flow.drop_requests(now, EXPIRED_BEFORE)
            self._queue.remove(offset)

    def _refuse(self, submission: Submission) -> None:
        """Raise the first refusal, by what the jobs before it will have made of its key."""
        mine: dict[UniqueKey, FlowDataPartial] = {}
        for number, flow in enumerate(submission.flows):
            key = key_of(flow)
            if key is None or self._keys.find(flow) is not None:
                continue
            holder = _new(mine[key]) if key in mine else self._holder(key)
            step = next_step(flow.meta.policy, holder)
            if step is Step.REJECT and holder is not None:
                self._keys.check(submission.flows[:number])
                whole([Submitted(Outcome.EXISTING, error=rejected(flow, holder))])
            if step in (Step.CREATE, Step.CANCEL):
                mine[key] = flow
        self._check_ids(self._keys.check(submission.flows))

    def _submit(self, flow: FlowDataPartial, submission: Submission) -> Submitted:
        try:
            fresh = self._keys.check((flow,))
        except InputError as error:
            return Submitted(Outcome.EXISTING, error=error)
        known = self._keys.find(flow)
        if not fresh and known is not None:
            return Submitted(Outcome.EXISTING, known.job)
        key = key_of(flow)
        holder = None if key is None else self._holder(key)
        answer = None if holder is None else self._meet(flow, holder, submission)
        return self._created(flow, key) if answer is None else answer

    def _created(self, flow: FlowDataPartial, key: UniqueKey | None) -> Submitted:
        self._check_ids((flow,))
        job = self._create_or_get(flow)
        if key is not None:
            self._owners[key] = job.offset
        self._mark(flow, job.offset)
        return Submitted(Outcome.CREATED, job)

    def _meet(self, flow: FlowDataPartial, holder: KeyHolder, submission: Submission) -> Submitted | None:
        found = self._flows[holder.offset]
        match next_step(flow.meta.policy, holder):
            case Step.RETURN:
                return Submitted(Outcome.EXISTING, found.job)
            case Step.REJECT:
                return Submitted(Outcome.EXISTING, error=rejected(flow, holder))
            case Step.REPLACE:
                self._replace(put_off(flow, holder.created_at), found, submission)
                return Submitted(Outcome.REPLACED, found.job)
            case Step.CANCEL:
                reason = f"by flow {flow.flow_id} with unique key {flow.meta.unique!r}"
                self._tell(holder.offset, _request("cancel", reason, submission))
        return None

    def _replace(self, flow: FlowDataPartial, found: MemoryFlow, submission: Submission) -> None:
        offset, meta = found.job.offset, flow.meta
        self._touch(meta.flow_class)
        found.replace(flow)
        job = self._queue.require(offset)
        job.version, job.priority, job.run_at = flow.version, meta.priority, flow.run_at
        self._expiries.pop(offset, None)
        self._mark(flow, offset)
        if meta.debounce is None:
            asked = _request("replace", f"by another job with unique key {meta.unique!r}", submission)
            self._note(found, replace(asked, handled_at=asked.asked_at, answer=DONE))

    def _mark(self, flow: FlowDataPartial, offset: int) -> None:
        found = self._flows[offset]
        found.unique, found.expires_at = flow.meta.unique, flow.expires_at
        if flow.expires_at is not None:
            self._expiries[offset] = flow.expires_at

    def _holder(self, key: UniqueKey) -> KeyHolder | None:
        flow = self._flows.get(self._owners.get(key, 0))
        return None if flow is None else flow.to_holder(self._queue.get(flow.job.offset))

    def _leave(self, flow: MemoryFlow, job: MemoryJob | None, request: Request) -> Told:
        if flow.stand.ended and flow.unique is not None and request.verb in GOES_ON:
            meta = flow.job.meta
            key = (meta.flow_class, meta.user, flow.unique)
            holder = self._holder(key)
            if holder is not None and holder.offset != flow.job.offset and holder.active:
                return Told(flow.stand, refusal=taken(flow.job.flow_id, flow.unique, holder))
            self._owners[key] = flow.job.offset
        return super()._leave(flow, job, request)

    def _tell(self, offset: int, request: Request) -> Told:
        flow = self._flows.get(offset)
        if flow is not None and request.verb == "edit_job":
            self._touch(flow.job.meta.flow_class)
        return super()._tell(offset, request)

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


def _new(flow: FlowDataPartial) -> KeyHolder:
    """The flow of a job, once it is saved."""
    return KeyHolder(0, flow.flow_id, FlowStatus.PENDING, False, False, False, 0, flow.created_at)  # noqa: FBT003


def _request(verb: str, reason: str, submission: Submission) -> Request:
    return Request(verb=verb, asked_by=submission.asked_by, reason=reason, asked_at=submission.asked_at)
