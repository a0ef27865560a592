"""What must be true of a flow that undoes what it did, told without asking the machine how it goes about it."""

from __future__ import annotations

from collections.abc import Iterator

from theflow.model.flow import Flow
from theflow.model.message import Decision, Event, RunTask, SetTimer
from theflow.model.orchestration import Dag
from theflow.model.plan import TaskState
from theflow.model.status import FlowStatus, TaskStatus
from theflow.model.undo import SUFFIX

PENDING, RUNNING, RETRYING = TaskStatus.PENDING, TaskStatus.RUNNING, TaskStatus.RETRYING
_ENDS = (FlowStatus.REVERTED, FlowStatus.REVERT_FAILED)


def what_is_undone_was_done(flow: Flow, decision: Decision, now: int) -> None:
    """Judge what a decision says of the compensations of a flow."""
    after = decision.flow
    before, states = undos(flow), undos(after)
    undo_counts_are_true(after, states)
    in_order(flow, decision, now)
    for name, state in states.items():
        was = before.get(name, TaskState())
        assert state.attempt >= was.attempt
        assert was.status is not TaskStatus.SUCCEEDED or state == was, "what is undone is undone once"
        moved = (was.status, was.failures) != (state.status, state.failures) and state.status is not RUNNING
        assert not (moved or name not in before) or ~after.scheme.orchestration.index[name] in decision.touched
        if state.status is RETRYING != was.status:
            assert SetTimer(name + SUFFIX, state.attempt, state.retry_at) in decision.commands
    if before:
        assert before.keys() <= states.keys(), "what was to be undone is forgotten"
    for name in states.keys() - before.keys():
        done = after.plan.states[after.scheme.orchestration.index[name]].status is TaskStatus.SUCCEEDED
        assert done or name in after.plan.undo.doubts


def undos(flow: Flow) -> dict[str, TaskState]:
    """The states of what is to be undone, by the names of the tasks."""
    named = zip(flow.scheme.orchestration.names, flow.plan.undo_states, strict=False)
    return {name: state for name, state in named if state.status is not TaskStatus.SKIPPED}


def undo_counts_are_true(flow: Flow, states: dict[str, TaskState]) -> None:
    """The counts are what a walk over all would find; an end is one when nothing is under way."""
    undo = flow.plan.undo
    if not states:
        assert flow.status is not FlowStatus.REVERT_FAILED or "could not be undone" not in flow.reason
        return
    assert undo.open == sum(state.status is not TaskStatus.SUCCEEDED for state in states.values())
    assert undo.running == sum(state.status is RUNNING for state in states.values())
    assert undo.waiting == sum(state.status is RETRYING for state in states.values())
    if flow.status is FlowStatus.REVERTED:
        assert not undo.open
    if flow.status is FlowStatus.REVERTING and not flow.plan.running:
        assert undo.running or undo.waiting


def in_order(flow: Flow, decision: Decision, now: int) -> None:
    """Each starts when all that came after its task, near or far, is undone; and nothing that could start waits."""
    after = decision.flow
    dag = after.scheme.orchestration
    states = undos(after)
    open_names = {name for name, state in states.items() if state.status is not TaskStatus.SUCCEEDED}
    runs = [c.task for c in decision.commands if isinstance(c, RunTask) and c.task.name in after.scheme.undone_by]
    assert not runs or (after.status is FlowStatus.REVERTING and not after.plan.running)
    for task in runs:
        name = task.name.removesuffix(SUFFIX)
        was = undos(flow).get(name, TaskState())
        assert (states[name].status, states[name].attempt, was.attempt) == (RUNNING, task.attempt, task.attempt - 1)
        assert was.retry_at is None or now >= was.retry_at
        assert not open_names & beyond(dag, name)
    if after.status is FlowStatus.REVERTING and not after.plan.running:
        waiting = [name for name, state in states.items() if state.status is PENDING]
        assert all(open_names & beyond(dag, name) for name in waiting)


def beyond(dag: Dag, name: str) -> set[str]:
    """All that comes after a task, near or far."""
    found: set[str] = set()
    near = {name}
    while near:
        near = {other for other in dag.names if other not in found and near.intersection(dag.after(other))}
        found |= near
    return found


def undo_crossings(flow: Flow, event: Event, after: Flow) -> Iterator[tuple[str, str, str]]:
    """The moves of the compensations that the event concerns."""
    kind = type(event).__name__
    before = undos(flow)
    for name, state in undos(after).items():
        was = before.get(name, TaskState())
        under_way = kind in ("Recovered", "Revert") and was.status in (RUNNING, RETRYING)
        if getattr(event, "name", "") == name + SUFFIX or under_way or _stand(was) != _stand(state):
            yield (str(was.status), kind, str(state.status))


def _stand(state: TaskState) -> tuple[object, ...]:
    return (state.status, state.attempt, state.failures, state.retry_at)
