"""A task, or a part of one, that is another flow: it waits for that one, and ends as it ended. A part of the machine.

What a sub-flow's task waits for counts as running: a flow ends only once its sub-flows have. Nothing here starts or
saves one; the turn that saves the decision does both.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from theflow.errors import IllegalEvent, SubflowCancelled, SubflowFailed
from theflow.model.child import DEPTH_LIMIT
from theflow.model.failure import Failure
from theflow.model.fan_outcome import spare
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
from theflow.model.part import part_name
from theflow.model.plan import Fan, TaskState
from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus

_TOO_LATE = Failure.plain("Cancelled", "the flow came to its end before the sub-flow had begun", "cancelled")
_SPARE = Failure.plain("Cancelled", "it was needed no more before the sub-flow had begun", "cancelled")
_IN_HAND = (FlowStatus.RUNNING, FlowStatus.CANCELLING, FlowStatus.REVERTING)
_WORDS = {
    FlowStatus.CANCELLED: "was cancelled",
    FlowStatus.REVERTED: "was undone",
    FlowStatus.REVERT_FAILED: "could not be undone",
}
_GONE = "there is no sub-flow of this attempt any more"


class _Place(NamedTuple):
    """Where an attempt is made that is a sub-flow: at a task, or at a part of one, by its index."""

    number: int
    part: int | None
    fan: Fan | None
    state: TaskState

    def moved(self, flow: Flow, state: TaskState, waits: int) -> Flow:
        """Return the flow with another state there; `waits` is how many more wait."""
        plan = flow.plan
        if self.fan is None or self.part is None:
            return flow._replace(plan=plan._replace(states=plan.states.set(self.number, state)))
        fan = self.fan.put(self.part, state, waiting=self.fan.waiting + waits)
        return flow._replace(plan=plan._replace(fans={**plan.fans, self.number: fan}))


def waiting(flow: Flow) -> list[tuple[str, int]]:
    """Name the tasks and parts whose sub-flows are under way, with their attempts."""
    plan, names = flow.plan, flow.scheme.orchestration.names
    found = []
    for number in flow.scheme.subflows:
        fan = plan.fans.get(number)
        if fan is None and plan.states[number].status is TaskStatus.WAITING:
            found.append((names[number], plan.states[number].attempt))
        elif fan is not None and fan.waiting:
            parts = ((part_name(names[number], fan.first + n), state) for n, state in enumerate(fan.states))
            found.extend((name, state.attempt) for name, state in parts if state.status is TaskStatus.WAITING)
    return found


def rests(flow: Flow) -> bool:
    """Whether nothing of the flow is under way here: whatever comes next is the end of a sub-flow."""
    plan = flow.plan
    if not plan.running or flow.status not in _IN_HAND or plan.running != _count_waiting(flow):
        return False
    if flow.lost:
        return True
    # A deadline and a wait for a retry are kept by whoever holds the flow.
    return flow.scheme.deadline is None and not (
        any(state.status is TaskStatus.RETRYING for state in plan.states) or any(map(_retries, plan.fans.values()))
    )


def _count_waiting(flow: Flow) -> int:
    plan = flow.plan
    tasks = sum(plan.states[number].status is TaskStatus.WAITING for number in flow.scheme.subflows)
    return tasks + sum(fan.waiting for fan in plan.fans.values())


def _retries(fan: Fan) -> bool:
    """Whether a part waits for a retry: one that has no outcome, is not under way, and is not to be started."""
    return not fan.closing and fan.open > fan.running + len(fan.todo) - fan.at


def abandons(before: Flow, after: Flow, came: Started | Recovered | Revert | None) -> bool:
    """Whether sub-flows under way are to be cancelled now, as their flow goes on no more; asked again at a recovery."""
    if not after.lost or not after.plan.running or after.status is FlowStatus.PARKED:
        return False
    return not before.lost or came is not None


def begun(flow: Flow, event: InputBuilt) -> Decision | TaskFailed:
    """Let a task wait for the sub-flow that is saved with this decision; or return its outcome, if none may begin."""
    place = _place(flow, event.name)
    if place.state.status is not TaskStatus.RUNNING or place.state.attempt != event.attempt:
        raise _misfit(flow, event, place, "an input")
    refused = _refusal(flow, event, place)
    if refused is not None:
        return refused
    waits = place.state._replace(status=TaskStatus.WAITING, started_at=event.started_at)
    order = StartSubflow(event.name, event.attempt, event.input, event.user)
    touched = [place.number] if place.part is None else []
    parts = () if place.part is None else ((place.number, place.part),)
    return Decision(place.moved(flow, waits, 1), [order], touched, [], parts)


def taken_up(flow: Flow, event: SubflowEnded, now: int) -> tuple[Flow, TaskSucceeded | TaskFailed]:
    """Return the flow with the task running once more, and the outcome that the end of its sub-flow gives it."""
    place = _place(flow, event.name)
    if place.state.status is not TaskStatus.WAITING or place.state.attempt != event.attempt:
        raise _misfit(flow, event, place, "the end of a sub-flow")
    began = now if place.state.started_at is None else place.state.started_at
    again = place.moved(flow, place.state._replace(status=TaskStatus.RUNNING), -1)
    if event.status is FlowStatus.SUCCEEDED:
        return again, TaskSucceeded(event.name, event.attempt, event.storage, None, began, now)
    return again, _bad_end(flow, event, place, now)


def ended_children(flow: Flow) -> list[SubflowEnded]:
    """Say which sub-flows had ended when the flow was read: the bad ends first, after which nothing new may start."""
    return sorted(_ended(flow), key=lambda event: event.status is FlowStatus.SUCCEEDED)


def _ended(flow: Flow) -> Iterator[SubflowEnded]:
    known = {(child.task, child.attempt): child for child in flow.data.children}
    for name, attempt in waiting(flow):
        child = known.get((name, attempt))
        if child is None:
            # Whoever waited for what is gone would wait for ever.
            yield SubflowEnded(name, attempt, "", FlowStatus.FAILED, b"null", _GONE)
        elif child.status.ended:
            yield SubflowEnded(name, attempt, child.flow_id, child.status, child.storage, child.reason)


def _place(flow: Flow, name: str) -> _Place:
    number = flow.scheme.orchestration.index.get(name)
    if number is not None and number not in flow.plan.fans:
        return _Place(number, None, None, flow.plan.states[number])
    found = flow.part(name)
    if found is None:
        raise IllegalEvent(f"flow {flow.flow_id}: no sub-flow of {name!r} is under way")
    number, index, fan = found
    return _Place(number, index, fan, fan.state(index))


def _misfit(flow: Flow, event: InputBuilt | SubflowEnded, place: _Place, what: str) -> IllegalEvent:
    return IllegalEvent(
        f"flow {flow.flow_id}: task {event.name!r} is {place.state.status} at attempt {place.state.attempt}; "
        f"{what} of attempt {event.attempt} does not fit"
    )


def _refusal(flow: Flow, event: InputBuilt, place: _Place) -> TaskFailed | None:
    failure, status = _TOO_LATE if flow.lost else _SPARE, AttemptStatus.CANCELLED
    if not _is_spare(flow, place):
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


def _is_spare(flow: Flow, place: _Place) -> bool:
    """Whether nobody needs a sub-flow: nothing comes of its flow any more, or of its task without it."""
    control = flow.scheme.in_order[place.number].control
    return flow.lost or (place.fan is not None and spare(control, place.fan))


def _bad_end(flow: Flow, event: SubflowEnded, place: _Place, now: int) -> TaskFailed:
    cancelled = event.status is FlowStatus.CANCELLED
    error = SubflowCancelled() if cancelled else SubflowFailed()
    word = _WORDS.get(event.status, "failed")
    began = now if place.state.started_at is None else place.state.started_at
    failure = Failure.plain(type(error).__name__, f"sub-flow {event.flow_id} {word}: {event.reason}", error.code)
    if event.status is not FlowStatus.FAILED and _is_spare(flow, place):
        return TaskFailed(event.name, event.attempt, failure, False, began, now, AttemptStatus.CANCELLED)  # noqa: FBT003
    retryable = not cancelled and flow.scheme.in_order[place.number].retry.accepts(error)
    return TaskFailed(event.name, event.attempt, failure, retryable, began, now)
