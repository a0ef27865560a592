"""What people make of a flow by hand: pause, retry, skip, mark, edit. A part of the machine.

`decide` calls what stands here, and starts afterwards what may start. A finished task is kept unless somebody names it;
attempts are numbered on; a task that is tried again has all the attempts of its policy.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import assert_never

from theflow.errors import IllegalEvent
from theflow.model.due import flow_deadline
from theflow.model.failure import OUT_OF_TIME, Failure
from theflow.model.flow import Flow
from theflow.model.following import fail
from theflow.model.message import (
    AttemptEnded,
    Command,
    Decision,
    Dismiss,
    EditStorage,
    LeaveBodies,
    LeaveTask,
    MarkDone,
    MarkFailed,
    Pause,
    Release,
    Resume,
    Retry,
    RetryFrom,
    RunNow,
    SetTimer,
    Skip,
    Verb,
)
from theflow.model.part import part_name
from theflow.model.plan import Fan, FlowExecPlanState, TaskState
from theflow.model.restoring import recounted
from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus
from theflow.model.undoing import doubted
from theflow.model.verb import EXPIRED

_RUNNING = FlowStatus.RUNNING
_PAUSING = FlowStatus.PAUSING
_BAD = (TaskStatus.FAILED, TaskStatus.CANCELLED)
_BAD_AT_THE_END = (*_BAD, TaskStatus.RUNNING)


def operate(flow: Flow, event: Verb, now: int) -> Decision:
    """Do to a flow what somebody asked for; raise IllegalEvent if that does not fit, and say what would."""
    match event:
        case Pause():
            return _pause(flow, event)
        case Resume():
            return _only(flow._replace(status=_RUNNING, reason=""))
        case Retry():
            return _retry(flow, event.names, now)
        case RetryFrom():
            return _retry_from(flow, event.name, now)
        case Skip() | MarkDone():
            return _settle(flow, event, now)
        case MarkFailed():
            return _mark_failed(flow, event, now)
        case EditStorage():
            return _edit(flow, event)
        case RunNow():
            return _run_now(flow, event.name, now)
        case Dismiss():
            return Decision(flow, [Release()], [], [])
        case _:
            assert_never(event)


def waits(flow: Flow) -> list[SetTimer]:
    """Set the timers of all that waits for a retry: of tasks, and of parts."""
    names, plan = flow.scheme.orchestration.names, flow.plan
    timers = [_timer(names[number], plan.states[number]) for number in _waiting(flow)]
    for number, places in _waiting_parts(flow).items():
        fan = plan.fans[number]
        timers.extend(_timer(part_name(names[number], fan.first + place), fan.states[place]) for place in places)
    return timers


def _only(flow: Flow) -> Decision:
    return Decision(flow, [], [], [])


def _pause(flow: Flow, event: Pause) -> Decision:
    if flow.failure is not None:
        raise IllegalEvent(
            f"flow {flow.flow_id} has failed: {flow.failure.line()}; it starts nothing more, and ends when nothing of "
            "it runs"
        )
    return _only(flow._replace(status=_PAUSING if flow.status is _RUNNING else flow.status, reason=event.reason))


def _retry(flow: Flow, names: Collection[str], now: int) -> Decision:
    broken = _without_success(flow)
    numbers = [_number(flow, name) for name in names]
    for number in numbers:
        if number not in broken:
            raise IllegalEvent(
                f"{_task(flow, number)} is {flow.plan.states[number].status}; retry is for tasks that have failed or "
                "were cancelled"
            )
    return _again(flow, numbers or broken, now)


def _retry_from(flow: Flow, name: str, now: int) -> Decision:
    first = _number(flow, name)
    successors = flow.scheme.orchestration.successors
    found, ahead = {first}, [first]
    while ahead:
        following = [number for number in successors[ahead.pop()] if number not in found]
        found.update(following)
        ahead.extend(following)
    for number in sorted(found):
        if number in flow.plan.fans:
            raise IllegalEvent(
                f"{_task(flow, number)} was done in parts, which keep their outcomes; retry those that failed, or fork "
                f"the flow from {name!r}"
            )
    return _again(flow, sorted(found), now)


def _again(flow: Flow, numbers: Collection[int], now: int) -> Decision:
    """Let tasks run again, as if they never had but for the numbers of their attempts; of parts those that failed."""
    plan = flow.plan
    ran = [number for number in numbers if plan.states[number].status is TaskStatus.RUNNING]
    fewer = sum(plan.fans[number].running if number in plan.fans else 1 for number in ran)
    fans = dict(plan.fans)
    parts: list[tuple[int, int | None]] = []
    changes: list[tuple[int, TaskState]] = []
    for number in numbers:
        state = plan.states[number]
        if number in fans:
            fans[number], reopened = _reopened_parts(fans[number])
            parts.extend((number, index) for index in reopened)
            changes.append((number, state._replace(status=TaskStatus.RUNNING, failures=0, ended_at=None, result=None)))
        else:
            changes.append((number, _fresh(flow, number, state)))
    plan = plan._replace(running=plan.running - fewer, fans=fans)
    after = _placed(flow, plan, changes)
    left = [number for number in _without_success(flow) if number not in set(numbers)]
    stuck = [number for number in left if _breaks(after, number)]
    if stuck:
        raise IllegalEvent(
            f"{_task(flow, stuck[0])} is {plan.states[stuck[0]].status} too; let it run again as well, or skip it "
            "before"
        )
    for number in numbers:
        _refuse_after_skip(after, number)
    touched = [number for number in numbers if flow.plan.states[number] != after.plan.states[number]]
    return _reopened(after, touched, now)._replace(parts=tuple(parts))


def _refuse_after_skip(flow: Flow, number: int) -> None:
    """Refuse to run a task again that would never start, as those before it were skipped."""
    dag, states = flow.scheme.orchestration, flow.plan.states
    befores = dag.after(dag.names[number])
    skipped = [name for name in befores if states[dag.index[name]].status is TaskStatus.SKIPPED]
    if states[number].holds and skipped and all(states[dag.index[name]].status.ended for name in befores):
        raise IllegalEvent(f"{_task(flow, number)} comes after {skipped[0]!r}, which was skipped; retry from that one")


def _fresh(flow: Flow, number: int, state: TaskState) -> TaskState:
    # What failed before it could start is asked about once more.
    asked_in_vain = flow.scheme.in_order[number].control.asks and state.started_at in (None, state.ended_at)
    ended_at = state.ended_at if asked_in_vain and state.attempt else None
    return TaskState(attempt=state.attempt, ended_at=ended_at, let=state.let)


def _reopened_parts(fan: Fan) -> tuple[Fan, list[int]]:
    """Let the parts run again that came to nothing; return their indexes, too."""
    done = (TaskStatus.SUCCEEDED, TaskStatus.PENDING)
    again = [place for place, state in enumerate(fan.states) if state.status not in done]
    states = fan.states.set_many([(place, TaskState(attempt=fan.states[place].attempt)) for place in again])
    todo = [place for place, state in enumerate(states) if state.status is TaskStatus.PENDING]
    fan = fan._replace(states=states, todo=todo, at=0, running=0, waiting=0, failed=(), dropped=0, closing=False)
    return fan, [fan.first + place for place in again]


def _placed(flow: Flow, plan: FlowExecPlanState, changes: Sequence[tuple[int, TaskState]]) -> Flow:
    """Put other states of tasks in place, and count anew what depends on them; what broke the flow may be mended."""
    states = plan.states.set_many(changes)
    # What an outcome has let begin, and has not begun, is asked again after another outcome.
    after = (number for before, _ in changes for number in flow.scheme.orchestration.successors[before])
    void = [(number, states[number]._replace(let=False)) for number in after if states[number].let]
    states = states.set_many(void) if void else states
    still = sum(not state.status.ended for state in states)
    plan = recounted(flow.scheme, plan._replace(states=states, open=still))
    if flow.plan.failed and not plan.failed and not flow.reason.startswith(OUT_OF_TIME):
        return flow._replace(plan=plan, failure=None, reason="")
    return flow._replace(plan=plan)


def _breaks(flow: Flow, number: int) -> bool:
    """Whether a flow cannot go on because of a task that stays as it is."""
    name, state = flow.scheme.orchestration.names[number], flow.plan.states[number]
    return name in flow.plan.failed or state.status is not TaskStatus.FAILED


def _reopened(flow: Flow, touched: list[int], now: int) -> Decision:
    """Let a flow that had ended go on, without its hook if that is under way; one that rests goes on resting."""
    if not flow.status.ended:
        return Decision(flow, [], touched, [])
    if flow.data.expires_at is not None and flow.reason == EXPIRED:
        raise IllegalEvent(f"flow {flow.flow_id} had not started when its time was up; fork it to begin anew")
    if flow.scheme.deadline is not None and now >= flow_deadline(flow, now):
        raise IllegalEvent(
            f"flow {flow.flow_id} was to be done within {flow.scheme.deadline:g} s, and that time is up; fork it to "
            "begin anew"
        )
    flow = flow._replace(status=_RUNNING, failure=None, reason="", ending="")
    return Decision(flow, [LeaveBodies()], touched, [])


def _settle(flow: Flow, event: Skip | MarkDone, now: int) -> Decision:
    """Let a task count as succeeded."""
    number = _number(flow, event.name)
    state = flow.plan.states[number]
    if state.status is TaskStatus.SUCCEEDED:
        raise IllegalEvent(
            f"{_task(flow, number)} has succeeded already, and its result stands; retry_from runs it again"
        )
    if state.status is TaskStatus.SKIPPED:
        raise IllegalEvent(f"{_task(flow, number)} was skipped by its condition, and those after it know that")
    runs = state.status is TaskStatus.RUNNING
    if runs and isinstance(event, Skip):
        raise IllegalEvent(f"{_task(flow, number)} runs; mark it done, then its body is told to end, or wait for it")
    _refuse_parts(flow, number, state)
    commands: list[Command] = [LeaveTask(event.name)] if runs else []
    done = TaskState(
        TaskStatus.SUCCEEDED, 0, state.attempt, state.failures, 0, None, state.started_at, now, event.result
    )
    after = _placed(flow, flow.plan._replace(running=flow.plan.running - runs), [(number, done)])
    if after.status is FlowStatus.FAILED and not any(_breaks(after, each) for each in _without_success(after)):
        decision = _reopened(after, [number], now)
        return decision._replace(commands=[*decision.commands, *commands])
    if after.status.ended:
        # It stays as it is, for what else has failed.
        after = after._replace(failure=flow.failure, reason=flow.reason)
    return Decision(after, commands, [number], [])


def _mark_failed(flow: Flow, event: MarkFailed, now: int) -> Decision:
    number = _number(flow, event.name)
    state = flow.plan.states[number]
    if state.status.ended:
        raise IllegalEvent(f"{_task(flow, number)} is {state.status} already; only an open one can be marked failed")
    _refuse_parts(flow, number, state)
    runs = state.status is TaskStatus.RUNNING
    # What never ran has its failure on record under a number of its own.
    attempt = state.attempt if runs else state.attempt + 1
    dead = state._replace(status=TaskStatus.FAILED, holds=0, missed=0, attempt=attempt, retry_at=None, ended_at=now)
    began = state.started_at if runs else None
    record = AttemptEnded(event.name, attempt, AttemptStatus.FAILED, event.failure, began, now)
    plan = flow.plan._replace(running=flow.plan.running - runs)
    if runs:
        # Nobody knows how far its body has come, or will.
        plan = doubted(flow.scheme, plan, record._replace(status=AttemptStatus.INTERRUPTED))
    commands: list[Command] = [LeaveTask(event.name)] if runs else []
    return fail(Decision(flow._replace(plan=plan), commands, [], [record]), number, dead, event.failure, now)


def _refuse_parts(flow: Flow, number: int, state: TaskState) -> None:
    if state.status is TaskStatus.WAITING:
        raise IllegalEvent(f"{_task(flow, number)} waits for its sub-flow; cancel that one, or wait for it")
    if state.status is TaskStatus.RUNNING and number in flow.plan.fans:
        raise IllegalEvent(f"{_task(flow, number)} is being done in parts; cancel the flow, or wait for them")


def _edit(flow: Flow, event: EditStorage) -> Decision:
    plan = flow.plan
    tick = plan.tick + 1
    # A body that runs has its own copy: if it changes the same field, that is a conflict like any other.
    writes = {**plan.writes, **dict.fromkeys(event.changes, (tick, "edit_storage"))}
    return _only(flow._replace(plan=plan._replace(storage={**plan.storage, **event.changes}, tick=tick, writes=writes)))


def _run_now(flow: Flow, name: str, now: int) -> Decision:
    waiting, parts = _waiting(flow), _waiting_parts(flow)
    if name:
        number = _number(flow, name)
        if number not in waiting and number not in parts:
            raise IllegalEvent(
                f"{_task(flow, number)} is {flow.plan.states[number].status}; run_now is for one that waits for a retry"
            )
        waiting = [each for each in waiting if each == number]
        parts = {each: places for each, places in parts.items() if each == number}
    if not (waiting or parts):
        raise IllegalEvent(f"flow {flow.flow_id}: no task of it waits for a retry")
    plan, fans = flow.plan, dict(flow.plan.fans)
    for number, places in parts.items():
        due = [(place, fans[number].states[place]._replace(retry_at=now)) for place in places]
        fans[number] = fans[number]._replace(states=fans[number].states.set_many(due))
    states = plan.states.set_many([(number, plan.states[number]._replace(retry_at=now)) for number in waiting])
    flow = flow._replace(plan=plan._replace(states=states, fans=fans))
    touched = tuple((number, fans[number].first + place) for number, places in parts.items() for place in places)
    return Decision(flow, [*waits(flow)], waiting, [], touched)


def _waiting(flow: Flow) -> list[int]:
    return [number for number, state in enumerate(flow.plan.states) if state.status is TaskStatus.RETRYING]


def _waiting_parts(flow: Flow) -> dict[int, list[int]]:
    found = {
        number: [place for place, state in enumerate(fan.states) if state.status is TaskStatus.RETRYING]
        for number, fan in flow.plan.fans.items()
        if flow.plan.states[number].status is TaskStatus.RUNNING
    }
    return {number: places for number, places in found.items() if places}


def _timer(name: str, state: TaskState) -> SetTimer:
    return SetTimer(name, state.attempt, state.retry_at or 0)


def _without_success(flow: Flow) -> list[int]:
    """Number the tasks that have ended badly: as long as there is one, the flow cannot go on."""
    # One whose rows the database refused while it was cancelled has ended with its tasks as they were.
    bad = _BAD_AT_THE_END if flow.status.ended else _BAD
    return [number for number, state in enumerate(flow.plan.states) if state.status in bad]


def _number(flow: Flow, name: str) -> int:
    dag = flow.scheme.orchestration
    number = dag.index.get(name)
    if number is None:
        raise IllegalEvent(
            f"flow {flow.flow_id}: class {flow.scheme.name!r} has no task {name!r}; its tasks are "
            f"{', '.join(map(repr, dag.names[:20]))}"
        )
    return number


def _task(flow: Flow, number: int) -> str:
    return f"flow {flow.flow_id}: task {flow.scheme.orchestration.names[number]!r}"


def marked_failed(reason: str) -> Failure:
    """Return the failure of a task that somebody has marked as failed."""
    return Failure.plain("MarkedFailed", reason, "marked_failed")
