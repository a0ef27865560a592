"""How a flow comes to its end: all is done, a task failed for good, or somebody cancelled it. A part of the machine.

`decide` calls what stands here, and nobody else does.
"""

from __future__ import annotations

from theflow.errors import IllegalEvent
from theflow.model.due import SECOND
from theflow.model.flow import Flow
from theflow.model.losing import give_up, lose_all
from theflow.model.message import (
    AttemptEnded,
    Decision,
    GraceOver,
    HookEnded,
    LeaveBodies,
    Release,
    Revert,
    SetAlarm,
    StopBodies,
    owed,
)
from theflow.model.plan import FlowExecPlanState, Rollback
from theflow.model.status import PAUSES, AttemptStatus, FlowStatus, TaskStatus
from theflow.model.undoing import begin, get_stuck, go_on, reopened
from theflow.model.verb import EXPIRED

# How the bodies of a flow ended that were told to: by themselves, or left behind when their time was up.
CLEAN, ABANDONED = "clean", "abandoned"
# How a flow ended that had not started in time.
_EXPIRED = "expired"
_HELD = (FlowStatus.RUNNING, FlowStatus.PAUSING)
_RELEASE = Release()


def end(decision: Decision, now: int) -> Decision:
    """End a flow of which nothing runs any more, and nothing more may start."""
    flow = decision.flow
    plan = flow.plan
    if flow.status in PAUSES:
        if plan.open:
            return decision._replace(flow=flow._replace(status=FlowStatus.PAUSED))
        # There is nothing to hold back any more: why it was to pause is no reason for its end.
        flow = flow._replace(status=FlowStatus.RUNNING, reason="")
    if flow.status is not FlowStatus.RUNNING:
        decision, plan = give_up(decision, plan, TaskStatus.CANCELLED, now)
        flow = flow._replace(plan=plan)
        if flow.status is FlowStatus.REVERTING or flow.scheme.reverts_on_cancel:
            return go_on(decision._replace(flow=flow), now)
        return _close(decision, flow._replace(status=FlowStatus.CANCELLED, ending=flow.ending or CLEAN))
    if flow.failure is None:
        return _close(decision, succeeded(flow, plan))
    decision, plan = give_up(decision, plan, TaskStatus.FAILED, now)
    reason = flow.reason or why_it_failed(flow._replace(plan=plan))
    failed = flow._replace(plan=plan, status=FlowStatus.FAILED, reason=reason)
    if flow.scheme.reverts_on_failure:
        return begin(decision._replace(flow=failed), now)
    return _close(decision, failed)


def end_or_wait(decision: Decision, now: int) -> Decision:
    """End a flow found on disk, unless sub-flows of it are under way; what waits for a retry ends in any case."""
    flow = decision.flow
    if not flow.plan.running:
        return end(decision, now)
    if flow.status is FlowStatus.RUNNING:
        return decision
    decision, plan = give_up(decision, flow.plan, TaskStatus.CANCELLED, now)
    return decision._replace(flow=flow._replace(plan=plan))


def why_it_failed(flow: Flow) -> str:
    """Say which task failed first, and of what; empty for a flow that has not failed."""
    if flow.failure is None:
        return ""
    name = next(iter(flow.plan.failed), None)
    return flow.failure.line() if name is None else f"task {name!r} failed: {flow.failure.line()}"


def succeeded(flow: Flow, plan: FlowExecPlanState) -> Flow:
    """Return a flow whose tasks have all succeeded."""
    return Flow(flow.data, flow.scheme, plan, FlowStatus.SUCCEEDED, flow.failure, flow.reason)


def cancel(flow: Flow, reason: str, now: int) -> Decision:
    """Let nothing more start; waits for a retry end now, and the flow itself as soon as none of its bodies runs."""
    cancelling = Decision(flow._replace(status=FlowStatus.CANCELLING, reason=reason), [], [], [])
    if flow.status in _HELD and flow.plan.running:
        return _stop(cancelling, now)
    return end(lose_all(cancelling, now), now)


def expire(flow: Flow) -> Decision:
    """End a flow that was not to start any more when it was taken in hand: nothing of it has begun."""
    return _close(
        Decision(flow, [], [], []), flow._replace(status=FlowStatus.CANCELLED, reason=EXPIRED, ending=_EXPIRED)
    )


def revert(flow: Flow, event: Revert, now: int) -> Decision:
    """Let nothing more start, and undo what was done as soon as no body of the flow runs."""
    if event.to and event.to not in flow.scheme.orchestration.index:
        problem = f"class {flow.scheme.name!r} has no task {event.to!r} to go back to"
        if flow.status is not FlowStatus.REVERTING:
            raise IllegalEvent(f"flow {flow.flow_id}: {problem}")
        return get_stuck(flow, f"{event.reason}; {problem}")
    touched: list[int] = []
    undo = flow.plan.undo or Rollback()
    undo = (reopened(undo, touched) if flow.status.ended else undo)._replace(to=event.to)
    reason = event.reason if flow.failure is None else f"{event.reason}; it had failed: {flow.failure.line()}"
    reverting = flow._replace(status=FlowStatus.REVERTING, reason=reason, plan=flow.plan._replace(undo=undo))
    # A hook that is still under way belongs to an end that it is no more.
    decision = Decision(reverting, [LeaveBodies()] if flow.status.ended else [], touched, [])
    if flow.status in _HELD and flow.plan.running:
        return _stop(decision, now)
    decision = lose_all(decision, now)
    decision, plan = give_up(decision, decision.flow.plan, TaskStatus.CANCELLED, now)
    decision = decision._replace(flow=decision.flow._replace(plan=plan))
    # Sub-flows that are under way come to their end first.
    return decision if plan.running else begin(decision, now)


def _stop(decision: Decision, now: int) -> Decision:
    """Tell the bodies that run to end; nothing that waits for a retry is tried again."""
    decision, plan = give_up(decision, decision.flow.plan, TaskStatus.CANCELLED, now)
    decision.commands.extend((StopBodies(), SetAlarm(grace(decision.flow, now))))
    return decision._replace(flow=decision.flow._replace(plan=plan))


def refuse(flow: Flow, reason: str) -> Decision:
    """End a flow that is to end, and of which the database takes nothing else: its rows stay as they are."""
    if flow.status is FlowStatus.REVERTING or flow.scheme.reverts_on_cancel:
        return get_stuck(flow, reason)
    ending = ABANDONED if flow.plan.running else CLEAN
    return _close(Decision(flow, [LeaveBodies()], [], []), flow._replace(status=FlowStatus.CANCELLED, ending=ending))


def grace(flow: Flow, now: int) -> GraceOver:
    """Say until when bodies have to end that are told to now."""
    return GraceOver(now + round(flow.scheme.cancel_grace * SECOND))


def end_hook(flow: Flow, event: HookEnded) -> Decision:
    """Let a flow go whose hook is done."""
    if event.name != flow.hook or event.name not in flow.scheme.hooks:
        raise IllegalEvent(f"flow {flow.flow_id} is {flow.status}: it owes no hook {event.name!r}")
    decision = Decision(flow, [_RELEASE], [], [])
    if event.failure is not None:
        decision.attempts.append(
            AttemptEnded(event.name, 1, AttemptStatus.FAILED, event.failure, event.started_at, event.ended_at)
        )
    return decision


def _close(decision: Decision, flow: Flow) -> Decision:
    decision.commands.append(owed(flow))
    return decision._replace(flow=flow)
