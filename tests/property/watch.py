"""`decide` under watch: whatever it answers, and to whomever, must keep these promises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import pytest

from tests.property.undo_watch import undo_crossings, what_is_undone_was_done
from theflow.errors import IllegalEvent
from theflow.model.decide import decide
from theflow.model.flow import Flow
from theflow.model.message import (
    Decision,
    Dismiss,
    EditStorage,
    Event,
    MarkDone,
    Park,
    Retry,
    RetryFrom,
    RunHook,
    RunTask,
    SetTimer,
    Skip,
)
from theflow.model.moves import FLOW_MOVES, TASK_MOVES
from theflow.model.plan import TaskState
from theflow.model.status import FlowStatus, TaskStatus
from theflow.model.undoing import UNDO_MOVES

Crossing: TypeAlias = tuple[str, str, str]
FLOW_CROSSINGS = {
    (str(before), event, str(after))
    for before, row in FLOW_MOVES.items()
    for event, many in row.items()
    for after in many
}
TASK_CROSSINGS = {
    (str(before), event, str(after))
    for before, row in TASK_MOVES.items()
    for event, many in row.items()
    for after in many
}
UNDO_CROSSINGS = {
    (str(before), event, str(after))
    for before, row in UNDO_MOVES.items()
    for event, many in row.items()
    for after in many
}


class Watch:
    """Remembers which transitions were crossed, and lets none pass that is not in the tables."""

    def __init__(self) -> None:
        self.flow_crossings: set[Crossing] = set()
        self.task_crossings: set[Crossing] = set()
        self.undo_crossings: set[Crossing] = set()

    def decide(self, flow: Flow, event: Event, now: int) -> Decision:
        """Decide, and judge the decision."""
        before = whole(flow)
        decision = decide(flow, event, now)
        assert whole(flow) == before, "the flow that was given has changed"
        self._cross(flow, event, decision.flow)
        counts_are_true(decision.flow)
        outcomes_stay(flow, event, decision)
        nothing_runs_early(flow, decision, now)
        changes_are_told(flow, decision)
        a_cancelled_flow_is_quiet(event, decision)
        what_is_undone_was_done(flow, decision, now)
        return decision

    def cross(self, flow: Flow, event: Event, now: int) -> Decision:
        """Decide, and remember what was crossed."""
        decision = decide(flow, event, now)
        self._cross(flow, event, decision.flow)
        return decision

    def refuse(self, flow: Flow, event: Event, now: int) -> None:
        """Tell the machine something that does not fit."""
        before = whole(flow)
        with pytest.raises(IllegalEvent, match=f"flow {flow.flow_id}"):
            decide(flow, event, now)
        assert whole(flow) == before

    def _cross(self, flow: Flow, event: Event, after: Flow) -> None:
        kind = type(event).__name__
        self.flow_crossings.add((str(flow.status), kind, str(after.status)))
        self.task_crossings |= set(_task_crossings(flow, event, after))
        assert self.flow_crossings <= FLOW_CROSSINGS
        assert self.task_crossings <= TASK_CROSSINGS, self.task_crossings - TASK_CROSSINGS
        self.undo_crossings |= set(undo_crossings(flow, event, after))
        assert self.undo_crossings <= UNDO_CROSSINGS, self.undo_crossings - UNDO_CROSSINGS


def whole(flow: Flow) -> tuple[object, ...]:
    """Everything that a flow says of itself, copied."""
    plan = flow.plan
    counts = (plan.open, plan.running, plan.failed, plan.tick)
    known = (tuple(plan.states), counts, dict(plan.storage), dict(plan.writes), plan.undo)
    return (flow.status, flow.failure, flow.reason, flow.ending, *known)


def counts_are_true(flow: Flow) -> None:
    """The counts that spare a walk over all tasks are what such a walk would find."""
    plan, dag = flow.plan, flow.scheme.orchestration
    states = dict(zip(dag.names, plan.states, strict=True))
    assert plan.open == sum(not state.status.ended for state in states.values())
    under_way = (TaskStatus.RUNNING, TaskStatus.WAITING)
    assert plan.running == sum(state.status in under_way for state in states.values())
    assert sorted(plan.failed) == sorted(name for name, state in states.items() if state.status is TaskStatus.FAILED)
    for name, state in states.items():
        open_before = sum(states[before].status is not TaskStatus.SUCCEEDED for before in dag.after(name))
        assert state.holds == (open_before if state.status is TaskStatus.PENDING else 0)
    assert (flow.status is FlowStatus.SUCCEEDED) <= (not plan.open and not plan.failed)
    assert (flow.status is FlowStatus.FAILED) <= (bool(flow.failure) and not plan.running)
    assert bool(plan.failed) <= bool(flow.failure)
    assert bool(flow.failure) <= bool(flow.reason)
    assert (flow.status is FlowStatus.PAUSED) <= (not plan.running and not flow.failure and plan.open > 0)
    assert (flow.status is FlowStatus.PAUSING) <= (plan.running > 0 and not flow.failure)


def outcomes_stay(flow: Flow, event: Event, decision: Decision) -> None:
    """An outcome is final but for a person's hand; attempts are numbered upwards, failures never pass the policy."""
    by_hand = isinstance(event, Retry | RetryFrom | Skip | MarkDone)
    names = flow.scheme.orchestration.names
    for name, before, after in zip(names, flow.plan.states, decision.flow.plan.states, strict=True):
        assert not before.status.ended or after == before or by_hand
        assert after.attempt >= before.attempt
        assert (before.failures if not by_hand else 0) <= after.failures <= flow.scheme.tasks[name].retry.attempts
    for attempt in decision.attempts:
        assert attempt.failure is not None


