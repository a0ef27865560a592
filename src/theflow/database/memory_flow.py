"""A flow in the reference store: what was written of it, and what it is read as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from theflow.database.batch import AttemptRow, ClaimRow, FlowRow, LogRow, PartRow, ProgressRow, TaskRow
from theflow.database.codec import decode, decode_failure, encode_failure, split, split_list
from theflow.database.memory_asked import MemoryAsked
from theflow.database.memory_queue import MemoryJob
from theflow.database.records import FlowRecord, QueuePlace, TaskRecord
from theflow.errors import DataRefused
from theflow.model.failure import LOST, Failure
from theflow.model.flow_data import FlowDataObject, FlowDataPartial, TaskDataObject, newest_revert
from theflow.model.job import JobMetaObject
from theflow.model.status import FAILED_ONCE, IN_DOUBT, AttemptStatus, FlowStatus, TaskStatus
from theflow.model.view import Attempt, FlowFilter, FlowSummary, LogLine, Request

Word = TypeVar("Word", bound=StrEnum)


@dataclass(slots=True, kw_only=True)
class MemoryFlow(MemoryAsked):
    """A flow with its tasks, attempts and logs. Statuses are text, as a damaged row may say anything."""

    tasks: dict[str, TaskRow] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)
    attempts: dict[tuple[str, int], AttemptRow] = field(default_factory=dict)
    logs: list[LogLine] = field(default_factory=list)
    progress: dict[str, str] = field(default_factory=dict)
    depth: int = 0
    parent: tuple[int, str, int] | None = None

    @classmethod
    def from_partial(cls, flow: FlowDataPartial, offset: int) -> MemoryFlow:
        """Keep a new flow, of which the caller can change nothing any more."""
        meta = flow.meta.kept(flow.run_at)
        job = JobMetaObject(offset=offset, flow_id=flow.flow_id, created_at=flow.created_at, meta=meta)
        return cls(job=job, input=flow.input.decode(), version=flow.version, run_at=flow.run_at)

    @property
    def ended_tasks(self) -> int:
        """How many tasks have their outcome."""
        return sum(_ended(row) for row in self.tasks.values())

    @property
    def stand(self) -> FlowStatus:
        """Where it stands; a status that nobody knows reads as parked."""
        return _word(FlowStatus, self.status) or FlowStatus.PARKED

    def start(self, claim: ClaimRow) -> None:
        """Make a pending flow a running one; a flow that has started keeps its version and its time."""
        if self.status in (FlowStatus.PENDING, FlowStatus.WAITING):
            self.status, self.version = FlowStatus.RUNNING, claim.version
            self.started_at = claim.started_at if self.started_at is None else self.started_at
        elif self.started_at is None:
            self.version, self.started_at = claim.version, claim.started_at

    def cancel(self, request: Request) -> None:
        """End as the machine ends a flow that nobody holds: what ran is lost, and what waited is over."""
        waited = self.status == FlowStatus.WAITING
        self.status, self.reason, self.ended_at = FlowStatus.CANCELLED, request.line(), request.asked_at
        self.ending = "clean"
        for name, row in self.tasks.items():
            if row.status == TaskStatus.RUNNING and not waited:
                lost = (AttemptStatus.LOST.value, encode_failure(LOST), row.runtime, row.started_at, None)
                self.attempts.setdefault((name, row.attempt), AttemptRow(row.offset, name, row.attempt, *lost))
            if row.status in (TaskStatus.RUNNING, TaskStatus.RETRYING, TaskStatus.WAITING):
                ended = row._replace(status=TaskStatus.CANCELLED.value, retry_at=None, ended_at=request.asked_at)
                self.tasks[name] = ended

    def take_over(self, origin: MemoryFlow, names: Sequence[str]) -> None:
        """Have the storage of another flow, and the outcomes of some of its tasks."""
        self.storage = origin.storage
        for name in names:
            row = origin.tasks.get(name)
            if row is not None and row.status in (TaskStatus.SUCCEEDED, TaskStatus.SKIPPED):
                self.tasks[name] = row._replace(offset=self.job.offset, retry_at=None, let=None)

    def resume(self, now: int, job: MemoryJob) -> None:
        """Go on where it was; what was left of its waits is left still, if whoever paused it wished so."""
        pauses = [request for request in self.requests if request.verb == "pause"]
        since = self.paused_at
        if since is not None and pauses and pauses[-1].payload.get("timers") == "hold":
            held = max(now - since, 0)
            self._move(_later(self.run_at, since, held))
            job.run_at = _later(job.run_at, since, held)
            for name, row in self.tasks.items():
                if not _ended(row):
                    retries = row.status == TaskStatus.RETRYING
                    retry_at = _later(row.retry_at, since, held) if retries else row.retry_at
                    deadline_at = _later(row.deadline_at, since, held)
                    self.tasks[name] = row._replace(retry_at=retry_at, deadline_at=deadline_at)
        if self.status in (FlowStatus.PARKED, FlowStatus.PAUSED):
            self.status = FlowStatus.PENDING if self.started_at is None else FlowStatus.RUNNING
            self.reason, self.paused_at = "", None

    def reopen_task(self, name: str) -> None:
        """Let a task have another outcome."""
        row = self.tasks.get(name)
        if row is not None:
            opened = row._replace(status=TaskStatus.PENDING.value, result=None, retry_at=None, ended_at=None, let=None)
            self.tasks[name] = opened

    def write(self, row: FlowRow) -> None:
        """Take over what a decision changed."""
        self.status, self.reason, self.ended_at, self.ending = row.status, row.reason, row.ended_at, row.ending
        if row.storage is not None:
            self.storage = row.storage

    def write_task(self, row: TaskRow) -> None:
        """Take over the state of a task, unless it has its outcome: that never changes."""
        known = self.tasks.get(row.name)
        if known is None or not _ended(known):
            self.tasks[row.name] = row

    def write_part(self, row: PartRow) -> None:
        """Take over the state of a part of a task, or of a task that was divided."""
        known = self.tasks.get(row.name)
        if known is None or not _ended(known):
            self.tasks[row.name] = TaskRow(row.offset, row.name, *row[3:11])
            self.parts[row.name] = row.part
            if row.given is not None:
                self.given[row.name] = row.given

    def write_progress(self, row: ProgressRow) -> None:
        """Take over how far an attempt has come, if it is the newest of its task."""
        known = self.tasks.get(row.name)
        if known is not None and known.attempt == row.attempt:
            self.progress[row.name] = row.progress

    def write_log(self, row: LogRow, number: int) -> None:
        """Append a log record under the next id."""
        line = LogLine(
            id=number,
            task=row.name,
            attempt=row.attempt,
            at=row.at,
            level=row.level,
            logger=row.logger,
            message=row.message,
        )
        self.logs.append(line)

    def matches(self, wanted: FlowFilter) -> bool:
        """Whether a list with this filter shows the flow."""
        job = self.job
        return (
            wanted.status in (None, self.status)
            and wanted.flow_class in (None, job.meta.flow_class)
            and wanted.user in (None, job.meta.user)
            and all(job.meta.labels.get(name) == value for name, value in wanted.labels.items())
            and (wanted.id_prefix is None or job.flow_id.startswith(wanted.id_prefix))
            and (wanted.created_after is None or job.created_at >= wanted.created_after)
            and (wanted.created_before is None or job.created_at < wanted.created_before)
        )

    def to_data(self, job: MemoryJob, claim: ClaimRow) -> FlowDataObject:
        """Read the flow as the engine takes it, with a word on whatever cannot be read."""
        asked = self.status != FlowStatus.PENDING or claim.verbs
        storage, damage = self._read_storage()
        status = _word(FlowStatus, self.status)
        gone_on = (FlowStatus.WAITING,) if job.verbs else (FlowStatus.WAITING, FlowStatus.PARKED)
        data = FlowDataObject(
            job=self.job,
            version=self.version,
            # A flow that was parked, or waited, and is let in again goes on where it was.
            status=FlowStatus.RUNNING if status is None or status in gone_on else status,
            storage=storage,
            reason=self.reason,
            run_at=self.run_at,
            started_at=self.started_at,
            ended_at=self.ended_at,
            tasks=tuple(
                _task(row, self.given.get(row.name), doubt=self._in_doubt(row))
                for row in self.tasks.values()
                if _word(TaskStatus, row.status) is not None
            ),
            claims=job.claims,
            failure=self._first_failure() if status in FAILED_ONCE else None,
            damage="; ".join([*self._unknown_words(), *damage]),
            depth=self.depth,
            expires_at=self.expires_at,
        )
        if status is FlowStatus.REVERTING:
            data = data._replace(revert=newest_revert(self.requests))
        if not (asked and (job.asked or job.verbs)):
            return data
        data = data._replace(requests=tuple(self.open_requests), reopened=job.reopened)
        return data.asked_to_end(data.requests) if job.asked else data

    def to_summary(self) -> FlowSummary:
        """Read the flow as one line of a list."""
        meta = self.job.meta
        status = _word(FlowStatus, self.status)
        return FlowSummary(
            flow_id=self.job.flow_id,
            offset=self.job.offset,
            flow_class=meta.flow_class,
            version=self.version,
            user=meta.user,
            status=self.stand,
            description=meta.description,
            labels=dict(meta.labels),
            reason=self.reason if status else f"the flow is damaged: {self._unknown_words()[0]}",
            created_at=self.job.created_at,
            run_at=self.run_at,
            started_at=self.started_at,
            ended_at=self.ended_at,
            priority=meta.priority,
            idempotency_key=meta.idempotency_key,
            ending=self.ending,
            unique=self.unique,
            expires_at=self.expires_at,
        )

    def to_record(self, place: QueuePlace | None, names: Mapping[int, str]) -> FlowRecord:
        """Read the flow as people are shown it; `names` are those of the incarnations."""
        return FlowRecord(
            summary=self.to_summary(),
            input=self.input,
            storage=self.input if self.storage is None else self.storage,
            tasks=tuple(
                TaskRecord(
                    row=row,
                    runtime=names.get(row.runtime, ""),
                    error=self._newest_error(row.name),
                    progress=self.progress.get(row.name),
                    part=self.parts.get(row.name, 0),
                    given=self.given.get(row.name),
                )
                for row in self.tasks.values()
                if self.parts.get(row.name, 0) in (0, -1)
            ),
            place=place,
        )

    def to_attempts(self, names: Mapping[int, str]) -> list[Attempt]:
        """Read the attempts that did not succeed, by task and number."""
        rows = sorted(self.attempts.values(), key=lambda row: (row.name, row.attempt))
        return [_attempt(row, names.get(row.runtime, "")) for row in rows]

    def _read_storage(self) -> tuple[Mapping[str, bytes], list[str]]:
        try:
            return split(self.input if self.storage is None else self.storage), []
        except DataRefused as error:
            return {}, [f"{'input' if self.storage is None else 'storage'}: {error.problem}"]

    def _unknown_words(self) -> list[str]:
        unknown = [f"unknown flow status {self.status!r}"] * (_word(FlowStatus, self.status) is None)
        rows = [row for row in self.tasks.values() if _word(TaskStatus, row.status) is None]
        return [*unknown, *(f"unknown status {row.status!r} of task {row.name!r}" for row in rows)]

    def _first_failure(self) -> Failure | None:
        """Why the flow failed: the last error of the task that was the first to fail for good."""
        tasks = (row for row in self.tasks.values() if self.parts.get(row.name, 0) >= 0)
        failed = [row for row in tasks if row.status == TaskStatus.FAILED]
        last = [(row, self.attempts.get((row.name, row.attempt))) for row in failed]
        found = [(row.ended_at or 0, each.ended_at or 0, each.error) for row, each in last if each and each.error]
        return decode_failure(min(found)[2]) if found else None

    def _in_doubt(self, row: TaskRow) -> bool:
        """Whether an attempt of a task ended that may have done it, although it has not succeeded."""
        ends = [each for each in self.attempts.values() if each.name == row.name and each.status in IN_DOUBT]
        began = any(each.status != AttemptStatus.CANCELLED or each.started_at for each in ends)
        return row.status != TaskStatus.SUCCEEDED and began

    def _newest_error(self, task: str) -> str | None:
        numbers = [number for name, number in self.attempts if name == task]
        return self.attempts[task, max(numbers)].error if numbers else None


def _later(at: int | None, since: int, held: int) -> int | None:
    """Return a time that was still to come when all was held, so much later."""
    return at if at is None or at <= since else at + held


def _ended(row: TaskRow) -> bool:
    status = _word(TaskStatus, row.status)
    return status is not None and status.ended


def _word(kind: type[Word], text: str) -> Word | None:
    return next((word for word in kind if word == text), None)


def _task(row: TaskRow, given: str | None, *, doubt: bool) -> TaskDataObject:
    return TaskDataObject(
        name=row.name,
        status=TaskStatus(row.status),
        attempt=row.attempt,
        failures=row.failures,
        result=None if row.result is None else row.result.encode(),
        retry_at=row.retry_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        runtime=row.runtime,
        deadline_at=row.deadline_at,
        given=None if given is None else split_list(given),
        doubt=doubt,
        let=() if row.let is None else tuple(decode(row.let)),
    )


def _attempt(row: AttemptRow, runtime: str) -> Attempt:
    return Attempt(
        task=row.name,
        number=row.attempt,
        status=_word(AttemptStatus, row.status) or AttemptStatus.FAILED,
        started_at=row.started_at,
        ended_at=row.ended_at,
        runtime=runtime,
        error=None if row.error is None else decode_failure(row.error),
    )
