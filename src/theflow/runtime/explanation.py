"""Why a flow waits, in sentences with numbers and ids: from the same rules that decide on admission."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from theflow.database import codec
from theflow.database.store import ClassRecord, FlowRecord, RuntimeRecord
from theflow.errors import DataRefused
from theflow.model.scheme import UNLIMITED
from theflow.model.shaping import Candidate, ClassPolicy, behind, why_not
from theflow.model.status import FlowStatus, TaskStatus
from theflow.model.view import FlowLink, Request
from theflow.runtime.admission import SUSPICIOUS


class Around(NamedTuple):
    """What else bears on a flow: what people asked of it, and the sub-flows that it started."""

    requests: Sequence[Request] = ()
    children: Sequence[FlowLink] = ()


NOTHING_AROUND = Around()
# How many of the sub-flows that a flow waits for are named.
NAMED = 10


def explain(
    record: FlowRecord,
    runtimes: Sequence[RuntimeRecord],
    seen: ClassRecord,
    concurrency: int,
    now: int,
    around: Around = NOTHING_AROUND,
) -> tuple[str, ...]:
    """Return the reasons why the flow does not run, the first one to be mended first; none if it runs or has ended."""
    summary = record.summary
    asked = record.place is not None and record.place.asked
    if summary.status is FlowStatus.PARKED and not asked:
        return (f"parked: {summary.reason}",)
    if record.place is None or (summary.status.ended and not _unheard(around.requests)):
        return ()
    requests, below = around.requests, _of_children(around.children)
    if summary.status in (FlowStatus.PAUSING, FlowStatus.PAUSED) and not asked:
        return (_of_pause(record, requests, now), *below)
    if (asked or summary.status is FlowStatus.CANCELLING) and summary.status is not FlowStatus.REVERTING:
        return (_of_request(summary.status, record), *below)
    if record.place.owner is not None:
        return (*_of_tasks(record, now), *below)
    if summary.status is FlowStatus.WAITING and below:
        return below
    return _of_admission(record, runtimes, seen, concurrency, now)


def _of_request(status: FlowStatus, record: FlowRecord) -> str:
    """Say why a flow that somebody has cancelled goes on."""
    owner = None if record.place is None else record.place.owner
    if owner is None and any(task.row.status == TaskStatus.WAITING for task in record.tasks):
        return "it was cancelled: it ends when its sub-flows have ended, which were told too"
    if owner is None:
        return "it was cancelled: the runtime that takes it next ends it; cancel it once more to end it now"
    if status is not FlowStatus.CANCELLING:
        return f"it was cancelled: runtime {owner!r} hears of that within its poll, or another one takes over"
    names = ", ".join(repr(task.row.name) for task in record.tasks if task.row.status == TaskStatus.RUNNING)
    return f"it was cancelled: runtime {owner!r} waits for the bodies that run{f', of {names}' if names else ''}"


def _of_children(children: Sequence[FlowLink]) -> tuple[str, ...]:
    """Name the sub-flows that have not ended, and what keeps those that a person has to look at: these come first."""
    below = sorted((child for child in children if not child.status.ended), key=_needs_nobody)
    told = tuple(
        f"task {child.task!r} waits for sub-flow {child.flow_id} ({child.status}{child.reason and f': {child.reason}'})"
        for child in below[:NAMED]
    )
    more = len(below) - len(told)
    return (*told, f"and {more} more sub-flows") if more else told


def _needs_nobody(child: FlowLink) -> bool:
    return child.status is not FlowStatus.PARKED


def _unheard(requests: Sequence[Request]) -> bool:
    return any(request.handled_at is None for request in requests)


def _of_pause(record: FlowRecord, requests: Sequence[Request], now: int) -> str:
    """Say who keeps a flow from going on, since when, and what still runs."""
    pauses = [request for request in requests if request.verb == "pause"]
    since = f" {max(now - pauses[-1].asked_at, 0) // 1_000_000} s ago" if pauses else ""
    said = f"{record.summary.reason or 'paused'}{since}"
    if record.summary.status is FlowStatus.PAUSED:
        return f"{said}; nothing of it runs, and it goes on when somebody resumes it"
    names = ", ".join(repr(task.row.name) for task in record.tasks if task.row.status == TaskStatus.RUNNING)
    return f"{said}; it rests when the bodies that run have ended{f', of {names}' if names else ''}"


def _of_tasks(record: FlowRecord, now: int) -> tuple[str, ...]:
    statuses = {task.row.status for task in record.tasks}
    if TaskStatus.RUNNING in statuses:
        return ()
    waits = [
        f"task {task.row.name!r} waits {max(task.row.retry_at - now, 0) / 1_000_000:.1f} s for attempt "
        f"{task.row.attempt + 1}, after {task.row.failures} failed"
        for task in record.tasks
        if task.row.status == TaskStatus.RETRYING and task.row.retry_at is not None
    ]
    throttle = None if record.place is None else record.place.throttle
    if waits and throttle is not None and throttle.until > now:
        waits.append(throttle.line(now))
    return tuple(waits)


def _of_admission(
    record: FlowRecord, runtimes: Sequence[RuntimeRecord], seen: ClassRecord, concurrency: int, now: int
) -> tuple[str, ...]:
    summary = record.summary
    place = record.place
    versions = _versions(runtimes, summary.flow_class)
    policy = None
    if versions:
        policy = ClassPolicy(
            flow_class=summary.flow_class, concurrency=concurrency, versions=versions, pauses=seen.pauses
        )
    candidate = Candidate(
        offset=summary.offset,
        flow_class=summary.flow_class,
        user=summary.user,
        version=summary.version,
        priority=summary.priority,
        run_at=summary.run_at,
        level=0 if place is None else place.level,
    )
    reasons = []
    live, throttle = (place.live, place.throttle) if place else ((), None)
    reason = why_not(candidate, policy, now, live, throttle)
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