def nothing_runs_early(flow: Flow, decision: Decision, now: int) -> None:
    """A body starts after all that it comes after, after its wait, with a new number, and in no failed flow."""
    after = decision.flow
    dag = after.scheme.orchestration
    states = dict(zip(dag.names, after.plan.states, strict=True))
    runs = [command.task for command in decision.commands if isinstance(command, RunTask)]
    runs = [task for task in runs if task.name in dag.index]
    assert not runs or not (after.failure or after.status is not FlowStatus.RUNNING)
    for task in runs:
        before = flow.plan.states[dag.index[task.name]]
        assert all(states[name].status is TaskStatus.SUCCEEDED for name in dag.after(task.name))
        assert (states[task.name].status, states[task.name].attempt) == (TaskStatus.RUNNING, task.attempt)
        assert task.attempt == before.attempt + 1
        assert before.retry_at is None or now >= before.retry_at
    assert len({task.name for task in runs}) == len(runs)


def a_cancelled_flow_is_quiet(event: Event, decision: Decision) -> None:
    """Nothing of it waits; it has ended when nothing runs, unless the database refused what was to be said of that."""
    flow = decision.flow
    if flow.status in (FlowStatus.CANCELLING, FlowStatus.CANCELLED) and not isinstance(
        event, Park | EditStorage | Dismiss
    ):
        assert (flow.status is FlowStatus.CANCELLED) == (not flow.plan.running)
        assert all(state.status is not TaskStatus.RETRYING for state in flow.plan.states)
        assert not any(isinstance(command, SetTimer | RunTask | RunHook) for command in decision.commands)
        assert flow.reason


def changes_are_told(flow: Flow, decision: Decision) -> None:
    """Whatever must be on disk is touched, and whoever begins to wait gets a timer."""
    names = flow.scheme.orchestration.names
    timers = {(each.name, each.attempt, each.at) for each in decision.commands if isinstance(each, SetTimer)}
    touched = [names[number] for number in decision.touched if number >= 0]
    assert len(touched) == len(set(touched))
    for name, before, after in zip(names, flow.plan.states, decision.flow.plan.states, strict=True):
        if after.status is TaskStatus.RUNNING:
            owed = flow.scheme.tasks[name].at_most_once
        else:
            owed = (after.status, after.attempt) != (before.status, before.attempt)
        assert not (owed and after != before) or name in touched
        if after.status is TaskStatus.RETRYING != before.status:
            assert (name, after.attempt, after.retry_at) in timers


def _task_crossings(flow: Flow, event: Event, after: Flow) -> Iterator[Crossing]:
    """The moves of the tasks that the event concerns: those it names, those it finds under way, those it changes."""
    kind = type(event).__name__
    named = getattr(event, "name", None)
    for name, was, now in zip(flow.scheme.orchestration.names, flow.plan.states, after.plan.states, strict=True):
        under_way = kind == "Recovered" and was.status in (TaskStatus.RUNNING, TaskStatus.RETRYING)
        if name == named or under_way or _stand(was) != _stand(now):
            yield (str(was.status), kind, str(now.status))


def _stand(state: TaskState) -> tuple[object, ...]:
    return (state.status, state.attempt, state.failures, state.retry_at)
