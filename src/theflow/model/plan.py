"""How far a flow has come: one state a task, and counts that spare a walk over all of them. Replaced, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from theflow.model.status import TaskStatus
from theflow.model.vector import Vector

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class TaskState(NamedTuple):
    """Where one task stands.

    `holds` counts the predecessors that have not succeeded; `attempt` numbers the newest attempt; `failures` counts
    those that spent the retry policy; `base` is the plan's tick when the attempt started, so that a later write by a
    parallel task shows. `result` is JSON, kept while some task may ask for it.
    """

    status: TaskStatus = TaskStatus.PENDING
    holds: int = 0
    attempt: int = 0
    failures: int = 0
    base: int = 0
    retry_at: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    result: bytes | None = None


class FlowExecPlanState(NamedTuple):
    """The states of all tasks in the scheme's order, with the storage that they share.

    `open` counts tasks without an outcome, `running` attempts under way; `failed` names the tasks that failed for good.
    `storage` maps each field of the storage to its JSON; `writes` remembers at which tick which task wrote a field.
    """

    states: Vector[TaskState]
    open: int
    running: int = 0
    failed: tuple[str, ...] = ()
    storage: Mapping[str, bytes] = _NOTHING
    tick: int = 0
    writes: Mapping[str, tuple[int, str]] = _NOTHING
