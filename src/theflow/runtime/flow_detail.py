"""A flow as people are shown it, from its record and the snapshot of its scheme."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from theflow.database import codec
from theflow.database.store import FlowRecord
from theflow.errors import DataRefused
from theflow.model.status import TaskStatus
from theflow.model.view import FlowDetail, FlowSummary, TaskLine
from theflow.runtime.definition import SchemeDefinition


def flow_detail(
    record: FlowRecord, definition: SchemeDefinition | None, storage: Any, waiting: tuple[str, ...]
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


def _lines(record: FlowRecord, definition: SchemeDefinition | None) -> tuple[TaskLine, ...]:
    known = {task.row.name: task for task in record.tasks}
    order = dict(definition.tasks) if definition is not None else {}
    for name in sorted(known, key=lambda name: known[name].row.started_at or 0):
        order.setdefault(name, ())
    lines = []
    for name, after in order.items():
        task = known.get(name)
        line = TaskLine(name=name, status=TaskStatus.PENDING, after=after)
        if task is not None:
            row = task.row
            failure = None if task.error is None else codec.decode_failure(task.error)
            line = replace(
                line,
                status=TaskStatus(row.status) if row.status in TaskStatus.__members__.values() else TaskStatus.PENDING,
                attempt=row.attempt,
                result=None if row.result is None else _value(row.result, Any),
                retry_at=row.retry_at,
                started_at=row.started_at,
                ended_at=row.ended_at,
                error=failure if row.status != TaskStatus.SUCCEEDED else None,
            )
        lines.append(line)
    return tuple(lines)
