"""How what a flow did is undone, task by task, in reverse dependency order. A part of the machine.

What is to be undone is decided once, at the beginning, and recorded with the first commit. From then on all follows
from the states of the compensations: one starts when whatever came after its task is undone, or had nothing to undo.
The cost is that of the tasks and arrows of the flow, once for the whole of it. `decide` and `ending` call what stands
here.

A compensation belongs to its task as a whole. One of a task that was divided would be a state for each part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from theflow.errors import IllegalEvent
from theflow.model.attempt_end import after_failed_undo, record_of
from theflow.model.failure import LOST
from theflow.model.flow import Flow
from theflow.model.message import (
    AttemptEnded,
    Decision,
    LeaveBodies,
    RetryDue,
    RunTask,
    SetTimer,
    TaskFailed,
    TaskSucceeded,
    owed,
)
from theflow.model.plan import FlowExecPlanState, Rollback, TaskState
from theflow.model.scheme import FlowScheme
from theflow.model.status import IN_DOUBT, AttemptStatus, FlowStatus, TaskStatus
from theflow.model.task import Task
from theflow.model.vector import Vector

# What may follow what, for the state of a compensation; see FLOW_MOVES.
UNDO_MOVES: dict[TaskStatus, dict[str, tuple[TaskStatus, ...]]] = {
    TaskStatus.PENDING: {
        "TaskSucceeded": (TaskStatus.RUNNING,),
        "TaskFailed": (TaskStatus.RUNNING,),
        "InputBuilt": (TaskStatus.RUNNING,),
        "SubflowEnded": (TaskStatus.RUNNING,),
        "RetryDue": (TaskStatus.RUNNING,),
        "DeadlinePassed": (TaskStatus.RUNNING,),
        "GraceOver": (TaskStatus.RUNNING,),
        "Recovered": (TaskStatus.RUNNING,),
        "Cancel": (TaskStatus.RUNNING,),
        "Revert": (TaskStatus.RUNNING,),
        "TaskChosen": (TaskStatus.RUNNING,),
        "TaskSkipped": (TaskStatus.RUNNING,),
        "QuestionFailed": (TaskStatus.RUNNING,),
        "RoundJudged": (TaskStatus.RUNNING,),
        "MarkDone": (TaskStatus.RUNNING,),
        "MarkFailed": (TaskStatus.RUNNING,),
        "Resume": (TaskStatus.RUNNING,),
    },
    TaskStatus.RUNNING: {
        "TaskSucceeded": (TaskStatus.SUCCEEDED, TaskStatus.FAILED),
        "TaskFailed": (TaskStatus.RETRYING, TaskStatus.FAILED),
        "Recovered": (TaskStatus.RUNNING,),
        "Revert": (TaskStatus.RUNNING,),
    },
    TaskStatus.RETRYING: {
        "RetryDue": (TaskStatus.RUNNING, TaskStatus.RETRYING),
        "Recovered": (TaskStatus.RETRYING,),
        "Revert": (TaskStatus.RETRYING,),
    },
    TaskStatus.SUCCEEDED: {},
    TaskStatus.FAILED: {"Revert": (TaskStatus.RUNNING, TaskStatus.PENDING)},
}
_ABSENT = TaskState(TaskStatus.SKIPPED)


def doubted(scheme: FlowScheme, plan: FlowExecPlanState, ended: AttemptEnded) -> FlowExecPlanState:
    """Keep in mind that nobody knows what an attempt did, if its task can be undone."""
    began = ended.status is not AttemptStatus.CANCELLED or ended.started_at
    if ended.status not in IN_DOUBT or not began or ended.name not in scheme.undos:
        return plan
    undo = plan.undo or Rollback()
    return plan._replace(undo=undo._replace(doubts=undo.doubts | {ended.name}))


def begin(decision: Decision, now: int) -> Decision:
    """Add to what is to be undone whatever was done, or may have been, after the task that stays; and go on."""
    flow = decision.flow
    plan, dag = flow.plan, flow.scheme.orchestration
    undo = plan.undo or Rollback()
    members = _members(undo)
    unknown = set(undo.unknown)
    scope = _beyond(dag.successors, dag.index[undo.to]) if undo.to else None
    for name in flow.scheme.undos:
        number = dag.index[name]
        known = plan.states[number].status is TaskStatus.SUCCEEDED
        inside = scope is None or number in scope
        if number not in members and inside and (known or name in undo.doubts):
            members[number] = TaskState()
            decision.touched.append(~number)
            if not known:
                unknown.add(number)
    return _arranged(decision, undo._replace(unknown=frozenset(unknown)), members, now)


def go_on(decision: Decision, now: int) -> Decision:
    """Go on with what is to be undone by now, or begin."""
    undo = decision.flow.plan.undo
    if undo is None or undo.states is None:
        return begin(decision, now)
    return _arranged(decision, undo, _members(undo), now)


def reopened(undo: Rollback, touched: list[int]) -> Rollback:
    """Let the compensations that failed for good be tried again: a person asks for it."""
    if undo.states is None:
        return undo
    failed = [number for number, state in enumerate(undo.states) if state.status is TaskStatus.FAILED]
    touched.extend(~number for number in failed)
    fresh = [(number, TaskState(attempt=undo.states[number].attempt)) for number in failed]
    return undo._replace(states=undo.states.set_many(fresh))


def get_stuck(flow: Flow, reason: str) -> Decision:
    """Let a person see to a flow that cannot be reverted as it stands."""
    failed = flow._replace(status=FlowStatus.REVERT_FAILED, reason=reason)
    return Decision(failed, [LeaveBodies(), owed(failed)], [], [])


def running(flow: Flow, name: str, attempt: int) -> tuple[int, TaskState]:
    """Return the number and the state of a compensation of which this attempt is under way."""
    number, state = _state(flow, name)
    if state.status is not TaskStatus.RUNNING or state.attempt != attempt:
        raise IllegalEvent(
            f"flow {flow.flow_id}: {name!r} is {state.status} at attempt {state.attempt}; "
            f"an outcome of attempt {attempt} does not fit"
        )
    return number, state


def undone(flow: Flow, plan: FlowExecPlanState, event: TaskSucceeded) -> Decision:
    """Take in that a task is undone, and undo those that waited for it alone; `plan` has the storage as it is then."""
    number, state = running(flow, event.name, event.attempt)
    undo, states = _undo(plan)
    done = state._replace(
        status=TaskStatus.SUCCEEDED, started_at=event.started_at, ended_at=event.ended_at, result=event.result
    )
    changes, ready = _released(flow, states, number)
    undo = undo._replace(
        states=states.set_many([*changes, (number, done)]), open=undo.open - 1, running=undo.running - 1
    )
    decision = Decision(flow._replace(plan=plan._replace(undo=undo)), [], [~number], [])
    return _run(decision, ready, event.ended_at)


def not_undone(flow: Flow, event: TaskFailed, now: int) -> Decision:
    """Take in that an attempt to undo a task failed; what came before the task waits until it is undone."""
    number, state = running(flow, event.name, event.attempt)
    undo, states = _undo(flow.plan)
    after = after_failed_undo(flow, flow.scheme.undos[flow.scheme.orchestration.names[number]], state, event, now)
    retry_at = after.retry_at
    undo = undo._replace(
        states=states.set(number, after), running=undo.running - 1, waiting=undo.waiting + (retry_at is not None)
    )
    record = record_of(flow, event, event.failure)
    decision = Decision(flow._replace(plan=flow.plan._replace(undo=undo)), [], [~number], [record])
    if retry_at is not None:
        decision.commands.append(SetTimer(event.name, event.attempt, retry_at))
    return _run(decision, (), now)


def undo_again(flow: Flow, event: RetryDue, now: int) -> Decision:
    """Make the next attempt to undo a task."""
    number, state = _state(flow, event.name)
    if state.status is not TaskStatus.RETRYING or state.attempt != event.attempt:
        raise IllegalEvent(
            f"flow {flow.flow_id}: {event.name!r} is {state.status} at attempt {state.attempt}; "
            f"a retry after attempt {event.attempt} does not fit"
        )
    decision = Decision(flow, [], [], [])
    if state.retry_at is not None and now < state.retry_at:  # a clock was set back: a timer is never early
        decision.commands.append(SetTimer(event.name, event.attempt, state.retry_at))
        return decision
    undo, _ = _undo(flow.plan)
    waiting = flow.plan._replace(undo=undo._replace(waiting=undo.waiting - 1))
    return _run(decision._replace(flow=flow._replace(plan=waiting)), (number,), now)


def _undo(plan: FlowExecPlanState) -> tuple[Rollback, Vector[TaskState]]:
    undo = plan.undo or Rollback()
    return undo, undo.states or Vector()


def _state(flow: Flow, name: str) -> tuple[int, TaskState]:
    number = flow.scheme.undone_by.get(name)
    _, states = _undo(flow.plan)
    if number is None or not states:
        raise IllegalEvent(f"flow {flow.flow_id}: nothing named {name!r} is to be undone")
    return number, states[number]


def _members(undo: Rollback) -> dict[int, TaskState]:
    """What is to be undone, or is undone already, by the numbers of the tasks."""
    states = enumerate(undo.states or ())
    return {number: state for number, state in states if state.status is not TaskStatus.SKIPPED}


def _beyond(successors: Collection[Collection[int]], first: int) -> set[int]:
    """The numbers of all tasks that come after one, near or far."""
    rows = tuple(successors)
    found: set[int] = set()
    stack = [first]
    while stack:
        fresh = [number for number in rows[stack.pop()] if number not in found]
        found.update(fresh)
        stack.extend(fresh)
    return found


def _arranged(decision: Decision, undo: Rollback, members: dict[int, TaskState], now: int) -> Decision:
    """Find what holds what back, take back attempts that went down with their process, and start what may start."""
    flow = decision.flow
    names = {number: name for name, number in flow.scheme.undone_by.items()}
    waiting = 0
    for number, state in members.items():
        if state.status is TaskStatus.RUNNING:
            lost = AttemptEnded(names[number], state.attempt, AttemptStatus.LOST, LOST, state.started_at, None)
            decision.attempts.append(lost)
            decision.touched.append(~number)
            members[number] = state._replace(status=TaskStatus.PENDING, started_at=None)
        elif state.status is TaskStatus.RETRYING:
            at = now if state.retry_at is None else state.retry_at
            decision.commands.append(SetTimer(names[number], state.attempt, at))
            waiting += 1
    holds = [len(row) for row in flow.scheme.orchestration.successors]
    free = _free(flow, members, holds)
    undo = undo._replace(
        states=Vector(members.get(number, _ABSENT)._replace(holds=held) for number, held in enumerate(holds)),
        open=sum(state.status is not TaskStatus.SUCCEEDED for state in members.values()),
        running=0,
        waiting=waiting,
    )
    reverting = flow._replace(status=FlowStatus.REVERTING, plan=flow.plan._replace(undo=undo))
    ready = [number for number in free if members[number].status is TaskStatus.PENDING]
    return _run(decision._replace(flow=reverting), ready, now)


def _free(flow: Flow, members: dict[int, TaskState], holds: list[int]) -> list[int]:
    """Name what is not undone and nothing holds back; count `holds` down to what still holds each task back."""
    passing = [number for number, held in enumerate(holds) if not held]
    free = []
    while passing:
        number = passing.pop()
        if members.get(number, _ABSENT).status in (TaskStatus.SKIPPED, TaskStatus.SUCCEEDED):
            for before in _before(flow, number):
                holds[before] -= 1
                if not holds[before]:
                    passing.append(before)
        else:
            free.append(number)
    return free


def _released(flow: Flow, states: Vector[TaskState], number: int) -> tuple[list[tuple[int, TaskState]], list[int]]:
    """Release what a task that is undone was the last to hold back, through tasks that have nothing to undo."""
    holds: dict[int, int] = {}
    ready: list[int] = []
    passing = [number]
    while passing:
        for before in _before(flow, passing.pop()):
            holds[before] = holds.get(before, states[before].holds) - 1
            if not holds[before]:
                there = states[before].status is TaskStatus.PENDING
                (ready if there else passing).append(before)
    return [(each, states[each]._replace(holds=held)) for each, held in holds.items()], ready


def _before(flow: Flow, number: int) -> Iterable[int]:
    dag = flow.scheme.orchestration
    index: Callable[[str], int] = dag.index.__getitem__
    return map(index, dag.after(dag.names[number]))


def _run(decision: Decision, numbers: Collection[int], now: int) -> Decision:
    """Start compensations; a flow of which none is under way, and none will be, has come to its end."""
    flow = decision.flow
    undo, states = _undo(flow.plan)
    begun = [
        (
            number,
            states[number]._replace(
                status=TaskStatus.RUNNING,
                attempt=states[number].attempt + 1,
                base=flow.plan.tick,
                retry_at=None,
                started_at=now,
            ),
        )
        for number in numbers
    ]
    if begun:
        undo = undo._replace(states=states.set_many(begun), running=undo.running + len(begun))
        flow = flow._replace(plan=flow.plan._replace(undo=undo))
    names = flow.scheme.orchestration.names
    for number, state in begun:
        decision.commands.append(RunTask(Task(flow, flow.scheme.undos[names[number]], state.attempt)))
    if undo.running or undo.waiting:
        return decision._replace(flow=flow)
    return _close(decision._replace(flow=flow))


def _close(decision: Decision) -> Decision:
    flow = decision.flow
    undo, states = _undo(flow.plan)
    if undo.open:
        names = flow.scheme.orchestration.names
        failed = next(names[number] for number, each in enumerate(states) if each.status is TaskStatus.FAILED)
        reason = f"{flow.reason}; task {failed!r} could not be undone"
        flow = flow._replace(status=FlowStatus.REVERT_FAILED, reason=reason)
    else:
        flow = flow._replace(status=FlowStatus.REVERTED)
    decision.commands.append(owed(flow))
    return decision._replace(flow=flow)
