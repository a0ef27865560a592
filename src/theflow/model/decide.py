"""The state machine: a flow and an event give a new flow and what is owed. Pure.

What may follow what stands in `moves`; what moves a flow or a task is here, or in the files below that this one calls.
An event that does not fit the state raises IllegalEvent and changes nothing. The cost is that of the tasks touched,
not of the tasks of the flow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from theflow.errors import IllegalEvent
from theflow.model.answers import hear_answer
from theflow.model.attempt_end import after_failure, after_success, record_of
from theflow.model.deadline import overdue, pass_deadline, pass_grace, stop_task
from theflow.model.due import alarms, begin_flow, is_late
from theflow.model.ending import cancel, end, end_hook, end_or_wait, expire, refuse, revert, why_it_failed
from theflow.model.fanning import fail_part, go_on_all, retry_part, succeed_part
from theflow.model.flow import Flow
from theflow.model.following import fail, succeed
from theflow.model.losing import lose_all
from theflow.model.message import (
    Ask,
    Cancel,
    DeadlinePassed,
    Decision,
    Event,
    GraceOver,
    HookEnded,
    InputBuilt,
    LeaveBodies,
    MarkFailed,
    Park,
    QuestionFailed,
    Recovered,
    RetryDue,
    Revert,
    RoundJudged,
    RunTask,
    SetTimer,
    Started,
    SubflowEnded,
    TaskChosen,
    TaskFailed,
    TaskSkipped,
    TaskSucceeded,
    Verb,
    owed,
)
from theflow.model.moves import FLOW_MOVES
from theflow.model.operator import operate, waits
from theflow.model.plan import TaskState
from theflow.model.starting import run
from theflow.model.status import FlowStatus, TaskStatus
from theflow.model.subflow import begun, ended_children, taken_up
from theflow.model.task import Task
from theflow.model.undoing import doubted, not_undone, running, undo_again, undone
from theflow.model.writes import write

# A member of an enumeration is looked up by Python code.
_REVERTING = FlowStatus.REVERTING


def decide(flow: Flow, event: Event, now: int) -> Decision:
    """Take one event. `now` is microseconds UTC; raise IllegalEvent if the event does not fit."""
    if type(event).__name__ not in FLOW_MOVES[flow.status]:
        raise IllegalEvent(f"flow {flow.flow_id} is {flow.status}: {type(event).__name__} does not fit")
    if flow.status is _REVERTING and getattr(event, "name", "") in flow.scheme.undone_by:
        return _undo(flow, event, now)
    return _ARMS[type(event)](flow, event, now)


def _undo(flow: Flow, event: Event, now: int) -> Decision:
    """Take an event of a compensation. What it changes of the storage is merged as what a task changes."""
    if isinstance(event, RetryDue):
        return undo_again(flow, event, now)
    if isinstance(event, TaskFailed):
        return not_undone(flow, event, now)
    if not isinstance(event, TaskSucceeded):
        raise IllegalEvent(f"flow {flow.flow_id}: {event!r} is nothing that a compensation does")
    plan = flow.plan
    if event.changes:
        written = write(plan, running(flow, event.name, event.attempt)[1], event)
        if isinstance(written, TaskFailed):
            return not_undone(flow, written, event.ended_at)
        plan = written
    return undone(flow, plan, event)


def _only(flow: Flow) -> Decision:
    return Decision(flow, [], [], [])


def _by_hand(flow: Flow, event: Verb, now: int) -> Decision:
    """Do what somebody asked for; start what it has set free, or end a flow of which it has left nothing to do."""
    if flow.status is FlowStatus.PARKED:
        # It is let in again, and whoever takes it recovers it.
        return _only(flow._replace(status=FlowStatus.RUNNING, reason=why_it_failed(flow)))
    decision = operate(flow, event, now)
    after = decision.flow
    plan = after.plan
    if after.status.ended or isinstance(event, MarkFailed):
        return decision
    if after.halted or not plan.open:
        return decision if plan.running else end(decision, now)
    if flow.halted:
        # It goes on after a while in which nobody listened to timers.
        after, _ = begin_flow(after, now)
        decision.commands.extend([*alarms(after, now), *waits(after)])
    dag = flow.scheme.orchestration
    begun = run(decision._replace(flow=after), plan, [], [dag.index[name] for name in dag.next(plan)], now)
    begun = go_on_all(begun, now)
    return begun._replace(touched=list(dict.fromkeys(begun.touched)))


def _park(flow: Flow, event: Park, _: int) -> Decision:
    if flow.status in (FlowStatus.CANCELLING, FlowStatus.REVERTING):
        return refuse(flow, event.reason)
    return Decision(flow._replace(status=FlowStatus.PARKED, reason=event.reason), [LeaveBodies()], [], [])


def _start(flow: Flow, _: Started, now: int) -> Decision:
    if flow.data.expires_at is not None and flow.data.expired(now):
        return expire(flow)
    dag = flow.scheme.orchestration
    plan = flow.plan
    if plan.states is not dag.fresh.states or not dag.starts_at_once or flow.scheme.deadlines:
        flow, commands = begin_flow(flow, now)
        flow = Flow(flow.data, flow.scheme, plan, FlowStatus.RUNNING, flow.failure, flow.reason)
        return run(Decision(flow, commands, [], []), plan, [], dag.sources, now)
    begun = dag.begun(now)
    if plan.storage:
        begun = begun._replace(storage=plan.storage)
    flow = Flow(flow.data, flow.scheme, begun, FlowStatus.RUNNING, flow.failure, flow.reason)
    schemes = flow.scheme.in_order
    commands = [RunTask(Task(flow, schemes[number], 1)) for number in dag.sources]
    return Decision(flow, commands, [], [])


def _succeed(flow: Flow, event: TaskSucceeded, _: int) -> Decision:
    if event.name not in flow.scheme.orchestration.index:
        return succeed_part(flow, event)
    number, state = _running(flow, event.name, event.attempt)
    plan = flow.plan
    if event.changes:
        written = write(plan, state, event)
        if isinstance(written, TaskFailed):
            return _fail(flow, written, event.ended_at)
        plan = written
    return succeed(Decision(flow, [], [], []), plan, number, after_success(state, event), plan.running - 1)


def _fail(flow: Flow, event: TaskFailed, now: int) -> Decision:
    if event.name not in flow.scheme.orchestration.index:
        return fail_part(flow, event, now)
    number, state = _running(flow, event.name, event.attempt)
    plan = flow.plan._replace(running=flow.plan.running - 1)
    after, failure = after_failure(flow, flow.scheme.in_order[number], state, event, now)
    record = record_of(flow, event, failure)
    plan = doubted(flow.scheme, plan, record)
    decision = Decision(flow._replace(plan=plan), [], [], [record])
    if after.status is TaskStatus.FAILED:
        return fail(decision, number, after, failure, now)
    decision.touched.append(number)
    still = plan.open - (after.status is TaskStatus.CANCELLED)
    decision = decision._replace(
        flow=flow._replace(plan=plan._replace(states=plan.states.set(number, after), open=still))
    )
    if after.retry_at is not None:
        decision.commands.append(SetTimer(event.name, event.attempt, after.retry_at))
    if not plan.running and (after.retry_at is None or flow.status is not FlowStatus.RUNNING):
        return end(decision, now)
    return decision


def _begin_subflow(flow: Flow, event: InputBuilt, now: int) -> Decision:
    """Let the sub-flow of a task begin, unless it may not."""
    found = begun(flow, event)
    return _fail(flow, found, now) if isinstance(found, TaskFailed) else found


def _end_subflow(flow: Flow, event: SubflowEnded, now: int) -> Decision:
    """Give a task the end of its sub-flow."""
    flow, outcome = taken_up(flow, event, now)
    return _succeed(flow, outcome, now) if isinstance(outcome, TaskSucceeded) else _fail(flow, outcome, now)


def _follow_all(decision: Decision, now: int) -> Decision:
    """Hear of the sub-flows that have ended while nobody held the flow."""
    for event in ended_children(decision.flow) if decision.flow.scheme.subflows else ():
        decision = decision.then(_end_subflow(decision.flow, event, now))
    return decision


def _revert(flow: Flow, event: Revert, now: int) -> Decision:
    """Undo a flow; one that was asked for it while nobody held it may have had sub-flows that ended meanwhile."""
    decision = revert(flow, event, now)
    return _follow_all(decision, now) if flow.status is _REVERTING else decision


def _try_again(flow: Flow, event: RetryDue, now: int) -> Decision:
    if event.name not in flow.scheme.orchestration.index:
        return retry_part(flow, event, now)
    number, state = _state(flow, event.name)
    if state.status is not TaskStatus.RETRYING or state.attempt != event.attempt:
        raise IllegalEvent(
            f"flow {flow.flow_id}: task {event.name!r} is {state.status} at attempt {state.attempt}; "
            f"a retry after attempt {event.attempt} does not fit"
        )
    if flow.failure is not None:
        return _only(flow)
    if state.retry_at is not None and now < state.retry_at:  # a clock was set back: a timer is never early
        return Decision(flow, [SetTimer(event.name, event.attempt, state.retry_at)], [], [])
    if is_late(state, now):
        return stop_task(flow, number, now)
    return run(_only(flow), flow.plan, [], (number,), now)


def _recover(flow: Flow, _: Recovered, now: int) -> Decision:
    """Owe again whatever the state alone says is owed: attempts that were under way are lost, the rest goes on."""
    decision = _only(flow)
    if flow.status.ended:
        decision.commands.append(owed(flow))
        return decision
    if flow.status is FlowStatus.RUNNING and flow.data.expired(now):
        return expire(flow)
    found = lose_all(decision, now)
    decision = _follow_all(found, now)
    if decision.flow.status not in (found.flow.status, FlowStatus.RUNNING):
        # With its last sub-flow it has come to its end, or to rest.
        return decision
    if flow.scheme.deadlines and flow.status is FlowStatus.RUNNING and decision.flow.failure is None:
        decision = overdue(decision, now)
    plan = decision.flow.plan
    if decision.flow.failure is not None or not plan.open or flow.status is not FlowStatus.RUNNING:
        return end_or_wait(decision, now)
    dag = flow.scheme.orchestration
    for number, state in enumerate(plan.states):
        if state.status is TaskStatus.RETRYING and flow.plan.states[number].status is TaskStatus.RETRYING:
            at = now if state.retry_at is None else state.retry_at
            decision.commands.append(SetTimer(dag.names[number], state.attempt, at))
    # What the end of a sub-flow has let be asked is not asked twice.
    asked = {command.task.name for command in decision.commands if isinstance(command, Ask)}
    ready = [dag.index[name] for name in dag.next(plan) if name not in asked]
    decision = run(decision, plan, [], ready, now)
    return go_on_all(decision, now)


def _running(flow: Flow, name: str, attempt: int) -> tuple[int, TaskState]:
    number, state = _state(flow, name)
    if state.status is not TaskStatus.RUNNING or state.attempt != attempt or number in flow.plan.fans:
        raise IllegalEvent(
            f"flow {flow.flow_id}: task {name!r} is {state.status} at attempt {state.attempt}; "
            f"an outcome of attempt {attempt} does not fit"
        )
    return number, state


def _state(flow: Flow, name: str) -> tuple[int, TaskState]:
    number = flow.scheme.orchestration.index.get(name)
    if number is None:
        raise IllegalEvent(f"flow {flow.flow_id}: class {flow.scheme.name!r} has no task {name!r}")
    return number, flow.plan.states[number]


# Who takes which event; a test holds it to the list of all events.
_ARMS: dict[type, Callable[[Flow, Any, int], Decision]] = {
    Started: _start,
    Recovered: _recover,
    TaskSucceeded: _succeed,
    TaskFailed: _fail,
    RetryDue: _try_again,
    HookEnded: lambda flow, event, _: end_hook(flow, event),
    DeadlinePassed: pass_deadline,
    GraceOver: pass_grace,
    Cancel: lambda flow, event, now: cancel(flow, event.reason, now),
    Revert: _revert,
    InputBuilt: _begin_subflow,
    SubflowEnded: _end_subflow,
    Park: _park,
    **dict.fromkeys(get_args(Verb), _by_hand),
    **dict.fromkeys((TaskChosen, TaskSkipped, QuestionFailed, RoundJudged), hear_answer),
}
