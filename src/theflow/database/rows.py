"""Row tuple <-> object: one function a kind of row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from theflow.database import codec
from theflow.database.batch import TaskRow
from theflow.database.records import Holder, Incarnation, RuntimeRecord
from theflow.errors import DataRefused, InputError
from theflow.model.failure import Failure
from theflow.model.flow_data import ChildDataObject, FlowDataObject, FlowDataPartial, TaskDataObject
from theflow.model.job import NAME_LIMIT, JobMeta, JobMetaObject
from theflow.model.look import Candidate
from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus
from theflow.model.submission import KeyHolder
from theflow.model.view import Attempt, FlowLink, FlowSummary, LogLine, Request

Row = Sequence[Any]
_STATUSES = {status.value: status for status in FlowStatus}
_LET_IN = (FlowStatus.PARKED, FlowStatus.WAITING)
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
        labels(meta.labels),
        meta.idempotency_key,
        flow.created_at,
    )


def labels(given: Mapping[str, str]) -> str:
    """Return labels as JSON."""
    return codec.encode(dict(given)).decode() if given else "{}"


def key_holder(row: Row) -> KeyHolder:
    """Read the flow that a unique key belongs to."""
    offset, flow_id, word, started_at, owner, asked, verbs, created_at = row
    begun, held = started_at is not None, owner is not None
    return KeyHolder(offset, flow_id, status(word), begun, held, bool(asked), verbs or 0, created_at)


def flow_data(row: Row, claims: int, tasks: Sequence[Row], error: str | None) -> FlowDataObject:
    """Read a claimed flow; what cannot be read becomes its damage, and never an error that stops others."""
    version, status, data, storage, reason, run_at, started_at, ended_at = row[5:13]
    damage = ""
    fields: Mapping[str, bytes] = codec.EMPTY
    known: tuple[TaskDataObject, ...] = ()
    stand = FlowStatus.RUNNING
    try:
        fields = codec.split(data if storage is None else storage)
        known = tuple([task_data(task) for task in tasks]) if tasks else ()
        # A flow that was parked, or waited, and is let in again goes on where it was.
        stand = FlowStatus.RUNNING if status in _LET_IN else _STATUSES[status]
        job = _job(row, row[4])
    except (InputError, KeyError, ValueError) as problem:
        damage = f"its row in the database is damaged: {problem}"
        job = _job(row, ascii(row[4])[:NAME_LIMIT])
    failure = None if error is None else codec.decode_failure(error)
    return FlowDataObject(
        job,
        version,
        stand,
        fields,
        reason,
        run_at,
        started_at,
        ended_at,
        known,
        failure,
        claims,
        damage,
        row[17],
        expires_at=row[18],
    )


def saved_job(row: Row) -> JobMetaObject:
    """Read a job as its user submitted it, with its input as plain JSON values."""
    job = _job(row, row[4])
    return job._replace(meta=replace(job.meta, input=codec.decode(row[7])))


def _job(row: Row, user: str) -> JobMetaObject:
    offset, flow_id, created_at, flow_class = row[:4]
    return JobMetaObject(offset, flow_id, created_at, _meta(flow_class, user, row[10], row[13:17]))


@lru_cache(maxsize=4096)
def _meta(flow_class: str, user: str, run_at: int | None, others: tuple[Any, ...]) -> JobMeta:
    """Return what a user submitted, apart from the input: jobs that are alike share one value."""
    description, labels, priority, key = others
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
    task = TaskRow(*row[:11])
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
        deadline_at=task.deadline_at,
        given=None if row[11] is None else codec.split_list(row[11]),
        doubt=bool(row[12]),
        let=() if row[13] is None else tuple(codec.decode(row[13])),
    )


def candidate(row: Row) -> Candidate:
    """Read the head of a queue."""
    return Candidate(*row)


def summary(row: Row) -> FlowSummary:
    """Read a line of a list of flows; a status that nobody knows shows as parked."""
    (offset, flow_id, flow_class, version, user, status, description, labels, reason) = row[:9]
    created_at, run_at, started_at, ended_at, priority, key, ending, unique, expires_at = row[9:18]
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
        ending=ending,
        unique=unique,
        expires_at=expires_at,
    )


def status(word: str) -> FlowStatus:
    """Read where a flow stands; a status that nobody knows reads as parked."""
    return FlowStatus(word) if word in FlowStatus.__members__.values() else FlowStatus.PARKED


def request(row: Row) -> Request:
    """Read what somebody asked of a flow."""
    number, verb, asked_by, reason, asked_at, payload, handled_at, answer = row
    return Request(
        verb=verb,
        asked_by=asked_by,
        reason=reason,
        asked_at=asked_at,
        payload=codec.decode(payload) if payload else {},
        handled_at=handled_at,
        answer=answer or "",
        id=number,
    )


def request_row(offset: int, request: Request) -> Mapping[str, object]:
    """Return the parameters of insert_request."""
    return {
        "offset": offset,
        "verb": request.verb,
        "asked_by": request.asked_by,
        "reason": request.reason,
        "asked_at": request.asked_at,
        "payload": codec.encode_definition(request.payload) if request.payload else None,
        "handled_at": request.handled_at,
        "answer": request.answer or None,
    }


def child(row: Row) -> ChildDataObject:
    """Read a sub-flow that a flow waits for."""
    name, number, flow_id, word, storage, reason = row
    return ChildDataObject(name, number, flow_id, status(word), storage.encode(), reason)


def link(row: Row) -> FlowLink:
    """Read a flow as its kin is shown it."""
    flow_id, offset, flow_class, user, word, reason, task, number = row
    return FlowLink(
        flow_id=flow_id,
        offset=offset,
        flow_class=flow_class,
        user=user,
        status=status(word),
        reason=reason,
        task=task,
        attempt=number,
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
        error=failure if known else _damaged(status),
    )


def _damaged(status: str) -> Failure:
    return Failure.plain("DamagedRow", f"the stored status {status!r} is unknown", "damaged_row")


def log_line(row: Row) -> LogLine:
    """Read a log record."""
    number, task, attempt_number, at, level, logger, message = row
    return LogLine(id=number, task=task, attempt=attempt_number, at=at, level=level, logger=logger, message=message)


def runtime(row: Row) -> RuntimeRecord:
    """Read a live runtime."""
    number, name, epoch, host, pid, life, flows, classes, state, beat, started_at, held, draining, silent = row[:14]
    asked, lost_threads = row[14:]
    return RuntimeRecord(
        incarnation=Incarnation(id=number, name=name, epoch=epoch),
        holder=Holder(name=name, host=host, pid=pid, life=life, flows=flows, classes=classes),
        state=state,
        beat=beat,
        started_at=started_at,
        held=held,
        draining=bool(draining),
        silent=silent,
        asked=asked,
        lost_threads=lost_threads,
    )


def _labels(text: str) -> Mapping[str, str]:
    if text == "{}":
        return _NO_LABELS
    try:
        found: Mapping[str, str] = MappingProxyType(codec.decode(text, dict[str, str]))
    except DataRefused:
        return {"damaged": "its labels cannot be read"}
    return found


def undoes_on_cancel(definition: str) -> bool:
    """Whether flows of a class undo what they did when they are cancelled, as its stored definition says."""
    return bool(codec.decode(definition).get("on_cancel") == "rollback")
