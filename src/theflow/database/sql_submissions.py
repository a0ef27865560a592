"""Jobs with rules of their own in a SQL database: unique keys, and a time until when they have to start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from theflow.database import codec, rows
from theflow.database.caller import driver_connection
from theflow.database.dialect import Session
from theflow.database.sql_jobs import create_each, known_job
from theflow.database.sql_requests import SqlRequests, tell
from theflow.errors import IdempotencyConflict
from theflow.model.flow_data import FlowDataPartial
from theflow.model.job import JobMetaObject
from theflow.model.submission import (
    KeyHolder,
    Outcome,
    Step,
    Submission,
    Submitted,
    UniqueKey,
    key_of,
    next_step,
    parts,
    put_off,
    rejected,
    whole,
)
from theflow.model.verb import EXPIRED, EXPIRED_BEFORE
from theflow.model.view import DONE, Request


class SqlSubmissions(SqlRequests):
    """The submissions of the RuntimeStore over a dialect."""

    def submit(self, submission: Submission) -> list[Submitted]:
        """Save jobs in one transaction, all or each for itself, and do to those with their keys what they say."""
        if submission.connection is not None:
            with self._dialect.within(driver_connection(submission.connection)) as session:
                return _submit(session, submission)
        with self._dialect.write() as session:
            results = _submit(session, submission)
        self._dialect.announce()
        return results

    def expire(self, now: int, limit: int) -> int:
        """End flows that have not started in time, so many at most; return how many times have passed."""
        due = self._dialect.glance("due_expiries", {"now": now, "limit": limit})
        if not due:
            return 0
        with self._dialect.write() as session:
            # In one order everywhere, so that two transactions never wait for each other. Looks from before count no
            # more, and whoever waits for a change sees one.
            for flow_class in sorted({row[1] for row in due}):
                _touch(session, flow_class)
            for offset in sorted(row[0] for row in due):
                _expire(session, offset, now)
        self._dialect.announce()
        return len(due)


def _submit(session: Session, submission: Submission) -> list[Submitted]:
    keys: set[UniqueKey] = {key for flow in submission.flows if (key := key_of(flow)) is not None}
    # First of all, and in one order everywhere: whoever has a key may then look at its flow in peace.
    for key in sorted(keys):
        session.run("hold_key", _of_key(key))
    results: list[Submitted] = []
    for flows in parts(submission.flows):
        results.extend(_Part(session, submission, flows).run())
    return whole(results) if submission.whole else results


@dataclass(frozen=True, slots=True)
class _Part:
    """Jobs of one submission of which no two have the same unique key; the keys are held."""

    session: Session
    submission: Submission
    flows: Sequence[FlowDataPartial]

    def run(self) -> list[Submitted]:
        """Do what is to be done with each, and save those that are new."""
        # In one order everywhere, as above.
        order = sorted(range(len(self.flows)), key=lambda number: _place(self.flows[number]))
        answers = {number: self._meet(self.flows[number]) for number in order}
        met = [answers[number] for number in range(len(self.flows))]
        fresh = [flow for flow, known in zip(self.flows, met, strict=True) if known is None]
        saved = iter([self._saved(flow, job) for flow, job in zip(fresh, self._create(fresh), strict=True)])
        return [next(saved) if known is None else known for known in met]

    def _create(self, fresh: Sequence[FlowDataPartial]) -> Sequence[JobMetaObject | IdempotencyConflict]:
        return create_each(self.session, fresh) if fresh else ()

    def _meet(self, flow: FlowDataPartial) -> Submitted | None:
        """Return what becomes of a job that makes no flow, None for one that does."""
        job = known_job(self.session, flow)
        if job is not None:
            return _known(job)
        key = key_of(flow)
        if key is None:
            return None
        holder = _holder(self.session, key)
        step = next_step(flow.meta.policy, holder)
        if step is Step.REPLACE and holder is not None:
            # Nobody takes the flow in hand from here on: a look from before counts no more.
            _touch(self.session, flow.meta.flow_class)
            locked = self.session.one("lock_job", {"offset": holder.offset})
            holder = _holder(self.session, key) if locked is not None and locked[0] is None else None
            step = next_step(flow.meta.policy, holder)
        return None if holder is None else self._take(flow, holder, step)

    def _take(self, flow: FlowDataPartial, holder: KeyHolder, step: Step) -> Submitted | None:
        match step:
            case Step.RETURN:
                return Submitted(Outcome.EXISTING, _job_at(self.session, holder.offset))
            case Step.REJECT:
                return Submitted(Outcome.EXISTING, error=rejected(flow, holder))
            case Step.REPLACE:
                return self._replace(put_off(flow, holder.created_at), holder)
            case Step.CANCEL:
                tell(self.session, holder.offset, self._request("cancel", flow, f"flow {flow.flow_id}"))
        return None

    def _replace(self, flow: FlowDataPartial, holder: KeyHolder) -> Submitted:
        place = {"offset": holder.offset}
        meta = flow.meta
        given = {**place, "version": flow.version, "priority": meta.priority, "run_at": flow.run_at}
        text = {"input": flow.input.decode(), "description": meta.description, "labels": rows.labels(meta.labels)}
        self.session.run("replace_flow", {**given, **text})
        self.session.run("replace_job", given)
        self.session.run("delete_expiry", place)
        self._mark(flow, holder.offset)
        if meta.debounce is None:
            asked = self._request("replace", flow, "another job")
            done = replace(asked, handled_at=asked.asked_at, answer=DONE)
            self.session.run("insert_request", rows.request_row(holder.offset, done))
        return Submitted(Outcome.REPLACED, JobMetaObject(holder.offset, holder.flow_id, holder.created_at, meta))

    def _saved(self, flow: FlowDataPartial, job: JobMetaObject | IdempotencyConflict) -> Submitted:
        if isinstance(job, IdempotencyConflict) or job.flow_id != flow.flow_id:
            return _known(job)
        key = key_of(flow)
        if key is not None:
            self.session.run("own_key", {**_of_key(key), "offset": job.offset})
        self._mark(flow, job.offset)
        return Submitted(Outcome.CREATED, job)

    def _mark(self, flow: FlowDataPartial, offset: int) -> None:
        if flow.plain:
            return
        expires = {"offset": offset, "expires_at": flow.expires_at}
        self.session.run("mark_flow", {**expires, "unique_key": flow.meta.unique})
        if flow.expires_at is not None:
            self.session.run("insert_expiry", expires)

    def _request(self, verb: str, flow: FlowDataPartial, by: str) -> Request:
        reason = f"by {by} with unique key {flow.meta.unique!r}"
        asked_by, asked_at = self.submission.asked_by, self.submission.asked_at
        return Request(verb=verb, asked_by=asked_by, reason=reason, asked_at=asked_at)


def _known(job: JobMetaObject | IdempotencyConflict) -> Submitted:
    if isinstance(job, IdempotencyConflict):
        return Submitted(Outcome.EXISTING, error=job)
    return Submitted(Outcome.EXISTING, job)


def _holder(session: Session, key: UniqueKey) -> KeyHolder | None:
    row = session.one("key_holder", _of_key(key))
    return None if row is None else rows.key_holder(row)


def _job_at(session: Session, offset: int) -> JobMetaObject:
    row = session.one("job_at", {"offset": offset})
    if row is None:
        raise LookupError(offset)
    return rows.saved_job(row)


def _place(flow: FlowDataPartial) -> UniqueKey:
    return key_of(flow) or ("", "", "")


def _touch(session: Session, flow_class: str) -> None:
    session.many("insert_class", [(flow_class,)])
    session.run("touch_class", {"name": flow_class})


def _of_key(key: UniqueKey) -> dict[str, object]:
    return {"flow_class": key[0], "user_name": key[1], "name": key[2]}


def _expire(session: Session, offset: int, now: int) -> None:
    place = {"offset": offset}
    job = session.one("lock_job", place)
    # Whoever holds the flow has it in hand in time, or finds out by itself that it has not.
    if job is not None and job[0] is None:
        _end(session, offset, now)
    session.run("delete_expiry", place)


def _end(session: Session, offset: int, now: int) -> None:
    place = {"offset": offset}
    if session.run("expire_flow", {**place, "reason": EXPIRED, "ended_at": now}):
        session.run("drop_requests", {**place, "at": now, "answer": EXPIRED_BEFORE})
        session.run("drop_verbs", place)
        session.run("delete_jobs", {"offsets": codec.encode_definition([offset])})
