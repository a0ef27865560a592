"""A task that is another flow: it waits while that one is under way, and ends as that one ended. A part of the machine.

What a sub-flow's task waits for counts as running: a flow ends only once its sub-flows have. Nothing here starts or
saves one; the turn that saves the decision does both.
"""

from __future__ import annotations

from collections.abc import Iterator

from theflow.errors import IllegalEvent, SubflowCancelled, SubflowFailed
from theflow.model.child import DEPTH_LIMIT
from theflow.model.failure import Failure
from theflow.model.flow import Flow
from theflow.model.message import (
    Decision,
    InputBuilt,
    Recovered,
    Revert,
    Started,
    StartSubflow,
    SubflowEnded,
    TaskFailed,
    TaskSucceeded,
)
from theflow.model.plan import TaskState
from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus

_TOO_LATE = Failure.plain("Cancelled", "the flow came to its end before the sub-flow had begun", "cancelled")
_IN_HAND = (FlowStatus.RUNNING, FlowStatus.CANCELLING, FlowStatus.REVERTING)
_WORDS = {
    FlowStatus.CANCELLED: "was cancelled",
    FlowStatus.REVERTED: "was undone",
    FlowStatus.REVERT_FAILED: "could not be undone",
}
_GONE = "there is no sub-flow of this attempt any more"


def waiting(flow: Flow) -> list[int]:
    """Number the tasks whose sub-flows are under way."""
    states = flow.plan.states
    return [number for number in flow.scheme.subflows if states[number].status is TaskStatus.WAITING]


def rests(flow: Flow) -> bool:
    """Whether nothing of the flow is under way here: whatever comes next is the end of a sub-flow."""
    if not flow.plan.running or flow.status not in _IN_HAND or flow.plan.running != len(waiting(flow)):
        return False
    if flow.lost:
        return True
    # A deadline and a wait for a retry are kept by whoever holds the flow.
    return flow.scheme.deadline is None and all(state.status is not TaskStatus.RETRYING for state in flow.plan.states)


def abandons(before: Flow, after: Flow, came: Started | Recovered | Revert | None) -> bool:
    """Whether sub-flows under way are to be cancelled now, as their flow goes on no more; asked again at a recovery."""
    if not after.lost or not after.plan.running or after.status is FlowStatus.PARKED:
        return False
    return not before.lost or came is not None


def refusal(flow: Flow, event: InputBuilt) -> TaskFailed | None:
    """Return the outcome of a task whose sub-flow may not begin, None if it may."""
    failure, status = _TOO_LATE, AttemptStatus.CANCELLED
    if not flow.lost:
        if flow.data.depth < DEPTH_LIMIT:
            return None
        status = AttemptStatus.FAILED
        failure = Failure.plain(
            "SubflowTooDeep",
            f"task {event.name!r} would start a sub-flow below {flow.data.depth + 1} others; at most {DEPTH_LIMIT} may "
            "stand above one: does the class start itself without an end?",
            "subflow_too_deep",
        )
    return TaskFailed(event.name, event.attempt, failure, False, event.started_at, event.ended_at, status)  # noqa: FBT003


def begun(flow: Flow, event: InputBuilt, number: int, state: TaskState) -> Decision:
    """Let a task wait for the sub-flow that is saved with this decision."""
    waits = state._replace(status=TaskStatus.WAITING, started_at=event.started_at)
    plan = flow.plan._replace(states=flow.plan.states.set(number, waits))
    order = StartSubflow(event.name, event.attempt, event.input, event.user)
    return Decision(flow._replace(plan=plan), [order], [number], [])


def taken_up(flow: Flow, event: SubflowEnded, number: int, now: int) -> tuple[Flow, TaskSucceeded | TaskFailed]:
    """Return the flow with the task running once more, and the outcome that the end of its sub-flow gives it."""
    state = flow.plan.states[number]
    if state.status is not TaskStatus.WAITING or state.attempt != event.attempt:
        raise IllegalEvent(
            f"flow {flow.flow_id}: task {event.name!r} is {state.status} at attempt {state.attempt}; "
            f"the end of a sub-flow of attempt {event.attempt} does not fit"
        )
    states = flow.plan.states.set(number, state._replace(status=TaskStatus.RUNNING))
    again = flow._replace(plan=flow.plan._replace(states=states))
    began = now if state.started_at is None else state.started_at
    if event.status is FlowStatus.SUCCEEDED:
        return again, TaskSucceeded(event.name, event.attempt, event.storage, None, began, now)
    return again, _bad_end(flow, event, began, now)


def ended_children(flow: Flow) -> list[SubflowEnded]:
    """Say which sub-flows had ended when the flow was read: the bad ends first, after which nothing new may start."""
    return sorted(_ended(flow), key=lambda event: event.status is FlowStatus.SUCCEEDED)


def _ended(flow: Flow) -> Iterator[SubflowEnded]:
    known = {(child.task, child.attempt): child for child in flow.data.children}
    names = flow.scheme.orchestration.names
    for number in waiting(flow):
        name, attempt = names[number], flow.plan.states[number].attempt
        child = known.get((name, attempt))
        if child is None:
            # Whoever waited for what is gone would wait for ever.
            yield SubflowEnded(name, attempt, "", FlowStatus.FAILED, b"null", _GONE)
        elif child.status.ended:
            yield SubflowEnded(name, attempt, child.flow_id, child.status, child.storage, child.reason)


def _bad_end(flow: Flow, event: SubflowEnded, began: int, now: int) -> TaskFailed:
    cancelled = event.status is FlowStatus.CANCELLED
    error = SubflowCancelled() if cancelled else SubflowFailed()
    word = _WORDS.get(event.status, "failed")
    failure = Failure.plain(type(error).__name__, f"sub-flow {event.flow_id} {word}: {event.reason}", error.code)
    if flow.lost and event.status is not FlowStatus.FAILED:
        return TaskFailed(event.name, event.attempt, failure, False, began, now, AttemptStatus.CANCELLED)  # noqa: FBT003
    retryable = not cancelled and flow.scheme.tasks[event.name].retry.accepts(error)
    return TaskFailed(event.name, event.attempt, failure, retryable, began, now)
