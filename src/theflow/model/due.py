"""Until when a flow and its tasks have time: it counts from the first start. A part of the machine."""

from __future__ import annotations

from theflow.model.flow import Flow
from theflow.model.message import Command, DeadlinePassed, Decision, SetAlarm
from theflow.model.plan import TaskState
from theflow.model.status import TaskStatus

SECOND = 1_000_000


def begin_flow(flow: Flow, now: int) -> tuple[Flow, list[Command]]:
    """Let the time of a flow begin, if it has a deadline."""
    if flow.scheme.deadline is None:
        return flow, []
    if flow.data.started_at is None:
        flow = flow._replace(data=flow.data._replace(started_at=now))
    return flow, [SetAlarm(DeadlinePassed(None, flow_deadline(flow, now)))]


def alarms(flow: Flow, now: int) -> list[Command]:
    """Set the alarms of a flow that goes on, and of its tasks; for what is late already they ring at once."""
    _, commands = begin_flow(flow, now)
    names = flow.scheme.orchestration.names
    for number, state in enumerate(flow.plan.states):
        if state.deadline_at is not None and not state.status.ended:
            commands.append(SetAlarm(DeadlinePassed(names[number], state.deadline_at)))
    return commands


def begin_tasks(decision: Decision, changes: list[tuple[int, TaskState]], now: int) -> None:
    """Let the time of tasks begin that start for the first time; what they had before stays."""
    flow, commands, touched, *_ = decision
    schemes = flow.scheme.in_order
    for place, (number, state) in enumerate(changes):
        scheme = schemes[number]
        if scheme.deadline is None or state.status is not TaskStatus.RUNNING:
            continue
        at = flow.plan.states[number].deadline_at
        if at is None:
            at = now + round(scheme.deadline * SECOND)
            commands.append(SetAlarm(DeadlinePassed(scheme.name, at)))
            if not scheme.at_most_once:
                # Its first start is on disk before its body runs, as the deadline counts from there.
                touched.append(number)
        changes[place] = (number, state._replace(deadline_at=at))


def flow_deadline(flow: Flow, now: int) -> int:
    """Return when the time of a flow with a deadline is up."""
    started = now if flow.data.started_at is None else flow.data.started_at
    return started + round((flow.scheme.deadline or 0.0) * SECOND)


def is_late(state: TaskState, now: int) -> bool:
    """Whether the time of a task is up."""
    return state.deadline_at is not None and now >= state.deadline_at
