"""A flow in the reference store: what was written of it, and what it is read as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar

from theflow.database.codec import decode_failure, split
from theflow.database.memory_queue import MemoryJob
from theflow.database.store import AttemptRow, ClaimRow, FlowRecord, FlowRow, LogRow, QueuePlace, TaskRecord, TaskRow
from theflow.errors import DataRefused
from theflow.model.failure import Failure
from theflow.model.flow_data import FlowDataObject, FlowDataPartial, TaskDataObject
from theflow.model.job import JobMetaObject
from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus
from theflow.model.view import Attempt, FlowFilter, FlowSummary, LogLine

Word = TypeVar("Word", bound=StrEnum)


@dataclass(slots=True, kw_only=True)
class MemoryFlow:
    """A flow with its tasks, attempts and logs. Statuses are text, as a damaged row may say anything."""

    job: JobMetaObject
    input: str
    version: int | None
    run_at: int | None
    status: str = FlowStatus.PENDING
    storage: str | None = None
    reason: str = ""
    started_at: int | None = None
    ended_at: int | None = None
    tasks: dict[str, TaskRow] = field(default_factory=dict)
    attempts: dict[tuple[str, int], AttemptRow] = field(default_factory=dict)
    logs: list[LogLine] = field(default_factory=list)

    @classmethod
    def from_partial(cls, flow: FlowDataPartial, offset: int) -> MemoryFlow:
        """Keep a new flow, of which the caller can change nothing any more."""
        meta = replace(flow.meta, input=None, labels=dict(flow.meta.labels), run_at=flow.run_at)
        job = JobMetaObject(offset=offset, flow_id=flow.flow_id, created_at=flow.created_at, meta=meta)
        return cls(job=job, input=flow.input.decode(), version=flow.version, run_at=flow.run_at)

    @property
    def ended_tasks(self) -> int:
        """How many tasks have their outcome."""
        return sum(_ended(row) for row in self.tasks.values())

    def start(self, claim: ClaimRow) -> None:
        """Make a pending flow a running one; a flow that has started keeps its version and its time."""
        if self.status == FlowStatus.PENDING:
            self.status, self.version, self.started_at = FlowStatus.RUNNING, claim.version, claim.started_at

    def write(self, row: FlowRow) -> None:
        """Take over what a decision changed."""
        self.status, self.reason, self.ended_at = row.status, row.reason, row.ended_at
        if row.storage is not None:
            self.storage = row.storage

    def write_task(self, row: TaskRow) -> None:
        """Take over the state of a task, unless it has its outcome: that never changes."""
        known = self.tasks.get(row.name)
        if known is None or not _ended(known):
            self.tasks[row.name] = row

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

    def to_data(self, job: MemoryJob) -> FlowDataObject:
        """Read the flow as the engine takes it, with a word on whatever cannot be read."""
        storage, damage = self._read_storage()
        status = _word(FlowStatus, self.status)
        return FlowDataObject(
            job=self.job,
            version=self.version,
            # A flow that was parked and is let in again goes on where it was.
            status=FlowStatus.RUNNING if status in (None, FlowStatus.PARKED) else status,
            storage=storage,
            reason=self.reason,
            run_at=self.run_at,
            started_at=self.started_at,
            ended_at=self.ended_at,
            tasks=tuple(_task(row) for row in self.tasks.values() if _word(TaskStatus, row.status) is not None),
            claims=job.claims,
            failure=self._first_failure() if status is FlowStatus.FAILED else None,
            damage="; ".join([*self._unknown_words(), *damage]),
        )

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
            status=status or FlowStatus.PARKED,
            description=meta.description,
            labels=dict(meta.labels),
            reason=self.reason if status else f"the flow is damaged: {self._unknown_words()[0]}",
            created_at=self.job.created_at,
            run_at=self.run_at,
            started_at=self.started_at,
            ended_at=self.ended_at,
            priority=meta.priority,
            idempotency_key=meta.idempotency_key,
        )

    def to_record(self, place: QueuePlace | None, names: Mapping[int, str]) -> FlowRecord:
        """Read the flow as people are shown it; `names` are those of the incarnations."""
        return FlowRecord(
            summary=self.to_summary(),
            input=self.input,
            storage=self.input if self.storage is None else self.storage,
            tasks=tuple(
                TaskRecord(row=row, runtime=names.get(row.runtime, ""), error=self._newest_error(row.name))
                for row in self.tasks.values()
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
        failed = [row for row in self.tasks.values() if row.status == TaskStatus.FAILED]
        last = [(row, self.attempts.get((row.name, row.attempt))) for row in failed]
        found = [(row.ended_at or 0, each.ended_at or 0, each.error) for row, each in last if each and each.error]
        return decode_failure(min(found)[2]) if found else None

    def _newest_error(self, task: str) -> str | None:
        numbers = [number for name, number in self.attempts if name == task]
        return self.attempts[task, max(numbers)].error if numbers else None


def _ended(row: TaskRow) -> bool:
    status = _word(TaskStatus, row.status)
    return status is not None and status.ended


def _word(kind: type[Word], text: str) -> Word | None:
    return next((word for word in kind if word == text), None)


def _task(row: TaskRow) -> TaskDataObject:
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
