"""What happens when time is up: of a task, of a whole flow, of bodies that were told to end. A part of the machine.

`decide` calls what stands here, and nobody else does. A deadline counts all attempts together, from the first start;
it is owed by the state alone, so that who takes the flow over goes by the same moment.
"""

from __future__ import annotations

from theflow.errors import IllegalEvent
from theflow.model.due import flow_deadline
from theflow.model.ending import ABANDONED, end, grace
from theflow.model.failure import Failure, out_of_time
from theflow.model.flow import Flow
from theflow.model.following import fail, settle
from theflow.model.message import (
    AttemptEnded,
    DeadlinePassed,
    Decision,
    GraceOver,
    LeaveBodies,
    LeaveTask,
    SetAlarm,
    StopBodies,
)
from theflow.model.part import part_name
from theflow.model.plan import TaskState
from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus
from theflow.model.undoing import doubted

_OPEN = (TaskStatus.RUNNING, TaskStatus.RETRYING)


def overdue(decision: Decision, now: int) -> Decision:
    """Fail what ran out of time while nobody held the flow, and set the alarms for all else."""
    flow = decision.flow
    if flow.scheme.deadline is not None:
        at = flow_deadline(flow, now)
        if now >= at:
            return decision._replace(flow=_failing(flow, _too_late_for_flow(flow)))
        decision.commands.append(SetAlarm(DeadlinePassed(None, at)))
    for number, state in enumerate(flow.plan.states):
        if state.deadline_at is None or state.status.ended:
            continue
        name = flow.scheme.orchestration.names[number]
        if now < state.deadline_at:
            decision.commands.append(SetAlarm(DeadlinePassed(name, state.deadline_at)))
        else:
            dead = _dead(state, now)
            decision = settle(decision, number, dead, _too_late_for_task(decision.flow, number), now)
    return decision


def pass_deadline(flow: Flow, event: DeadlinePassed, now: int) -> Decision:
    """End a task, or begin to end a flow, whose time is up."""
    number = None if event.name is None else _number(flow, event.name, event.at)
    if now < event.at:
        # A clock was set back.
        return Decision(flow, [SetAlarm(event)], [], [])
    return _stop_flow(flow, now) if number is None else stop_task(flow, number, now)


def stop_task(flow: Flow, number: int, now: int) -> Decision:
    """End a task whose time is up: a body that runs is not heard any more."""
    state = flow.plan.states[number]
    name = flow.scheme.orchestration.names[number]
    late = _too_late_for_task(flow, number)
    if state.status is not TaskStatus.RUNNING:
        return fail(Decision(flow, [], [], []), number, _dead(state, now), late, now)
    record = AttemptEnded(name, state.attempt, AttemptStatus.TIMED_OUT, late, state.started_at, now)
    plan = doubted(flow.scheme, flow.plan, record)
    stopped = flow._replace(plan=plan._replace(running=plan.running - 1))
    return fail(Decision(stopped, [LeaveTask(name)], [], [record]), number, _dead(state, now), late, now)


def pass_grace(flow: Flow, event: GraceOver, now: int) -> Decision:
    """Leave bodies behind that have not ended although they were told to, and end their flow."""
    told = flow.status in (FlowStatus.CANCELLING, FlowStatus.REVERTING) or flow.failure is not None
    if not told or not flow.plan.running:
        raise IllegalEvent(f"flow {flow.flow_id} is {flow.status}: nobody has told bodies of it to end")
    if now < event.at:
        return Decision(flow, [SetAlarm(event)], [], [])
    running = [number for number, state in enumerate(flow.plan.states) if _has_bodies(flow, number, state)]
    if not running:
        # Sub-flows are under way, which have a grace of their own.
        return Decision(flow, [], [], [])
    decision = Decision(flow._replace(ending=ABANDONED), [LeaveBodies()], [], [])
    for number in running:
        leave = _leave_parts if number in flow.plan.fans else _leave_task
        decision = leave(decision, number, now)
    return decision if decision.flow.plan.running else end(decision, now)


