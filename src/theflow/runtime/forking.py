"""The job of a fork: that of the flow that it comes from, but for its id, its key and its delay."""

from __future__ import annotations

from theflow.database.records import FlowRecord
from theflow.model.flow_data import FlowDataPartial
from theflow.model.job import JobMeta


def forked(record: FlowRecord, flow_id: str, now: int) -> FlowDataPartial:
    """Return the pending flow of a fork."""
    summary = record.summary
    meta = JobMeta(
        flow_class=summary.flow_class,
        user=summary.user,
        description=summary.description,
        labels=summary.labels,
        priority=summary.priority,
    )
    return FlowDataPartial.pending(meta, flow_id=flow_id, data=record.input.encode(), version=summary.version, now=now)
