"""What the answer to a question leads to: a task starts, is skipped, or fails. A part of the machine."""

from __future__ import annotations

from theflow.errors import IllegalEvent
from theflow.model.failure import Failure
from theflow.model.fanning import fail_divided, judge_round, open_fan
from theflow.model.flow import Flow
from theflow.model.following import fail, skip
from theflow.model.mapping import SIZE_LIMIT
from theflow.model.message import (
    Answer,
    AttemptEnded,
    Decision,
    QuestionFailed,
    RoundJudged,
    TaskChosen,
    TaskSkipped,
)
from theflow.model.plan import TaskState
from theflow.model.starting import begin
from theflow.model.status import AttemptStatus, TaskStatus


def hear_answer(flow: Flow, event: Answer, now: int) -> Decision:
    """Go on after an answer. It changes nothing in a flow that starts nothing more."""
    if isinstance(event, RoundJudged):
        return judge_round(flow, event, now)
    number = flow.scheme.orchestration.index.get(event.name)
    if number is None:
        return Decision(flow, [], [], []) if flow.halted else _fail_round(flow, event, now)
    state = flow.plan.states[number]
    if state.status is not TaskStatus.PENDING or state.chosen or state.holds:
        raise IllegalEvent(f"flow {flow.flow_id}: task {event.name!r} is {state.status}, and nothing was asked of it")
    if flow.halted:
        return Decision(flow, [], [], [])
    if isinstance(event, TaskChosen):
        return _start(flow, number, event.items, now)
    if isinstance(event, TaskSkipped):
        return skip(Decision(flow, [], [], []), number, now)
    return _refuse(flow, number, event.failure, now)


def _start(flow: Flow, number: int, items: tuple[bytes, ...] | None, now: int) -> Decision:
    scheme = flow.scheme.in_order[number]
    if scheme.control.divides:
        if items is not None and sum(map(len, items)) > SIZE_LIMIT:
            problem = f"the list of {scheme.name!r} is longer than {SIZE_LIMIT} bytes of JSON; pass references instead"
            return _refuse(flow, number, Failure.plain("ListTooLong", problem, "list_too_long"), now)
        return open_fan(Decision(flow, [], [], []), number, items, now)
    # Its condition held: that is on record before the body begins, and so never asked again.
    return begin(Decision(flow, [], [], [], (), (number,)), flow.plan, [], (number,), now)


def _refuse(flow: Flow, number: int, failure: Failure, now: int) -> Decision:
    name = flow.scheme.orchestration.names[number]
    attempt = flow.plan.states[number].attempt + 1
    ended = AttemptEnded(name, attempt, AttemptStatus.FAILED, failure, now, now)
    dead = TaskState(TaskStatus.FAILED, attempt=attempt, failures=1, started_at=now, ended_at=now)
    return fail(Decision(flow, [], [], [ended]), number, dead, failure, now)


def _fail_round(flow: Flow, event: Answer, now: int) -> Decision:
    found = flow.part(event.name)
    if found is None or not isinstance(event, QuestionFailed) or found[1] != found[2].last:
        raise IllegalEvent(f"flow {flow.flow_id}: nothing was asked of {event.name!r}")
    number, _, fan = found
    if flow.plan.states[number].status is not TaskStatus.RUNNING or fan.open:
        raise IllegalEvent(f"flow {flow.flow_id}: {event.name!r} waits for no judgement")
    return fail_divided(Decision(flow, [], [], []), number, event.failure, now)
