"""C5: a queue goes in the order of its offsets, one flow at a time, and children come after their parents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tests.chaos.flows import PARENTS
from tests.chaos.history import History


def overtaken_flows(history: History) -> Iterator[str]:
    """Look for a flow that was claimed while an earlier one of its queue was there."""
    queues = {flow.offset: (flow.flow_class, flow.user) for flow in history.flows}
    there: dict[tuple[str, str], set[int]] = defaultdict(set)
    for row in history.audit:
        if row.tbl != "job_event":
            continue
        queue = there[queues.get(row.pk, ("", ""))]
        if row.op == "insert":
            queue.add(row.pk)
        elif row.op == "delete" or row.term:
            queue.discard(row.pk)
        elif row.owner is not None:
            first = min(queue, default=row.pk)
            if first < row.pk:
                yield f"audit {row.seq}: offset {row.pk} was claimed before {first} of the same queue had ended"


def early_children(history: History) -> Iterator[str]:
    """Look for a body that began before the recorded attempts of its parents had returned, or were on disk."""
    classes = {flow.offset: flow.flow_class for flow in history.flows}
    for body in history.executions:
        for parent in PARENTS.get(classes.get(body.offset, ""), {}).get(body.task, ()):
            outcome = history.outcomes.get((body.offset, parent))
            before = history.by_value.get(outcome.value or "") if outcome is not None else None
            if before is None or before.ended > body.began:
                yield f"{body.task} of offset {body.offset} began before its parent {parent} had returned"
            elif before.inc == body.inc and _saved_later(history, (body.offset, parent), body.began):
                yield f"{body.task} of offset {body.offset} began before the outcome of {parent} was on disk"


def overlapping_flows(history: History) -> Iterator[str]:
    """Look for a flow that began before the recorded attempts of the one before it in its queue had ended."""
    queues: dict[tuple[str, str], list[int]] = defaultdict(list)
    for flow in history.flows:
        queues[flow.flow_class, flow.user].append(flow.offset)
    began: dict[int, float] = {}
    for body in history.executions:
        began.setdefault(body.offset, body.began)
    ended: dict[int, float] = {}
    for (offset, _), outcome in history.outcomes.items():
        body = history.by_value.get(outcome.value or "")
        if body is not None:
            ended[offset] = max(body.ended, ended.get(offset, 0.0))
    for offsets in queues.values():
        last, until = 0, 0.0
        for offset in sorted(offsets):
            if offset in began and began[offset] < until:
                yield f"offset {offset} began before {last} of the same queue had ended"
            if ended.get(offset, 0.0) > until:
                last, until = offset, ended[offset]


def _saved_later(history: History, key: tuple[int, str], moment: float) -> bool:
    saved = history.acknowledged.get(key)
    return saved is not None and saved > moment
