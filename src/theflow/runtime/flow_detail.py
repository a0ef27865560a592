"""A flow as people are shown it, from its record and the snapshot of its scheme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from theflow.database import codec
from theflow.database.records import FlowRecord, TaskRecord
from theflow.errors import DataRefused
from theflow.model.failure import Failure
from theflow.model.status import TaskStatus
from theflow.model.undo import SUFFIX, UNKNOWN
from theflow.model.view import FlowDetail, FlowSummary, Kin, Request, TaskLine, TaskProgress, UndoLine
from theflow.runtime.definition import SchemeDefinition


def flow_detail(
    record: FlowRecord,
    definition: SchemeDefinition | None,
    storage: Any,
    waiting: tuple[str, ...],
    requests: Sequence[Request],
    kin: Kin,
) -> FlowDetail:
    """Return the flow; input and storage are read as the type `storage` where they fit it."""
    values = {name: getattr(record.summary, name) for name in FlowSummary.__slots__}
    return FlowDetail(
        **values,
        input=_value(record.input, storage),
        storage=_value(record.storage, storage),
        tasks=_lines(record, definition),
        waiting=waiting,
        runtime=record.place.owner if record.place is not None else None,
        requests=tuple(requests),
        parent=kin.parent,
        children=kin.children,
    )


def _value(data: str, kind: Any) -> Any:
    """Read stored JSON as its type where it fits; what does not fit is shown as it is."""
    try:
        return codec.decode(data, kind)
    except DataRefused:
        try:
            return codec.decode(data)
        except DataRefused:
            return data


def _progress(task: TaskRecord) -> TaskProgress | None:
    """Read how far a task has come; what an earlier attempt has said of itself counts no more."""
    if task.progress is None:
        return None
    try:
        found: TaskProgress = codec.decode(task.progress, TaskProgress)
    except DataRefused:
        return None
    return found if found.attempt == task.row.attempt else None


def _lines(record: FlowRecord, definition: SchemeDefinition | None) -> tuple[TaskLine, ...]:
    known = {task.row.name: task for task in record.tasks if task.part == 0}
    undos = {task.row.name: _undo(task) for task in record.tasks if task.part < 0}
    order = dict(definition.tasks) if definition is not None else {}
    for name in sorted(known, key=lambda name: known[name].row.started_at or 0):
        order.setdefault(name, ())
    lines = []
    for name, after in order.items():
        task = known.get(name)
        line = TaskLine(name=name, status=TaskStatus.PENDING, after=after)
        if task is not None:
            row = task.row
            line = replace(
                line,
                status=_status(row.status),
                attempt=row.attempt,
                result=None if row.result is None else _value(row.result, Any),
                retry_at=row.retry_at,
                started_at=row.started_at,
                ended_at=row.ended_at,
                error=_error(task),
                progress=_progress(task),
            )
        lines.append(replace(line, undo=undos.get(name + SUFFIX)))
    return tuple(lines)


def _undo(task: TaskRecord) -> UndoLine:
    row = task.row
    return UndoLine(
        name=row.name,
        status=_status(row.status),
        unknown=task.given == UNKNOWN.decode(),
        attempt=row.attempt,
        retry_at=row.retry_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        error=_error(task),
    )


def _status(word: str) -> TaskStatus:
    return TaskStatus(word) if word in TaskStatus.__members__.values() else TaskStatus.PENDING


def _error(task: TaskRecord) -> Failure | None:
    if task.error is None or task.row.status == TaskStatus.SUCCEEDED:
        return None
    return codec.decode_failure(task.error)
