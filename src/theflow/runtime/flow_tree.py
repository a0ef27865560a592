"""A flow with its sub-flows and theirs, read a generation at a time."""

from __future__ import annotations

from theflow.database.store import RuntimeStore
from theflow.model.view import FlowLink, FlowSummary, FlowTree


def tree_of(store: RuntimeStore, flow: FlowSummary | FlowLink, task: str = "", attempt: int = 0) -> FlowTree:
    """Return the flow with all that stands below it; of a sub-flow, `task` and `attempt` say whose it is."""
    return FlowTree(
        flow_id=flow.flow_id,
        flow_class=flow.flow_class,
        user=flow.user,
        status=flow.status,
        reason=flow.reason,
        task=task,
        attempt=attempt,
        children=tuple(tree_of(store, link, link.task, link.attempt) for link in store.kin(flow.offset).children),
    )
