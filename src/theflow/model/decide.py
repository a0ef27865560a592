"""The state machine, all of it: a flow and an event give a new flow and what is owed. Pure.

Everything that moves a flow or a task from one status to another stands in this file. An event that does not fit the
state raises IllegalEvent and changes nothing. The cost is that of the tasks touched, not of the tasks of the flow.
"""

from __future__ import annotations

from typing import NamedTuple, assert_never

from theflow.errors import IllegalEvent
from theflow.model.failure import Failure
from theflow.model.flow import Flow
from theflow.model.message import (
    AttemptEnded,
    Command,
    Event,
    HookEnded,
    Park,
    Recovered,
    Release,
    RetryDue,
    RunHook,
    RunTask,
    SetTimer,
    Started,
    TaskFailed,
    TaskSucceeded,
)
from theflow.model.plan import FlowExecPlanState, TaskState
from theflow.model.scheme import TaskScheme
from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus
from theflow.model.task import Task

# What may follow what. The docs' diagrams are drawn from these tables, and a test crosses every pair.
FLOW_MOVES: dict[FlowStatus, dict[str, tuple[FlowStatus, ...]]] = {
    FlowStatus.PENDING: {"Started": (FlowStatus.RUNNING,), "Park": (FlowStatus.PARKED,)},
    FlowStatus.RUNNING: {
        "Recovered": (FlowStatus.RUNNING, FlowStatus.SUCCEEDED, FlowStatus.FAILED),
        "TaskSucceeded": (FlowStatus.RUNNING, FlowStatus.SUCCEEDED, FlowStatus.FAILED),
        "TaskFailed": (FlowStatus.RUNNING, FlowStatus.FAILED),
        "RetryDue": (FlowStatus.RUNNING,),
        "Park": (FlowStatus.PARKED,),
    },
    FlowStatus.SUCCEEDED: {"Recovered": (FlowStatus.SUCCEEDED,), "HookEnded": (FlowStatus.SUCCEEDED,)},
    FlowStatus.FAILED: {"Recovered": (FlowStatus.FAILED,), "HookEnded": (FlowStatus.FAILED,)},
    FlowStatus.PARKED: {},
}
TASK_MOVES: dict[TaskStatus, dict[str, tuple[TaskStatus, ...]]] = {
    TaskStatus.PENDING: {
        "Started": (TaskStatus.RUNNING,),
        "TaskSucceeded": (TaskStatus.RUNNING,),
        "Recovered": (TaskStatus.RUNNING,),
    },
    TaskStatus.RUNNING: {
        "TaskSucceeded": (TaskStatus.SUCCEEDED, TaskStatus.FAILED),
        "TaskFailed": (TaskStatus.RETRYING, TaskStatus.FAILED),
        "Recovered": (TaskStatus.RUNNING, TaskStatus.PENDING, TaskStatus.FAILED),
    },
    TaskStatus.RETRYING: {
        "RetryDue": (TaskStatus.RUNNING, TaskStatus.RETRYING),
        "Recovered": (TaskStatus.RETRYING, TaskStatus.FAILED),
        "TaskSucceeded": (TaskStatus.FAILED,),
        "TaskFailed": (TaskStatus.FAILED,),
    },
    TaskStatus.SUCCEEDED: {},
    TaskStatus.FAILED: {},
}


_RELEASE = Release()


class Decision(NamedTuple):
    """What an event led to: the new flow, what is owed, the tasks whose rows changed, the attempts that ended badly."""

    flow: Flow
    commands: list[Command]
    touched: list[int]
    attempts: list[AttemptEnded]


def decide(flow: Flow, event: Event, now: int) -> Decision:
    """Take one event. `now` is microseconds UTC; raise IllegalEvent if the event does not fit."""
    if type(event).__name__ not in FLOW_MOVES[flow.status]:
        raise IllegalEvent(f"flow {flow.flow_id} is {flow.status}: {type(event).__name__} does not fit")
    match event:
        case TaskSucceeded():
            return _succeed(flow, event)
        case Started():
            return _start(flow, now)
        case TaskFailed():
            return _fail(flow, event, now)
        case RetryDue():
            return _try_again(flow, event, now)
        case Recovered():
            return _recover(flow, now)
        case HookEnded():
            return _end_hook(flow, event)
        case Park():
            return _only(flow._replace(status=FlowStatus.PARKED, reason=event.reason))
        case _:
            assert_never(event)


