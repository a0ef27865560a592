"""Row tuple <-> object: one function a kind of row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from theflow.database import codec
from theflow.database.store import Holder, Incarnation, RuntimeRecord, TaskRow
from theflow.errors import DataRefused, InputError
from theflow.model.failure import Failure
from theflow.model.flow_data import FlowDataObject, FlowDataPartial, TaskDataObject
from theflow.model.job import NAME_LIMIT, JobMeta, JobMetaObject
from theflow.model.shaping import Candidate
from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus
from theflow.model.view import Attempt, FlowSummary, LogLine

Row = Sequence[Any]
_STATUSES = {status.value: status for status in FlowStatus}
_NO_LABELS: Mapping[str, str] = {}


def job_row(flow: FlowDataPartial, offset: int) -> tuple[object, ...]:
    """Return the parameters of insert_job."""
    meta = flow.meta
    return (offset, meta.flow_class, meta.user, flow.version, meta.priority, flow.run_at)


def flow_row(flow: FlowDataPartial, offset: int) -> tuple[object, ...]:
    """Return the parameters of insert_flow."""
    meta = flow.meta
    return (
        offset,
        flow.flow_id,
        meta.flow_class,
        meta.user,
        flow.version,
        meta.priority,
        flow.run_at,
        flow.input.decode(),
        meta.description,
        codec.encode(dict(meta.labels)).decode() if meta.labels else "{}",
        meta.idempotency_key,
        flow.created_at,
    )


def flow_data(row: Row, claims: int, tasks: Sequence[Row], error: str | None) -> FlowDataObject:
    """Read a claimed flow; what cannot be read becomes its damage, and never an error that stops others."""
    _, _, _, _, _, version, status, data, storage, reason, run_at, started_at, ended_at = row[:13]
    damage = ""
    fields: Mapping[str, bytes] = codec.EMPTY
    known: tuple[TaskDataObject, ...] = ()
    stand = FlowStatus.RUNNING
    try:
        fields = codec.split(data if storage is None else storage)
        known = tuple([task_data(task) for task in tasks]) if tasks else ()
        # A flow that was parked and is let in again goes on where it was.
        stand = FlowStatus.RUNNING if status == FlowStatus.PARKED else _STATUSES[status]
        job = _job(row, row[4])
    except (InputError, KeyError, ValueError) as problem:
        damage = f"its row in the database is damaged: {problem}"
        job = _job(row, ascii(row[4])[:NAME_LIMIT])
    failure = None if error is None else codec.decode_failure(error)
    times = (run_at, started_at, ended_at)
    return FlowDataObject(job, version, stand, fields, reason, *times, known, failure, claims, damage)


def saved_job(row: Row) -> JobMetaObject:
    """Read a job as its user submitted it, with its input as plain JSON values."""
    job = _job(row, row[4])
    return job._replace(meta=replace(job.meta, input=codec.decode(row[7])))


def _job(row: Row, user: str) -> JobMetaObject:
    offset, flow_id, created_at, flow_class = row[:4]
    return JobMetaObject(offset, flow_id, created_at, _meta((flow_class, user, row[10], *row[13:17])))


@lru_cache(maxsize=4096)
def _meta(columns: tuple[Any, ...]) -> JobMeta:
    """Return what a user submitted, apart from the input: jobs that are alike share one value."""
    flow_class, user, run_at, description, labels, priority, key = columns
    return JobMeta(
        flow_class=flow_class,
        user=user,
        description=description,
        labels=_labels(labels),
        priority=priority,
        run_at=run_at,
        idempotency_key=key,
    )


def task_data(row: Row) -> TaskDataObject:
    """Read a task of a flow; raise ValueError for a status that nobody knows."""
    task = TaskRow(*row)
    return TaskDataObject(
        name=task.name,
        status=TaskStatus(task.status),
        attempt=task.attempt,
        failures=task.failures,
        result=None if task.result is None else task.result.encode(),
        retry_at=task.retry_at,
        started_at=task.started_at,
        ended_at=task.ended_at,
        runtime=task.runtime,
    )


def candidate(row: Row) -> Candidate:
    """Read the head of a queue."""
    offset, flow_class, user, version, priority, run_at, claims = row
    return Candidate(
        offset=offset,
        flow_class=flow_class,
        user=user,
        version=version,
        priority=priority,
        run_at=run_at,
        claims=claims,
    )


def summary(row: Row) -> FlowSummary:
    """Read a line of a list of flows; a status that nobody knows shows as parked."""
    (offset, flow_id, flow_class, version, user, status, description, labels, reason) = row[:9]
    created_at, run_at, started_at, ended_at, priority, key = row[9:15]
    known = status in FlowStatus.__members__.values()
    return FlowSummary(
        flow_id=flow_id,
        offset=offset,
        flow_class=flow_class,
        version=version,
        user=user,
        status=FlowStatus(status) if known else FlowStatus.PARKED,
        description=description,
        labels=_labels(labels),
        reason=reason if known else f"its row in the database is damaged: status {status!r}",
        created_at=created_at,
        run_at=run_at,
        started_at=started_at,
        ended_at=ended_at,
        priority=priority,
        idempotency_key=key,
    )


def attempt(row: Row) -> Attempt:
    """Read an attempt that did not succeed."""
    name, number, status, started_at, ended_at, runtime, error = row
    known = status in AttemptStatus.__members__.values()
    failure = None if error is None else codec.decode_failure(error)
    return Attempt(
        task=name,
        number=number,
        status=AttemptStatus(status) if known else AttemptStatus.FAILED,
        started_at=started_at,
        ended_at=ended_at,
        runtime=runtime,
        error=failure if known else Failure.plain("DamagedRow", f"the stored status {status!r} is unknown"),
    )


def log_line(row: Row) -> LogLine:
    """Read a log record."""
    number, task, attempt_number, at, level, logger, message = row
    return LogLine(id=number, task=task, attempt=attempt_number, at=at, level=level, logger=logger, message=message)


def runtime(row: Row) -> RuntimeRecord:
    """Read a live runtime."""
    number, name, epoch, host, pid, life, flows, classes, state, beat, started_at, held, draining, silent = row
    return RuntimeRecord(
        incarnation=Incarnation(id=number, name=name, epoch=epoch),
        holder=Holder(name=name, host=host, pid=pid, life=life, flows=flows, classes=classes),
        state=state,
        beat=beat,
        started_at=started_at,
        held=held,
        draining=bool(draining),
        silent=silent,
    )


def _labels(text: str) -> Mapping[str, str]:
    if text == "{}":
        return _NO_LABELS
    try:
        found: Mapping[str, str] = MappingProxyType(codec.decode(text, dict[str, str]))
    except DataRefused:
        return {"damaged": "its labels cannot be read"}
    return found
