"""The parts of a task: children of a map, rounds of a repetition. A part of the machine, called by `decide` only."""

from __future__ import annotations

from theflow.errors import IllegalEvent
from theflow.model.attempt_end import after_failure, after_success, record_of
from theflow.model.ending import end
from theflow.model.failure import Failure
from theflow.model.fan_outcome import error_result, exhausted, met, out_of_reach, outcome_failure, outcome_result
from theflow.model.flow import Flow
from theflow.model.following import fail, succeed
from theflow.model.message import (
    Ask,
    AttemptEnded,
    Decision,
    EndSubflows,
    RetryDue,
    RoundJudged,
    RunTask,
    SetTimer,
    StopParts,
    TaskFailed,
    TaskSucceeded,
)
from theflow.model.part import part_name
from theflow.model.plan import Fan, FlowExecPlanState, TaskState
from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus
from theflow.model.task import Task
from theflow.model.vector import Vector
from theflow.model.writes import write

_FRESH = TaskState()


def open_fan(decision: Decision, number: int, items: tuple[bytes, ...] | None, now: int) -> Decision:
    """Begin a task that is done in parts: children for these items, or its first round."""
    flow = decision.flow
    plan = flow.plan
    begun = TaskState(TaskStatus.RUNNING, 0, plan.states[number].attempt + 1, 0, plan.tick, None, now)
    count = 1 if items is None else len(items)
    fan = Fan(Vector([_FRESH] * count), range(count), items or ())
    plan = plan._replace(states=plan.states.set(number, begun), fans={**plan.fans, number: fan})
    opened = decision._replace(flow=flow._replace(plan=plan), parts=(*decision.parts, (number, None)))
    return go_on(opened, number, now)


def succeed_part(flow: Flow, event: TaskSucceeded) -> Decision:
    """Take the success of a part."""
    number, index, fan, state = _running(flow, event.name, event.attempt)
    plan = flow.plan
    if event.changes:
        written = write(plan, state, event)
        if isinstance(written, TaskFailed):
            return fail_part(flow, written, event.ended_at)
        plan = written
    done = after_success(state, event)
    fan = fan.put(index, done, running=fan.running - 1, succeeded=fan.succeeded + 1)
    decision = _moved(flow, plan._replace(running=plan.running - 1), number, fan)
    return go_on(decision._replace(parts=((number, index),)), number, event.ended_at)


def fail_part(flow: Flow, event: TaskFailed, now: int) -> Decision:
    """Take the failure of an attempt at a part."""
    number, index, fan, state = _running(flow, event.name, event.attempt)
    after, failure = after_failure(flow, flow.scheme.in_order[number], state, event, now)
    if fan.closing and after.status is TaskStatus.RETRYING:
        # Nobody waits for it any more.
        after = after._replace(status=TaskStatus.CANCELLED, retry_at=None, ended_at=event.ended_at)
    if after.status is TaskStatus.FAILED:
        after = after._replace(result=error_result(failure))
        fan = fan._replace(failed=(*fan.failed, index))
    elif after.status is TaskStatus.CANCELLED:
        fan = fan._replace(dropped=fan.dropped + 1)
    fan = fan.put(index, after, running=fan.running - 1)
    decision = _moved(flow, flow.plan._replace(running=flow.plan.running - 1), number, fan)
    decision = decision._replace(parts=((number, index),), attempts=[record_of(flow, event, failure)])
    if after.retry_at is not None:
        decision.commands.append(SetTimer(event.name, event.attempt, after.retry_at))
    return go_on(decision, number, now)


