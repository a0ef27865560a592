"""What follows the end of a task: those after it start, are skipped, or can never start. A part of the machine."""

from __future__ import annotations

from typing import NamedTuple

from theflow.model.ending import end, succeeded
from theflow.model.failure import Failure
from theflow.model.flow import Flow
from theflow.model.joining import ALL_DONE, RUN, Stand, judge, needed
from theflow.model.message import Decision, owed
from theflow.model.plan import FlowExecPlanState, TaskState
from theflow.model.starting import run
from theflow.model.status import TaskStatus
from theflow.model.task_scheme import TaskScheme


def succeed(decision: Decision, plan: FlowExecPlanState, number: int, done: TaskState, running: int) -> Decision:
    """Put the success of a task in place, and start what it was the last to hold back. The hot path.

    `running` counts the attempts that are still under way.
    """
    now = done.ended_at or 0
    flow, commands, touched, attempts, parts, let = decision
    touched.append(number)
    held, ready = flow.scheme.orchestration.ready_after(plan, number)
    changes = [*held, (number, done)]
    halted = flow.halted
    if halted:
        # A flow that fails or is cancelled starts nothing new: what is ready stays where it is.
        changes.extend([(follower, plan.states[follower]._replace(holds=0)) for follower in ready])
        ready = []
    late = bool(held) and any(state.missed for _, state in held) and not flow.lost
    states = plan.states if ready and not late else plan.states.set_many(changes)
    plan = FlowExecPlanState(
        states, plan.open - 1, running, plan.failed, plan.storage, plan.tick, plan.writes, plan.fans, plan.undo
    )
    if late:
        return _go_on(decision, _fall_out(flow, plan, number, now), ready, now)
    if ready:
        return run(decision, plan, changes, ready, now)
    if not plan.open and not halted:
        ended = succeeded(flow, plan)
        commands.append(owed(ended))
        return Decision(ended, commands, touched, attempts, parts, let)
    moved = Flow(flow.data, flow.scheme, plan, flow.status, flow.failure, flow.reason)
    decision = Decision(moved, commands, touched, attempts, parts, let)
    return end(decision, now) if halted and not plan.running else decision


def skip(decision: Decision, number: int, now: int) -> Decision:
    """Put in place that a task is skipped, and whatever that brings with it."""
    attempt = decision.flow.plan.states[number].attempt
    return _without(decision, number, TaskState(TaskStatus.SKIPPED, attempt=attempt, ended_at=now), None, now)


def fail(decision: Decision, number: int, dead: TaskState, failure: Failure, now: int) -> Decision:
    """Put in place that a task failed for good. Its flow fails with it, unless all tasks after it may start without."""
    return _without(decision, number, dead, failure, now)


class _Fallout(NamedTuple):
    """What comes of tasks that gave no success: new states, who may start, who is skipped, whether the flow is lost."""

    plan: FlowExecPlanState
    ready: list[int]
    skipped: list[int]
    broken: bool


def _without(decision: Decision, number: int, state: TaskState, failure: Failure | None, now: int) -> Decision:
    flow = decision.flow
    decision.touched.append(number)
    plan = flow.plan._replace(states=flow.plan.states.set(number, state), open=flow.plan.open - 1)
    lost = flow.lost
    fallout = _Fallout(plan, [], [], broken=failure is not None)
    if not lost and not flow.scheme.plain:
        fallout = _fall_out(flow, plan, number, now)
    if fallout.broken or (lost and failure is not None):
        return _lost(decision, plan, number, failure, now)
    if lost:
        moved = decision._replace(flow=flow._replace(plan=plan))
        return moved if plan.running else end(moved, now)
    return _go_on(decision, fallout, [], now)


def _go_on(decision: Decision, fallout: _Fallout, ready: list[int], now: int) -> Decision:
    flow, plan = decision.flow, fallout.plan
    decision.touched.extend(fallout.skipped)
    started = [*ready, *fallout.ready]
    if flow.halted:
        # It is to rest: what may start stays where it is.
        moved = decision._replace(flow=flow._replace(plan=plan))
        return moved if plan.running else end(moved, now)
    if started:
        return run(decision._replace(flow=flow._replace(plan=plan)), plan, [], started, now)
    if plan.open:
        return decision._replace(flow=flow._replace(plan=plan))
    ended = succeeded(flow, plan)
    decision.commands.append(owed(ended))
    return decision._replace(flow=ended)