def _only(flow: Flow) -> Decision:
    return Decision(flow, [], [], [])


def _start(flow: Flow, now: int) -> Decision:
    dag = flow.scheme.orchestration
    plan = flow.plan
    if plan.states is not dag.fresh.states:
        flow = Flow(flow.data, flow.scheme, plan, FlowStatus.RUNNING, flow.failure, flow.reason)
        return _run(_only(flow), [], dag.sources, now)
    begun = dag.begun(now)
    if plan.storage:
        begun = begun._replace(storage=plan.storage)
    flow = Flow(flow.data, flow.scheme, begun, FlowStatus.RUNNING, flow.failure, flow.reason)
    schemes = flow.scheme.in_order
    commands: list[Command] = [RunTask(Task(flow, schemes[number], 1)) for number in dag.sources]
    return Decision(flow, commands, [number for number in dag.sources if schemes[number].at_most_once], [])


def _succeed(flow: Flow, event: TaskSucceeded) -> Decision:
    number, state = _running(flow, event.name, event.attempt)
    plan = flow.plan
    if event.changes:
        clash = _clash(plan, state, event)
        if clash is not None:
            return _fail(flow, clash, event.ended_at)
        plan = _merge(plan, event)
    done = TaskState(
        TaskStatus.SUCCEEDED, 0, state.attempt, state.failures, 0, None, event.started_at, event.ended_at, event.result
    )
    changes, ready = flow.scheme.orchestration.ready_after(plan, number)
    changes.append((number, done))
    if plan.failed:
        # A failing flow starts nothing new: what is ready stays where it is.
        changes.extend([(follower, TaskState()) for follower in ready])
        ready = []
    states = plan.states if ready else plan.states.set_many(changes)
    plan = FlowExecPlanState(states, plan.open - 1, plan.running - 1, plan.failed, plan.storage, plan.tick, plan.writes)
    if ready:
        return _run(Decision(_moved(flow, plan), [], [number], []), changes, ready, event.ended_at)
    if not plan.open and not plan.failed:
        return _complete(Decision(flow, [], [number], []), plan)
    decision = Decision(_moved(flow, plan), [], [number], [])
    if plan.failed and not plan.running:
        return _end(decision, event.ended_at)
    return decision


def _fail(flow: Flow, event: TaskFailed, now: int) -> Decision:
    number, state = _running(flow, event.name, event.attempt)
    retry = _scheme(flow, event.name).retry
    failures = state.failures + 1
    again = event.retryable and failures < retry.attempts and not flow.plan.failed
    retry_at = now + retry.wait(failures, f"{flow.flow_id}/{event.name}/{failures}") if again else None
    ended = state._replace(
        status=TaskStatus.RETRYING if again else TaskStatus.FAILED,
        failures=failures,
        retry_at=retry_at,
        started_at=event.started_at,
        ended_at=None if again else event.ended_at,
    )
    plan = flow.plan._replace(
        states=flow.plan.states.set(number, ended),
        running=flow.plan.running - 1,
        open=flow.plan.open - (not again),
        failed=flow.plan.failed if again else (*flow.plan.failed, event.name),
    )
    record = AttemptEnded(event.name, event.attempt, event.status, event.failure, event.started_at, event.ended_at)
    failure = flow.failure if again or flow.failure else event.failure
    reason = flow.reason if again or flow.reason else f"task {event.name!r} failed: {event.failure.line()}"
    decision = Decision(flow._replace(plan=plan, failure=failure, reason=reason), [], [number], [record])
    if retry_at is not None:
        decision.commands.append(SetTimer(event.name, event.attempt, retry_at))
    elif not plan.running:
        return _end(decision, now)
    return decision