def retry_part(flow: Flow, event: RetryDue, now: int) -> Decision:
    """Try a part again whose wait is over."""
    number, index, fan, state = _part(flow, event.name)
    if state.status is not TaskStatus.RETRYING or state.attempt != event.attempt:
        raise IllegalEvent(f"flow {flow.flow_id}: {event.name!r} is {state.status}; no retry of it is due")
    decision = Decision(flow, [], [], [])
    if flow.failure is not None:
        return decision
    if state.retry_at is not None and now < state.retry_at:  # a clock was set back: a timer is never early
        decision.commands.append(SetTimer(event.name, event.attempt, state.retry_at))
        return decision
    most = _most(flow, number)
    if most is not None and fan.running >= most:
        # It has waited long enough, but for a place: it starts when one of those that run has ended.
        queued = fan._replace(todo=[*fan.todo[fan.at :], index - fan.first], at=0)
        return _moved(flow, flow.plan, number, queued)
    return _run(decision, number, [index], fan, now)


def judge_round(flow: Flow, event: RoundJudged, now: int) -> Decision:
    """Begin the next round of a repetition, or end it."""
    number, index, fan, state = _part(flow, event.name)
    control = flow.scheme.in_order[number].control
    if control.repeat is None or state.status is not TaskStatus.SUCCEEDED or index != fan.last:
        raise IllegalEvent(f"flow {flow.flow_id}: {event.name!r} waits for no judgement")
    decision = Decision(flow, [], [], [])
    if flow.halted:
        return decision
    if event.again and index + 1 < control.repeat.max:
        # The round that has ended is kept beside it: both may be saved in one turn.
        following = Fan(Vector([state, _FRESH]), range(1, 2), first=index, at=1, succeeded=1)
        decision = _run(decision, number, [index + 1], following, now)
        # That there is another round is on record before it begins.
        return decision._replace(parts=((number, index + 1),))
    if event.again:
        return fail_divided(decision, number, exhausted(control.repeat.max), now)
    return _succeed(decision, number, now)


def go_on_all(decision: Decision, now: int) -> Decision:
    """Start what is to be started of all tasks that are done in parts, and end those of which nothing is left."""
    # What the end of a sub-flow has let be asked is not asked twice.
    asked = {command.task.scheme.name for command in decision.commands if isinstance(command, Ask)}
    for number in tuple(decision.flow.plan.fans):
        flow = decision.flow
        runs = flow.plan.states[number].status is TaskStatus.RUNNING and flow.status is FlowStatus.RUNNING
        if runs and flow.scheme.orchestration.names[number] not in asked:
            decision = go_on(decision, number, now)
    return decision


def go_on(decision: Decision, number: int, now: int) -> Decision:
    """Start as many parts as may run at once; end the task when nothing of it is left to be done."""
    flow = decision.flow
    plan = flow.plan
    if flow.halted:
        return decision if plan.running else end(decision, now)
    fan = plan.fans[number]
    control = flow.scheme.in_order[number].control
    enough = met(control, fan)
    if not (enough or out_of_reach(control, fan)):
        if fan.at < len(fan.todo):
            return _run(decision, number, *_next(fan, _most(flow, number)), now)
        if fan.open:
            return decision
        if control.repeat is not None and fan.succeeded:
            decision.commands.append(Ask(_task(flow, number, fan.last, fan)))
            return decision
    if fan.open and not fan.closing:
        decision = _drop(decision, number, now)
        fan = decision.flow.plan.fans[number]
    if fan.running:
        return decision
    if enough:
        return _succeed(decision, number, now)
    return fail_divided(decision, number, outcome_failure(flow.scheme.in_order[number], fan), now)


def fail_divided(decision: Decision, number: int, failure: Failure, now: int) -> Decision:
    """Let a task that is done in parts fail."""
    flow = decision.flow
    scheme = flow.scheme.in_order[number]
    node = flow.plan.states[number]
    decision.attempts.append(
        AttemptEnded(scheme.name, node.attempt, AttemptStatus.FAILED, failure, node.started_at, now)
    )
    dead = node._replace(status=TaskStatus.FAILED, failures=1, ended_at=now)
    return fail(decision, number, dead, failure, now)


def _most(flow: Flow, number: int) -> int | None:
    """How many parts may run at once."""
    mapped = flow.scheme.in_order[number].control.map
    return None if mapped is None else mapped.max_parallel


