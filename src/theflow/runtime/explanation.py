"""Why a flow waits, in sentences with numbers and ids: from the same rules that decide on admission."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from theflow.database import codec
from theflow.database.records import ClassRecord, FlowRecord, QueuePlace, RuntimeRecord
from theflow.errors import DataRefused
from theflow.model.limit import LimitRecord
from theflow.model.look import Candidate, Look
from theflow.model.policy import ClassPolicy, Policies
from theflow.model.reason import Line, Reason, Room, reasons, throttled
from theflow.model.scheme import UNLIMITED
from theflow.model.shape import Shape
from theflow.model.status import FlowStatus, TaskStatus
from theflow.model.view import FlowLink, Request
from theflow.runtime.definition import SchemeDefinition
from theflow.runtime.suspects import SUSPICIOUS


class Around(NamedTuple):
    """What else bears on a flow: what people asked of it, and the sub-flows that it started.

    The policies are those of its class and the limits that are set, the look says what of them is in use.
    """

    policies: Policies
    look: Look
    requests: Sequence[Request] = ()
    children: Sequence[FlowLink] = ()


# How many of the sub-flows that a flow waits for are named.
NAMED = 10


def explain(record: FlowRecord, runtimes: Sequence[RuntimeRecord], around: Around) -> tuple[Reason, ...]:
    """Return the reasons why the flow does not run, the first one to be mended first; none if it runs or has ended."""
    summary = record.summary
    now = around.look.now
    asked = record.place is not None and record.place.asked
    if summary.status is FlowStatus.PARKED and not asked:
        return (Reason("parked", f"parked: {summary.reason}"),)
    if record.place is None or (summary.status.ended and not _unheard(around.requests)):
        return ()
    requests, below = around.requests, _of_children(around.children)
    if summary.status in (FlowStatus.PAUSING, FlowStatus.PAUSED) and not asked:
        return (Reason("paused", _of_pause(record, requests, now)), *below)
    if (asked or summary.status is FlowStatus.CANCELLING) and summary.status is not FlowStatus.REVERTING:
        return (Reason("cancelled", _of_request(summary.status, record)), *below)
    if record.place.owner is not None:
        return (*_of_tasks(record, now), *below)
    if summary.status is FlowStatus.WAITING and below:
        return below
    return _of_admission(record, record.place, runtimes, around)


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


def _of_children(children: Sequence[FlowLink]) -> tuple[Reason, ...]:
    """Name the sub-flows that have not ended, and what keeps those that a person has to look at: these come first."""
    below = sorted((child for child in children if not child.status.ended), key=_needs_nobody)
    told = tuple(
        Reason(
            "subflow",
            f"task {child.task!r} waits for sub-flow {child.flow_id} "
            f"({child.status}{child.reason and f': {child.reason}'})",
        )
        for child in below[:NAMED]
    )
    more = len(below) - len(told)
    return (*told, Reason("subflow", f"and {more} more sub-flows")) if more else told


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


def _of_tasks(record: FlowRecord, now: int) -> tuple[Reason, ...]:
    statuses = {task.row.status for task in record.tasks}
    if TaskStatus.RUNNING in statuses:
        return ()
    waits = [
        Reason(
            "retry",
            f"task {task.row.name!r} waits {max(task.row.retry_at - now, 0) / 1_000_000:.1f} s for attempt "
            f"{task.row.attempt + 1}, after {task.row.failures} failed",
            task.row.retry_at,
        )
        for task in record.tasks
        if task.row.status == TaskStatus.RETRYING and task.row.retry_at is not None
    ]
    throttle = None if record.place is None else record.place.throttle
    if waits:
        waits.extend(throttled(throttle, now))
    return tuple(waits)


def _of_admission(
    record: FlowRecord, place: QueuePlace, runtimes: Sequence[RuntimeRecord], around: Around
) -> tuple[Reason, ...]:
    summary, policies, look = record.summary, around.policies, around.look
    policy = policies.classes.get(summary.flow_class)
    candidate = Candidate(
        offset=summary.offset,
        flow_class=summary.flow_class,
        user=summary.user,
        version=summary.version,
        priority=summary.priority,
        run_at=summary.run_at,
        level=place.level,
        charged=int(place.charged),
    )
    live: tuple[int, ...] = ()
    concurrency, line = None, None
    if policy is not None and (most := policies.concurrency_of(policy, summary.user)) < UNLIMITED:
        live, concurrency = place.live, most
        line = Line(place.ahead, place.first_ahead or 0)
    found = [*throttled(place.throttle, look.now), *reasons(candidate, policy, look.now, live, concurrency, line)]
    if policy is not None and not policy.lacks:
        found.extend(Room(look, policies).reasons(candidate, policy))
    return tuple(found) or (_of_runtimes(summary.flow_class, place, runtimes),)


def _of_runtimes(flow_class: str, place: QueuePlace, runtimes: Sequence[RuntimeRecord]) -> Reason:
    """Say what those have to do with it that could take the flow."""
    takers = [runtime for runtime in runtimes if flow_class in classes_of(runtime)]
    if all(runtime.held >= runtime.holder.flows for runtime in takers):
        shown = ", ".join(f"{one.holder.name} holds {one.held} of {one.holder.flows}" for one in takers[:5])
        return Reason("no_place", f"every runtime that takes its class is full: {shown}")
    if place.claims >= SUSPICIOUS:
        return Reason(
            "suspect",
            f"claimed {place.claims} times without one committed outcome: such flows run one at a time, "
            "lest one that kills its process takes others with it",
        )
    return Reason("next", "it is its turn: it starts at the next look")


def policies_of(
    flow_class: str,
    definition: SchemeDefinition | None,
    runtimes: Sequence[RuntimeRecord],
    seen: ClassRecord,
    limits: tuple[int, Sequence[LimitRecord]],
) -> Policies:
    """Put together what a class is let in by: what it declares, who takes it, what is paused, and the limits."""
    version, records = limits
    versions = tuple(sorted({version for one in runtimes for version in classes_of(one).get(flow_class, ())}))
    shape = Shape() if definition is None else definition.shape
    lacks = () if versions else tuple(sorted(shape.requires))
    classes = {}
    if versions or lacks:
        classes[flow_class] = ClassPolicy.of(
            flow_class,
            1 if definition is None else definition.concurrency,
            shape,
            versions=versions,
            pauses=seen.pauses,
            lacks=lacks,
        )
    return Policies(classes=classes, limits={each.scope: each.limit for each in records}, version=version)


def classes_of(runtime: RuntimeRecord) -> dict[str, list[int]]:
    """Return the versions of each class that a runtime takes."""
    try:
        found: dict[str, list[int]] = codec.decode(runtime.holder.classes, dict[str, list[int]])
    except DataRefused:
        return {}
    return found
