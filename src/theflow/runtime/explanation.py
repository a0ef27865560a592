"""Why a flow waits, in sentences with numbers and ids: from the same rules that decide on admission."""

from __future__ import annotations

from collections.abc import Sequence

from theflow.database import codec
from theflow.database.store import ClassRecord, FlowRecord, RuntimeRecord
from theflow.errors import DataRefused
from theflow.model.scheme import UNLIMITED
from theflow.model.shaping import Candidate, ClassPolicy, behind, why_not
from theflow.model.status import FlowStatus, TaskStatus
from theflow.runtime.admission import SUSPICIOUS


def explain(
    record: FlowRecord, runtimes: Sequence[RuntimeRecord], seen: ClassRecord, concurrency: int, now: int
) -> tuple[str, ...]:
    """Return the reasons why the flow does not run, the first one to be mended first; none if it runs or has ended."""
    summary = record.summary
    if summary.status is FlowStatus.PARKED:
        return (f"parked: {summary.reason}",)
    if summary.status.ended or record.place is None:
        return ()
    if record.place.owner is not None:
        return _of_tasks(record, now)
    return _of_admission(record, runtimes, seen, concurrency, now)


def _of_tasks(record: FlowRecord, now: int) -> tuple[str, ...]:
    statuses = {task.row.status for task in record.tasks}
    if TaskStatus.RUNNING in statuses:
        return ()
    return tuple(
        f"task {task.row.name!r} waits {max(task.row.retry_at - now, 0) / 1_000_000:.1f} s for attempt "
        f"{task.row.attempt + 1}, after {task.row.failures} failed"
        for task in record.tasks
        if task.row.status == TaskStatus.RETRYING and task.row.retry_at is not None
    )


def _of_admission(
    record: FlowRecord, runtimes: Sequence[RuntimeRecord], seen: ClassRecord, concurrency: int, now: int
) -> tuple[str, ...]:
    summary = record.summary
    place = record.place
    versions = _versions(runtimes, summary.flow_class)
    policy = None
    if versions:
        policy = ClassPolicy(
            flow_class=summary.flow_class, concurrency=concurrency, versions=versions, paused=seen.paused
        )
    candidate = Candidate(
        offset=summary.offset,
        flow_class=summary.flow_class,
        user=summary.user,
        version=summary.version,
        priority=summary.priority,
        run_at=summary.run_at,
    )
    reasons = []
    reason = why_not(candidate, policy, now, place.live if place else ())
    if reason:
        reasons.append(reason)
    if place and place.ahead and place.first_ahead is not None and concurrency < UNLIMITED:
        reasons.append(behind(place.ahead, place.first_ahead))
    if not reasons:
        takers = [runtime for runtime in runtimes if summary.flow_class in _classes(runtime)]
        if all(runtime.held >= runtime.holder.flows for runtime in takers):
            shown = ", ".join(f"{one.holder.name} holds {one.held} of {one.holder.flows}" for one in takers[:5])
            reasons.append(f"every runtime that takes its class is full: {shown}")
        elif place and place.claims >= SUSPICIOUS:
            reasons.append(
                f"claimed {place.claims} times without one committed outcome: such flows run one at a time, "
                "lest one that kills its process takes others with it"
            )
        else:
            reasons.append("it is its turn: it starts at the next look")
    return tuple(reasons)


def _versions(runtimes: Sequence[RuntimeRecord], flow_class: str) -> tuple[int, ...]:
    return tuple(sorted({version for one in runtimes for version in _classes(one).get(flow_class, ())}))


def _classes(runtime: RuntimeRecord) -> dict[str, list[int]]:
    try:
        found: dict[str, list[int]] = codec.decode(runtime.holder.classes, dict[str, list[int]])
    except DataRefused:
        return {}
    return found