def _try_again(flow: Flow, event: RetryDue, now: int) -> Decision:
    number, state = _state(flow, event.name)
    if state.status is not TaskStatus.RETRYING or state.attempt != event.attempt:
        raise IllegalEvent(
            f"flow {flow.flow_id}: task {event.name!r} is {state.status} at attempt {state.attempt}; "
            f"a retry after attempt {event.attempt} does not fit"
        )
    if flow.plan.failed:
        return _only(flow)
    if state.retry_at is not None and now < state.retry_at:  # a clock was set back: a timer is never early
        return Decision(flow, [SetTimer(event.name, event.attempt, state.retry_at)], [], [])
    return _run(_only(flow), [], (number,), now)


def _recover(flow: Flow, now: int) -> Decision:
    """Owe again whatever the state alone says is owed: attempts that were under way are lost, the rest goes on."""
    decision = _only(flow)
    if flow.status.ended:
        decision.commands.append(_owed(flow))
        return decision
    lost = [number for number, state in enumerate(flow.plan.states) if state.status is TaskStatus.RUNNING]
    for number in lost:
        decision = _lose(decision, number, now)
    plan = decision.flow.plan
    if plan.failed or not plan.open:
        return _end(decision, now)
    dag = flow.scheme.orchestration
    for number, state in enumerate(plan.states):
        if state.status is TaskStatus.RETRYING:
            at = now if state.retry_at is None else state.retry_at
            decision.commands.append(SetTimer(dag.names[number], state.attempt, at))
    return _run(decision, [], [dag.index[name] for name in dag.next(plan)], now)


def _lose(decision: Decision, number: int, now: int) -> Decision:
    """Take back an attempt that went down with its process: it is numbered, but it spends no retry."""
    flow = decision.flow
    name = flow.scheme.orchestration.names[number]
    state = flow.plan.states[number]
    lost = AttemptEnded(
        name,
        state.attempt,
        AttemptStatus.LOST,
        Failure.plain("AttemptLost", "the process ended while the task was running"),
        state.started_at,
        None,
    )
    plan = flow.plan._replace(running=flow.plan.running - 1)
    decision.attempts.append(lost)
    decision.touched.append(number)
    if not _scheme(flow, name).at_most_once:
        given_back = state._replace(status=TaskStatus.PENDING, started_at=None)
        plan = plan._replace(states=plan.states.set(number, given_back))
        return decision._replace(flow=_moved(flow, plan))
    failure = Failure.plain("OutcomeUnknown", f"task {name!r} is at_most_once and was running when its process ended")
    dead = state._replace(status=TaskStatus.FAILED, failures=state.failures + 1, ended_at=now)
    plan = plan._replace(states=plan.states.set(number, dead), open=plan.open - 1, failed=(*plan.failed, name))
    reason = f"task {name!r} failed: {failure.line()}"
    failed = flow._replace(plan=plan, failure=flow.failure or failure, reason=flow.reason or reason)
    return decision._replace(flow=failed)


def _run(
    decision: Decision, changes: list[tuple[int, TaskState]], numbers: tuple[int, ...] | list[int], now: int
) -> Decision:
    """Start tasks, and put other changes in place with them: one new plan and one new flow for all. The hot path."""
    flow, commands, touched, attempts = decision
    plan = flow.plan
    states = plan.states
    started = []
    for number in numbers:
        state = states[number]
        attempt = state.attempt + 1
        changes.append((number, TaskState(TaskStatus.RUNNING, 0, attempt, state.failures, plan.tick, None, now)))
        started.append((number, attempt))
    flow = _moved(
        flow,
        FlowExecPlanState(
            states.set_many(changes),
            plan.open,
            plan.running + len(started),
            plan.failed,
            plan.storage,
            plan.tick,
            plan.writes,
        ),
    )
    schemes = flow.scheme.in_order
    for number, attempt in started:
        scheme = schemes[number]
        commands.append(RunTask(Task(flow, scheme, attempt)))
        if scheme.at_most_once:
            touched.append(number)
    return Decision(flow, commands, touched, attempts)


