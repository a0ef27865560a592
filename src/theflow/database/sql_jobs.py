"""Jobs that are saved in a SQL database, each with its pending flow, or found by their keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from theflow.database import codec, rows
from theflow.database.dialect import Session
from theflow.errors import DataRefused, IdempotencyConflict
from theflow.model.flow_data import FlowDataPartial
from theflow.model.job import JobMetaObject

Known = JobMetaObject | int | IdempotencyConflict


def create(session: Session, flows: Sequence[FlowDataPartial]) -> list[JobMetaObject]:
    """Save jobs with their pending flows; raise IdempotencyConflict if a key of one belongs to another input."""
    found = create_each(session, flows)
    for each in found:
        if isinstance(each, IdempotencyConflict):
            raise each
    return cast("list[JobMetaObject]", found)


def create_each(session: Session, flows: Sequence[FlowDataPartial]) -> list[JobMetaObject | IdempotencyConflict]:
    """Save jobs with their pending flows; insert-or-get for those with an idempotency key."""
    known: dict[int, Known] = {}
    if any(flow.meta.idempotency_key is not None for flow in flows):
        # Whoever holds the counter sees every key: a twin that is under way has been committed, or never was.
        session.one("take_offsets", {"count": 0})
        known = _known_jobs(session, flows)
    fresh = [flow for number, flow in enumerate(flows) if number not in known] if known else flows
    newest = session.one("take_offsets", {"count": len(fresh)}) if fresh else None
    offsets = range(newest[0] - len(fresh) + 1, newest[0] + 1) if newest else range(0)
    placed = list(zip(fresh, offsets, strict=True))
    session.many("insert_job", [rows.job_row(flow, offset) for flow, offset in placed])
    session.many("insert_flow", [rows.flow_row(flow, offset) for flow, offset in placed])
    saved = [JobMetaObject(offset, flow.flow_id, flow.created_at, flow.meta) for flow, offset in placed]
    if not known:
        return [*saved]
    created = iter(saved)
    jobs: list[JobMetaObject | IdempotencyConflict] = []
    for number in range(len(flows)):
        twin = known.get(number)
        jobs.append(next(created) if twin is None else jobs[twin] if isinstance(twin, int) else twin)
    return jobs


def known_job(session: Session, flow: FlowDataPartial) -> JobMetaObject | IdempotencyConflict | None:
    """Return the job that the idempotency key of another belongs to, None if there is none, or none is given."""
    meta = flow.meta
    if meta.idempotency_key is None:
        return None
    given = {"user_name": meta.user, "flow_class": meta.flow_class, "idempotency_key": meta.idempotency_key}
    row = session.one("job_by_key", given)
    if row is None:
        return None
    return _conflict(flow, row[1], row[7]) or rows.saved_job(row)


def _known_jobs(session: Session, flows: Sequence[FlowDataPartial]) -> dict[int, Known]:
    """Find the jobs whose idempotency key exists, in the database or earlier in the same call."""
    known: dict[int, Known] = {}
    first: dict[tuple[str, str, str], int] = {}
    for number, flow in enumerate(flows):
        meta = flow.meta
        if meta.idempotency_key is None:
            continue
        key = (meta.user, meta.flow_class, meta.idempotency_key)
        job = known_job(session, flow)
        if job is not None:
            known[number] = job
        elif key in first:
            twin = flows[first[key]]
            known[number] = _conflict(flow, twin.flow_id, twin.input) or first[key]
        else:
            first[key] = number
    return known


def _conflict(flow: FlowDataPartial, flow_id: str, stored: str | bytes) -> IdempotencyConflict | None:
    if _reads_alike(flow.input, stored):
        return None
    return IdempotencyConflict(
        f"idempotency key {flow.meta.idempotency_key!r} of user {flow.meta.user!r} in class "
        f"{flow.meta.flow_class!r} belongs to flow {flow_id}, which has another input; "
        "use another key, or submit the same input"
    )


def _reads_alike(given: bytes, stored: str | bytes) -> bool:
    try:
        return codec.same(given, stored)
    except DataRefused:
        # What cannot be read any more is not what is submitted now.
        return False
