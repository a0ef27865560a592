"""The rows of tasks that are done in parts, and of what undoes tasks."""

from __future__ import annotations

from collections.abc import Mapping

from theflow.database.batch import PartRow
from theflow.model.flow import Flow
from theflow.model.message import Decision
from theflow.model.part import part_name
from theflow.model.plan import Rollback
from theflow.model.status import TaskStatus
from theflow.model.undo import KNOWN, SUFFIX, UNKNOWN


def part_row(
    flow: Flow, offset: int, key: tuple[int, int | None], runtime: int, begun: Mapping[int | str, int]
) -> PartRow:
    """Return the row of a part; without an index that of the task itself, with the list that was given to it."""
    number, index = key
    name = flow.scheme.orchestration.names[number]
    fan = flow.plan.fans[number]
    if index is None:
        mapped = flow.scheme.in_order[number].control.map is not None
        state, part, given = flow.plan.states[number], 0, _given(fan.items) if mapped else None
    else:
        state, part, given = fan.state(index), index + 1, None
        name = part_name(name, index)
    return PartRow(
        offset,
        name,
        part,
        state.status._value_,
        state.attempt,
        state.failures,
        None if state.result is None else state.result.decode(),
        state.retry_at,
        begun.get(name, state.started_at) if state.ended_at is None else state.started_at,
        state.ended_at,
        runtime,
        given,
    )


def part_succeeded(flow: Flow, name: str) -> bool:
    """Whether a part has succeeded."""
    found = flow.part(name)
    return found is not None and found[2].state(found[1]).status is TaskStatus.SUCCEEDED


def _given(items: tuple[bytes, ...]) -> str:
    return (b"[" + b",".join(items) + b"]").decode()


def undo_row(flow: Flow, offset: int, number: int, runtime: int, begun: int | None) -> PartRow:
    """Return the row of what undoes a task; `number` is that of the task, inverted."""
    undo = flow.plan.undo or Rollback()
    state = flow.plan.undo_states[~number]
    if state.status is TaskStatus.RUNNING and begun is None:
        # It is on disk that it is to be done before it begins; who finds it so makes this attempt.
        state = state._replace(status=TaskStatus.PENDING, attempt=state.attempt - 1, started_at=None)
    return PartRow(
        offset,
        flow.scheme.orchestration.names[~number] + SUFFIX,
        -1,
        state.status.value,
        state.attempt,
        state.failures,
        None if state.result is None else state.result.decode(),
        state.retry_at,
        state.started_at if begun is None or state.ended_at is not None else begun,
        state.ended_at,
        runtime,
        (UNKNOWN if ~number in undo.unknown else KNOWN).decode(),
    )


def ended_before(before: Flow, decision: Decision) -> list[str]:
    """Name the tasks, parts and compensations that a decision touches and that had an outcome before it."""
    names = before.scheme.orchestration.names
    states, undos = before.plan.states, before.plan.undo_states
    ended = []
    for number in decision.touched:
        if number < 0:
            if undos and undos[~number].status.ended:
                ended.append(names[~number] + SUFFIX)
        elif states[number].status.ended:
            ended.append(names[number])
    for number, index in decision.parts:
        fan = before.plan.fans.get(number)
        if index is None:
            continue
        if fan is not None and fan.first <= index <= fan.last and fan.state(index).status.ended:
            ended.append(part_name(names[number], index))
    return ended