def _has_bodies(flow: Flow, number: int, state: TaskState) -> bool:
    """Whether a body of a task is under way: not only sub-flows of its parts."""
    fan = flow.plan.fans.get(number)
    return state.status is TaskStatus.RUNNING and (fan is None or fan.running > fan.waiting)


def _leave_task(decision: Decision, number: int, now: int) -> Decision:
    flow = decision.flow
    state = flow.plan.states[number]
    left = _left_behind(flow, flow.scheme.orchestration.names[number], state, now)
    plan = doubted(flow.scheme, flow.plan, left)
    decision.touched.append(number)
    decision.attempts.append(left)
    states = plan.states.set(number, state._replace(status=TaskStatus.CANCELLED, ended_at=now))
    return decision._replace(
        flow=flow._replace(plan=plan._replace(states=states, open=plan.open - 1, running=plan.running - 1))
    )


def _leave_parts(decision: Decision, number: int, now: int) -> Decision:
    """Leave the bodies of parts behind; the task that they belong to is closed with its flow."""
    flow = decision.flow
    plan = flow.plan
    fan = plan.fans[number]
    name = flow.scheme.orchestration.names[number]
    running = [place for place, state in enumerate(fan.states) if state.status is TaskStatus.RUNNING]
    for place in running:
        decision.attempts.append(_left_behind(flow, part_name(name, fan.first + place), fan.states[place], now))
    left = [(place, fan.states[place]._replace(status=TaskStatus.CANCELLED, ended_at=now)) for place in running]
    still, dropped = fan.running - len(left), fan.dropped + len(left)
    fan = fan._replace(states=fan.states.set_many(left), running=still, dropped=dropped)
    plan = plan._replace(running=plan.running - len(left), fans={**plan.fans, number: fan})
    parts = (*decision.parts, *((number, fan.first + place) for place in running))
    return decision._replace(flow=flow._replace(plan=plan), parts=parts)


def _number(flow: Flow, name: str, at: int) -> int:
    number = flow.scheme.orchestration.index.get(name)
    state = None if number is None else flow.plan.states[number]
    if number is None or state is None or state.status not in _OPEN or state.deadline_at != at:
        raise IllegalEvent(f"flow {flow.flow_id}: task {name!r} has no deadline at {at} that it could miss")
    return number


def _stop_flow(flow: Flow, now: int) -> Decision:
    failing = _failing(flow, _too_late_for_flow(flow))
    if not flow.plan.running:
        return end(Decision(failing, [], [], []), now)
    return Decision(failing, [StopBodies(), SetAlarm(grace(flow, now))], [], [])


def _failing(flow: Flow, failure: Failure) -> Flow:
    return flow.failing(failure, failure.line())


def _dead(state: TaskState, now: int) -> TaskState:
    runs = state.status is TaskStatus.RUNNING
    return state._replace(status=TaskStatus.FAILED, failures=state.failures + runs, retry_at=None, ended_at=now)


def _too_late_for_flow(flow: Flow) -> Failure:
    return out_of_time(f"the flow was not done within its deadline of {flow.scheme.deadline:g} s")


def _too_late_for_task(flow: Flow, number: int) -> Failure:
    scheme = flow.scheme.in_order[number]
    attempts = flow.plan.states[number].attempt
    return out_of_time(
        f"task {scheme.name!r} was not done within its deadline of {scheme.deadline or 0.0:g} s, at attempt {attempts}"
    )


def _left_behind(flow: Flow, name: str, state: TaskState, now: int) -> AttemptEnded:
    failure = Failure.plain(
        "Abandoned",
        f"the body went on for {flow.scheme.cancel_grace:g} s after it was told to end, and was left behind",
        "abandoned",
    )
    return AttemptEnded(name, state.attempt, AttemptStatus.CANCELLED, failure, state.started_at, now)
