"""What a flow that is read from disk knows of its joins, and of tasks that are done in parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from theflow.model.flow_data import TaskDataObject
from theflow.model.joining import ALL_DONE, RUN, Stand, judge
from theflow.model.plan import Fan, FlowExecPlanState, TaskState
from theflow.model.scheme import FlowScheme
from theflow.model.status import TaskStatus
from theflow.model.task_scheme import TaskScheme
from theflow.model.vector import Vector

Parts = Mapping[int, Mapping[int, TaskDataObject]]
_FRESH = TaskState()
_UNDER_WAY = (TaskStatus.RUNNING, TaskStatus.WAITING)


def restore_control(
    scheme: FlowScheme, plan: FlowExecPlanState, tasks: Sequence[TaskDataObject], parts: Parts
) -> FlowExecPlanState:
    """Put the parts of tasks into the plan, and count anew what pending tasks wait for."""
    index = scheme.orchestration.index
    given = {index[task.name]: task.given for task in tasks if task.given is not None and task.name in index}
    plan = _with_fans(scheme, plan, given, parts)
    return recounted(scheme, _with_let(scheme, plan, tasks))


def recounted(scheme: FlowScheme, plan: FlowExecPlanState) -> FlowExecPlanState:
    """Count anew what pending tasks wait for, and which failures break the flow. O(tasks)."""
    index = scheme.orchestration.index
    states = plan.states
    broken: set[int] = set()
    changes: list[tuple[int, TaskState]] = []
    for number, task in enumerate(scheme.in_order):
        state = states[number]
        if state.status is not TaskStatus.PENDING:
            continue
        befores = [index[before] for before in task.after]
        stand = Stand.of(states[before].status for before in befores)
        verdict = judge(task, stand)
        changes.append((number, state._replace(holds=verdict.holds, missed=_missed(scheme, task, stand))))
        if verdict.broken:
            broken.update(before for before in befores if states[before].status is TaskStatus.FAILED)
    states = states.set_many(changes) if changes else states
    failed = tuple(
        scheme.orchestration.names[number]
        for number, state in enumerate(states)
        if state.status is TaskStatus.FAILED
        and (scheme.plain or number in broken or not scheme.orchestration.successors[number])
    )
    return plan._replace(states=states, failed=failed)


def _missed(scheme: FlowScheme, task: TaskScheme[..., Any], stand: Stand) -> int:
    """Count the tasks before one that can give no success any more; where all must succeed nobody asks for that."""
    if scheme.plain or task.join == ALL_DONE:
        return 0
    return stand.failed + (0 if task.if_skipped == RUN else stand.skipped)


def _with_let(scheme: FlowScheme, plan: FlowExecPlanState, tasks: Sequence[TaskDataObject]) -> FlowExecPlanState:
    """Note the tasks that an outcome has let begin, and that have none yet."""
    index = scheme.orchestration.index
    let = [index[name] for task in tasks if task.status.ended for name in task.let if name in index]
    waiting = [number for number in let if plan.states[number].status is TaskStatus.PENDING]
    changes = [(number, plan.states[number]._replace(let=True)) for number in waiting]
    return plan._replace(states=plan.states.set_many(changes)) if changes else plan


def _with_fans(
    scheme: FlowScheme, plan: FlowExecPlanState, given: Mapping[int, tuple[bytes, ...]], parts: Parts
) -> FlowExecPlanState:
    fans: dict[int, Fan] = {}
    running = plan.running
    for number, task in enumerate(scheme.in_order):
        known = parts.get(number, {})
        begun = known or number in given or plan.states[number].status is TaskStatus.RUNNING
        if not (task.control.divides and begun):
            continue
        fan = _fan(given.get(number), known)
        fans[number] = fan
        # What was counted as one body that runs is a task with so many.
        running += fan.running - (plan.states[number].status is TaskStatus.RUNNING)
    return plan._replace(fans=fans, running=running) if fans else plan


def _fan(items: tuple[bytes, ...] | None, known: Mapping[int, TaskDataObject]) -> Fan:
    """Build the parts from their rows: all children of a map, but of rounds the newest, and the one before it."""
    newest = max(known, default=0)
    first = 0 if items is not None else newest - (newest - 1 in known)
    count = newest + 1 - first if items is None else len(items)
    rows = [(index - first, _state(task)) for index, task in known.items() if 0 <= index - first < count]
    states = Vector([_FRESH] * count)
    states = states.set_many(rows) if rows else states
    return Fan(
        states=states,
        todo=[place for place, state in enumerate(states) if state.status is TaskStatus.PENDING],
        items=items or (),
        first=first,
        running=sum(state.status in _UNDER_WAY for state in states),
        waiting=sum(state.status is TaskStatus.WAITING for state in states),
        succeeded=sum(state.status is TaskStatus.SUCCEEDED for state in states),
        failed=tuple(first + place for place, state in enumerate(states) if state.status is TaskStatus.FAILED),
        dropped=sum(state.status is TaskStatus.CANCELLED for state in states),
    )


def _state(task: TaskDataObject) -> TaskState:
    return TaskState(
        task.status, 0, task.attempt, task.failures, 0, task.retry_at, task.started_at, task.ended_at, task.result
    )