def settle(decision: Decision, number: int, dead: TaskState, failure: Failure, now: int) -> Decision:
    """Put in place that a task failed for good, and neither start nor end anything: who calls does."""
    flow = decision.flow
    if number not in decision.touched:
        decision.touched.append(number)
    plan = flow.plan._replace(states=flow.plan.states.set(number, dead), open=flow.plan.open - 1)
    fallout = _Fallout(plan, [], [], broken=True)
    if flow.failure is None and not flow.scheme.plain:
        fallout = _fall_out(flow, plan, number, now)
    if fallout.broken:
        return _failing(decision, plan, number, failure)
    decision.touched.extend(fallout.skipped)
    return decision._replace(flow=flow._replace(plan=fallout.plan))


def _lost(decision: Decision, plan: FlowExecPlanState, number: int, failure: Failure | None, now: int) -> Decision:
    """Let a flow fail: it starts nothing new, and ends when nothing of it runs any more."""
    failed = _failing(decision, plan, number, failure)
    return failed if plan.running else end(failed, now)


def _failing(decision: Decision, plan: FlowExecPlanState, number: int, failure: Failure | None) -> Decision:
    flow = decision.flow
    name = flow.scheme.orchestration.names[number]
    if failure is None:
        unmet = f"task {name!r} was skipped, and one after it needs more than can succeed"
        failure = Failure.plain("JoinUnmet", unmet, "join_unmet")
    reason = f"task {name!r} failed: {failure.line()}"
    plan = plan._replace(failed=(*plan.failed, name))
    return decision._replace(flow=flow._replace(plan=plan).failing(failure, reason))


def _fall_out(flow: Flow, plan: FlowExecPlanState, number: int, now: int) -> _Fallout:
    """Tell the tasks after one that gave no success, and those after them that are skipped in turn."""
    dag, schemes = flow.scheme.orchestration, flow.scheme.in_order
    states, still = plan.states, plan.open
    ready: list[int] = []
    skipped: list[int] = []
    broken = states[number].status is TaskStatus.FAILED and not dag.successors[number]
    ended = [number]
    while ended:
        cause = states[last := ended.pop()].status
        for follower in dag.successors[last]:
            state = states[follower]
            if state.status is not TaskStatus.PENDING or state.attempt or not state.holds:
                continue
            scheme = schemes[follower]
            told = _told(scheme, state, cause)
            if _reachable(scheme, told):
                if not told.holds:
                    ready.append(follower)
            elif cause is TaskStatus.FAILED:
                broken = True
            elif _reachable(scheme, state) or not _open(scheme, told):
                # Only now, and once more when all before it have ended: a walk over these each time would be quadratic.
                verdict = judge(scheme, Stand.of(states[dag.index[before]].status for before in scheme.after))
                broken = broken or verdict.broken
                if verdict.skipped:
                    told = TaskState(TaskStatus.SKIPPED, ended_at=now)
                    still -= 1
                    skipped.append(follower)
                    ended.append(follower)
            states = states.set(follower, told)
    return _Fallout(plan._replace(states=states, open=still), ready, skipped, broken)


def _told(scheme: TaskScheme[..., object], state: TaskState, cause: TaskStatus) -> TaskState:
    """Count one more task that gave no success: as done where that is what the rule asks for, else as missed."""
    if cause is TaskStatus.SUCCEEDED:
        return state
    done = scheme.join == ALL_DONE or (cause is TaskStatus.SKIPPED and scheme.if_skipped == RUN)
    return state._replace(holds=state.holds - 1) if done else state._replace(missed=state.missed + 1)


def _reachable(scheme: TaskScheme[..., object], state: TaskState) -> bool:
    total = len(scheme.after)
    return needed(total, scheme.join) <= total - state.missed


def _open(scheme: TaskScheme[..., object], state: TaskState) -> int:
    """How many tasks before one that still waits have not ended."""
    total = len(scheme.after)
    return total - state.missed - (needed(total, scheme.join) - state.holds)
