"""What becomes of attempts that went down with their process, and of waits for retries that will not come."""

from __future__ import annotations

from theflow.model.failure import LOST, Failure
from theflow.model.fan_outcome import error_result
from theflow.model.flow import Flow
from theflow.model.message import AttemptEnded, Decision, SetTimer
from theflow.model.part import part_name
from theflow.model.plan import Fan, FlowExecPlanState, TaskState
from theflow.model.status import GOING_ON, AttemptStatus, FlowStatus, TaskStatus
from theflow.model.undoing import doubted

Parts = tuple[tuple[int, int | None], ...]


def lose_all(decision: Decision, now: int) -> Decision:
    """Take back the attempts that went down with their process; set again what waits for a retry of a part."""
    for number, state in enumerate(decision.flow.plan.states):
        if state.status is TaskStatus.RUNNING:
            fan = decision.flow.plan.fans.get(number)
            decision = _lose(decision, number, now) if fan is None else _lose_parts(decision, number, fan, now)
    return decision


def give_up(
    decision: Decision, plan: FlowExecPlanState, outcome: TaskStatus, now: int
) -> tuple[Decision, FlowExecPlanState]:
    """Close the tasks that waited for a retry: their flow goes on no more, so their last attempt was the last."""
    if plan.fans:
        decision, plan = _give_up_parts(decision, plan, outcome, now)
    states = plan.states
    waiting = [number for number, state in enumerate(states) if state.status is TaskStatus.RETRYING]
    for number in waiting:
        states = states.set(number, states[number]._replace(status=outcome, retry_at=None, ended_at=now))
        decision.touched.append(number)
    names = decision.flow.scheme.orchestration.names
    lost = tuple(names[number] for number in waiting) if outcome is TaskStatus.FAILED else ()
    return decision, plan._replace(states=states, open=plan.open - len(waiting), failed=(*plan.failed, *lost))


def _give_up_parts(
    decision: Decision, plan: FlowExecPlanState, outcome: TaskStatus, now: int
) -> tuple[Decision, FlowExecPlanState]:
    """Close the parts that waited for a retry, and the tasks that they belong to: these come to nothing."""
    fans, states, still = dict(plan.fans), plan.states, plan.open
    parts: list[tuple[int, int | None]] = []
    for number, fan in plan.fans.items():
        if states[number].status is not TaskStatus.RUNNING:
            continue
        waiting = [place for place, state in enumerate(fan.states) if state.status is TaskStatus.RETRYING]
        given_up = [(n, fan.states[n]._replace(status=outcome, retry_at=None, ended_at=now)) for n in waiting]
        fans[number] = fan._replace(states=fan.states.set_many(given_up), dropped=fan.dropped + len(waiting))
        parts.extend((number, fan.first + place) for place in waiting)
        if not fan.running:
            states = states.set(number, states[number]._replace(status=TaskStatus.CANCELLED, ended_at=now))
            decision.touched.append(number)
            still -= 1
    return (
        decision._replace(parts=(*decision.parts, *parts)),
        plan._replace(fans=fans, states=states, open=still),
    )


def _lose(decision: Decision, number: int, now: int) -> Decision:
    """Take back an attempt that went down with its process: it is numbered, but it spends no retry."""
    flow = decision.flow
    scheme = flow.scheme.in_order[number]
    state = flow.plan.states[number]
    lost = _lost(scheme.name, state)
    decision.attempts.append(lost)
    decision.touched.append(number)
    after = _given_back(flow, state, now, once=scheme.at_most_once)
    plan = doubted(flow.scheme, flow.plan, lost)._replace(
        states=flow.plan.states.set(number, after),
        running=flow.plan.running - 1,
        open=flow.plan.open - after.status.ended,
    )
    if after.status is not TaskStatus.FAILED:
        return decision._replace(flow=flow._replace(plan=plan))
    failure = _unknown(scheme.name)
    plan = plan._replace(failed=(*plan.failed, scheme.name))
    reason = f"task {scheme.name!r} failed: {failure.line()}"
    return decision._replace(flow=flow._replace(plan=plan).failing(failure, reason))


def _lose_parts(decision: Decision, number: int, fan: Fan, now: int) -> Decision:
    flow = decision.flow
    scheme = flow.scheme.in_order[number]
    parts: list[tuple[int, int | None]] = []
    changes: list[tuple[int, TaskState]] = []
    for place, state in enumerate(fan.states):
        name = part_name(scheme.name, fan.first + place)
        if state.status is TaskStatus.RETRYING and flow.status is FlowStatus.RUNNING:
            decision.commands.append(SetTimer(name, state.attempt, now if state.retry_at is None else state.retry_at))
        elif state.status is TaskStatus.RUNNING:
            decision.attempts.append(_lost(name, state))
            parts.append((number, fan.first + place))
            after = _given_back(flow, state, now, once=scheme.at_most_once)
            failed = after.status is TaskStatus.FAILED
            changes.append((place, after._replace(result=error_result(_unknown(name))) if failed else after))
    fan = fan._replace(states=fan.states.set_many(changes), running=fan.running - len(changes))
    lost = [fan.first + place for place, state in changes if state.status is TaskStatus.FAILED]
    dropped = sum(state.status is TaskStatus.CANCELLED for _, state in changes)
    waiting = [place for place, state in enumerate(fan.states) if state.status is TaskStatus.PENDING]
    fan = fan._replace(todo=waiting, at=0, failed=(*fan.failed, *lost), dropped=fan.dropped + dropped)
    plan = flow.plan._replace(running=flow.plan.running - len(changes), fans={**flow.plan.fans, number: fan})
    return decision._replace(flow=flow._replace(plan=plan), parts=(*decision.parts, *parts))


def _unknown(name: str) -> Failure:
    """Say that nobody knows what became of an attempt that must not be made again."""
    return Failure.plain(
        "OutcomeUnknown", f"task {name!r} is at_most_once and was running when its process ended", "outcome_unknown"
    )


def _lost(name: str, state: TaskState) -> AttemptEnded:
    return AttemptEnded(name, state.attempt, AttemptStatus.LOST, LOST, state.started_at, None)


def _given_back(flow: Flow, state: TaskState, now: int, *, once: bool) -> TaskState:
    if flow.status not in GOING_ON:
        return state._replace(status=TaskStatus.CANCELLED, ended_at=now)
    if once:
        return state._replace(status=TaskStatus.FAILED, failures=state.failures + 1, ended_at=now)
    return state._replace(status=TaskStatus.PENDING, started_at=None)