def _end(decision: Decision, now: int) -> Decision:
    flow = decision.flow
    plan = flow.plan
    if not plan.failed:
        return _complete(decision, plan)
    plan = _give_up(decision, plan, now)
    reason = flow.reason or f"task {plan.failed[0]!r} failed"
    return _close(decision, flow._replace(plan=plan, status=FlowStatus.FAILED, reason=reason))


def _complete(decision: Decision, plan: FlowExecPlanState) -> Decision:
    flow = decision.flow
    return _close(decision, Flow(flow.data, flow.scheme, plan, FlowStatus.SUCCEEDED, flow.failure, flow.reason))


def _close(decision: Decision, flow: Flow) -> Decision:
    decision.commands.append(_owed(flow))
    return Decision(flow, decision.commands, decision.touched, decision.attempts)


def _owed(flow: Flow) -> Command:
    """Return what is owed to a flow that has ended."""
    hooks = flow.scheme.hooks
    return RunHook(flow.hook) if hooks and flow.hook in hooks else _RELEASE


def _give_up(decision: Decision, plan: FlowExecPlanState, now: int) -> FlowExecPlanState:
    """Close the tasks that waited for a retry: their flow has failed, so their last attempt was the last."""
    states = plan.states
    waiting = [number for number, state in enumerate(states) if state.status is TaskStatus.RETRYING]
    for number in waiting:
        states = states.set(number, states[number]._replace(status=TaskStatus.FAILED, retry_at=None, ended_at=now))
        decision.touched.append(number)
    names = decision.flow.scheme.orchestration.names
    failed = (*plan.failed, *(names[number] for number in waiting))
    return plan._replace(states=states, open=plan.open - len(waiting), failed=failed)


def _end_hook(flow: Flow, event: HookEnded) -> Decision:
    if event.name != flow.hook or event.name not in flow.scheme.hooks:
        raise IllegalEvent(f"flow {flow.flow_id} is {flow.status}: it owes no hook {event.name!r}")
    decision = Decision(flow, [_RELEASE], [], [])
    if event.failure is not None:
        decision.attempts.append(
            AttemptEnded(event.name, 1, AttemptStatus.FAILED, event.failure, event.started_at, event.ended_at)
        )
    return decision


def _clash(plan: FlowExecPlanState, state: TaskState, event: TaskSucceeded) -> TaskFailed | None:
    """Return the failure of a task that changed a field which a parallel task changed since it started."""
    for name, value in (event.changes or {}).items():
        tick, writer = plan.writes.get(name, (0, ""))
        if tick > state.base and plan.storage.get(name) != value:
            failure = Failure.plain(
                "StorageConflict",
                f"tasks {writer!r} and {event.name!r} ran in parallel and both changed field {name!r} of the storage; "
                "let one come after the other, or give them fields of their own",
            )
            return TaskFailed(
                event.name,
                event.attempt,
                failure,
                retryable=False,
                started_at=event.started_at,
                ended_at=event.ended_at,
            )
    return None


def _merge(plan: FlowExecPlanState, event: TaskSucceeded) -> FlowExecPlanState:
    changes = event.changes or {}
    set_to = {name: value for name, value in changes.items() if value is not None}
    storage = {**plan.storage, **set_to}
    for gone in changes.keys() - set_to.keys():
        storage.pop(gone, None)
    tick = plan.tick + 1
    return plan._replace(
        storage=storage,
        tick=tick,
        writes={**plan.writes, **dict.fromkeys(changes, (tick, event.name))},
    )


def _running(flow: Flow, name: str, attempt: int) -> tuple[int, TaskState]:
    number, state = _state(flow, name)
    if state.status is not TaskStatus.RUNNING or state.attempt != attempt:
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


def _scheme(flow: Flow, name: str) -> TaskScheme[..., object]:
    return flow.scheme.tasks[name]


def _moved(flow: Flow, plan: FlowExecPlanState) -> Flow:
    return Flow(flow.data, flow.scheme, plan, flow.status, flow.failure, flow.reason)
