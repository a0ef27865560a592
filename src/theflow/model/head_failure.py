"""What becomes of a queue when a flow of it fails, where its class does not let the next one start."""

from __future__ import annotations

from theflow.model.flow import Flow
from theflow.model.queue_pause import QueuePause
from theflow.model.shape import OnHeadFailed
from theflow.model.status import FlowStatus

# Who pauses a queue when it is no person.
ENGINE = "theflow"
_REASON_LIMIT = 500
_FAILED = (FlowStatus.FAILED, FlowStatus.PARKED, FlowStatus.REVERT_FAILED)


def held_back(flow: Flow, now: int) -> QueuePause | None:
    """Return what keeps the queue of a flow from going on after it; None if nothing does."""
    rule = flow.scheme.shape.on_head_failed
    failed = flow.status in _FAILED or (flow.status is FlowStatus.REVERTED and flow.failure is not None)
    if rule is OnHeadFailed.SKIP or not failed:
        return None
    job = flow.data.job
    blocks = rule is OnHeadFailed.BLOCK
    rest = "nothing starts before it has succeeded" if blocks else "somebody has to resume the queue"
    reason = f"flow {job.flow_id} (offset {job.offset}) has {_words(flow.status)}; {rest}: {flow.reason}"
    return QueuePause(
        flow_class=job.meta.flow_class,
        user=job.meta.user,
        asked_by=ENGINE,
        reason=reason[:_REASON_LIMIT],
        asked_at=now,
        flow=job.offset if blocks else 0,
    )


def lets_go(flow: Flow) -> bool:
    """Whether a queue goes on that may have waited for this flow."""
    return flow.scheme.shape.on_head_failed is OnHeadFailed.BLOCK and flow.status is FlowStatus.SUCCEEDED


def _words(status: FlowStatus) -> str:
    return {FlowStatus.PARKED: "been parked", FlowStatus.REVERTED: "failed, and was undone"}.get(status, "failed")
