"""How tasks start: at once, or after something was found out about them. A part of the machine."""

from __future__ import annotations

from collections.abc import Sequence

from theflow.model.due import begin_tasks
from theflow.model.flow import Flow
from theflow.model.message import Ask, Decision, RunTask
from theflow.model.plan import FlowExecPlanState, TaskState
from theflow.model.status import TaskStatus
from theflow.model.task import Task

Changes = list[tuple[int, TaskState]]
_READY = TaskState()


def run(decision: Decision, plan: FlowExecPlanState, changes: Changes, numbers: Sequence[int], now: int) -> Decision:
    """Start tasks, and put other changes in place with them; what something must be found out about is asked first."""
    asking = decision.flow.scheme.orchestration.asking
    if asking.isdisjoint(numbers):
        return begin(decision, plan, changes, numbers, now)
    asked: list[int] = []
    at_once: list[int] = []
    for number in numbers:
        state = plan.states[number]
        if number not in asking or state.chosen:
            at_once.append(number)
            continue
        asked.append(number)
        changes.append((number, state._replace(holds=0, missed=0) if state.missed or state.attempt else _READY))
    begun = begin(decision, plan, changes, at_once, now)
    schemes = begun.flow.scheme.in_order
    for number in asked:
        begun.commands.append(Ask(Task(begun.flow, schemes[number], 1)))
    return begun


def begin(decision: Decision, plan: FlowExecPlanState, changes: Changes, numbers: Sequence[int], now: int) -> Decision:
    """Start the bodies of tasks: one new plan and one new flow for all. The hot path."""
    flow, commands, touched, attempts, parts, let = decision
    states, tick = plan.states, plan.tick
    for number in numbers:
        state = states[number]
        changes.append(
            (number, TaskState(TaskStatus.RUNNING, 0, state.attempt + 1, state.failures, tick, None, now)),
        )
    if flow.scheme.deadlines:
        begin_tasks(decision, changes, now)
    begun = FlowExecPlanState(
        states.set_many(changes),
        plan.open,
        plan.running + len(numbers),
        plan.failed,
        plan.storage,
        tick,
        plan.writes,
        plan.fans,
        plan.undo,
    )
    flow = Flow(flow.data, flow.scheme, begun, flow.status, flow.failure, flow.reason)
    schemes = flow.scheme.in_order
    for number in numbers:
        scheme = schemes[number]
        commands.append(RunTask(Task(flow, scheme, states[number].attempt + 1)))
        if scheme.at_most_once:
            touched.append(number)
    return Decision(flow, commands, touched, attempts, parts, let)