def _next(fan: Fan, most: int | None) -> tuple[list[int], Fan]:
    """Take the parts that start now; the fan comes back as having started them."""
    free = len(fan.todo) if most is None else max(most - fan.running, 0)
    taken = list(fan.todo[fan.at : fan.at + free])
    return [fan.first + place for place in taken], fan._replace(at=fan.at + len(taken))


def _run(decision: Decision, number: int, indexes: list[int], fan: Fan, now: int) -> Decision:
    flow = decision.flow
    plan = flow.plan
    changes = []
    for index in indexes:
        state = fan.state(index)
        again = TaskState(TaskStatus.RUNNING, 0, state.attempt + 1, state.failures, plan.tick, None, now)
        changes.append((index - fan.first, again))
    fan = fan._replace(states=fan.states.set_many(changes), running=fan.running + len(indexes))
    plan = plan._replace(running=plan.running + len(indexes), fans={**plan.fans, number: fan})
    flow = flow._replace(plan=plan)
    scheme = flow.scheme.in_order[number]
    decision.commands.extend([RunTask(_task(flow, number, index, fan)) for index in indexes])
    parts = decision.parts
    if scheme.at_most_once:
        parts = (*parts, *((number, index) for index in indexes))
    return decision._replace(flow=flow, parts=parts)


def _drop(decision: Decision, number: int, now: int) -> Decision:
    """Start no more parts, end waits for a retry, and tell what runs that it is needed no more."""
    flow = decision.flow
    fan = flow.plan.fans[number]
    name = flow.scheme.orchestration.names[number]
    told, below, parts = [], [], []
    for place, state in enumerate(fan.states):
        index = fan.first + place
        if state.status is TaskStatus.RUNNING:
            told.append(part_name(name, index))
        elif state.status is TaskStatus.WAITING:
            below.append(part_name(name, index))
        elif state.status is TaskStatus.RETRYING:
            ended = state._replace(status=TaskStatus.CANCELLED, retry_at=None, ended_at=now)
            fan = fan.put(index, ended, dropped=fan.dropped + 1)
            parts.append((number, index))
    if told:
        decision.commands.append(StopParts(tuple(told)))
    if below:
        decision.commands.append(EndSubflows(tuple(below)))
    moved = _moved(flow, flow.plan, number, fan._replace(at=len(fan.todo), closing=True))
    return decision._replace(flow=moved.flow, parts=(*decision.parts, *parts))


def _succeed(decision: Decision, number: int, now: int) -> Decision:
    plan = decision.flow.plan
    control = decision.flow.scheme.in_order[number].control
    node = plan.states[number]
    result = outcome_result(control, plan.fans[number])
    done = TaskState(TaskStatus.SUCCEEDED, 0, node.attempt, 0, 0, None, node.started_at, now, result)
    return succeed(decision, plan, number, done, plan.running)


def _task(flow: Flow, number: int, index: int, fan: Fan) -> Task:
    return Task(flow, flow.scheme.in_order[number], fan.state(index).attempt, index)


def _moved(flow: Flow, plan: FlowExecPlanState, number: int, fan: Fan) -> Decision:
    return Decision(flow._replace(plan=plan._replace(fans={**plan.fans, number: fan})), [], [], [])


def _running(flow: Flow, name: str, attempt: int) -> tuple[int, int, Fan, TaskState]:
    number, index, fan, state = _part(flow, name)
    if state.status is not TaskStatus.RUNNING or state.attempt != attempt:
        raise IllegalEvent(
            f"flow {flow.flow_id}: {name!r} is {state.status} at attempt {state.attempt}; "
            f"an outcome of attempt {attempt} does not fit"
        )
    return number, index, fan, state


def _part(flow: Flow, name: str) -> tuple[int, int, Fan, TaskState]:
    found = flow.part(name)
    if found is None:
        raise IllegalEvent(f"flow {flow.flow_id}: class {flow.scheme.name!r} has no task {name!r} under way")
    number, index, fan = found
    return number, index, fan, fan.state(index)
