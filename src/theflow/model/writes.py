"""What an outcome writes into the storage that parallel tasks share: a field at a time, merged or refused by name."""

from __future__ import annotations

from theflow.model.failure import Failure
from theflow.model.merge import Clash, Edit
from theflow.model.message import TaskFailed, TaskSucceeded
from theflow.model.plan import FlowExecPlanState, TaskState

_NEVER = (0, "")
_MEND = "let one come after the other, give them fields of their own, or declare how it merges (theflow.Merge)"


def write(plan: FlowExecPlanState, state: TaskState, event: TaskSucceeded) -> FlowExecPlanState | TaskFailed:
    """Return the plan with the changes of a task, or its failure if they clash with those of a parallel one."""
    changes = event.changes or {}
    storage = dict(plan.storage)
    for name, change in changes.items():
        tick, writer = plan.writes.get(name, _NEVER)
        try:
            value = _settled(storage.get(name), change) if tick > state.base else _left(change)
        except Clash as clash:
            return _refused(event, writer, f"field {name!r} of the storage{clash.args[0]}")
        if value is None:
            storage.pop(name, None)
        else:
            storage[name] = value
    tick = plan.tick + 1
    writes = {**plan.writes, **dict.fromkeys(changes, (tick, event.name))}
    return plan._replace(storage=storage, tick=tick, writes=writes)


def _left(change: bytes | Edit | None) -> bytes | None:
    """A field that nobody has written since the attempt began is as the attempt has left it."""
    return change.after if isinstance(change, Edit) else change


def _settled(now: bytes | None, change: bytes | Edit | None) -> bytes | None:
    """Return what becomes of a field that a parallel task has written meanwhile."""
    if isinstance(change, Edit):
        try:
            return change.onto(now)
        except Clash as clash:
            raise Clash(f", which merges by {change.rule}, and the second {clash.args[0]}") from None
    if now != change:
        raise Clash("")
    return change


def _refused(event: TaskSucceeded, writer: str, field: str) -> TaskFailed:
    told = f"tasks {writer!r} and {event.name!r} ran in parallel and both changed {field}; {_MEND}"
    return TaskFailed(
        event.name,
        event.attempt,
        Failure.plain("StorageConflict", told, "storage_conflict"),
        retryable=False,
        started_at=event.started_at,
        ended_at=event.ended_at,
    )
