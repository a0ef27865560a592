"""What is read of a SQL database before flows are let in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from theflow.database import codec, rows
from theflow.database.dialect import Row, Session
from theflow.database.records import ClassRecord, LookQuery
from theflow.database.sql_questions import class_record
from theflow.database.sql_throttles import Throttles
from theflow.model.limit import Scope, ScopeKind
from theflow.model.look import Look

_NANO_IN_MICRO = 1000


def look(session: Session, query: LookQuery) -> tuple[ClassRecord, Look]:
    """Read the heads of the queues of a class. Its record comes first: what changes later is guarded by that."""
    record = class_record(session, query.flow_class)
    throttles = Throttles.of(session, record, query.now)
    live, resting = _places(session, query.flow_class) if query.ordered else ({}, {})
    given: dict[str, Any] = {
        "flow_class": query.flow_class,
        "now": query.now,
        # Queues that are full must not take the room of those that could start something.
        "limit": query.limit + len(live.keys() | resting.keys()),
        "per_queue": query.per_queue,
        "virtual": record.turn,
        "versions": codec.encode(list(query.versions)).decode(),
        "any_version": int(query.ordered),
    }
    heads = throttles.heads(session, "look_ranked" if query.ranked else "look_heads", given)
    found = Look(
        now=query.now,
        candidates=tuple([rows.candidate(row[:10]) for row in heads]),
        live=live,
        again_at=throttles.again_at,
        resting=resting,
        usage=usage(session) if query.counted else {},
        paid=buckets(session, query.flow_class, query.now) if query.counted else {},
        turns={row[2]: row[10] for row in heads if row[10] > record.turn},
        virtual=record.turn,
        horizon=_horizon(heads, given["limit"]),
    )
    return record, found


def usage(session: Session) -> Mapping[Scope, int]:
    """Count what is in use from the claims that are alive."""
    found: Counter[Scope] = Counter()
    for flow_class, user, uses, count in session.all("usage", {}):
        found[Scope(ScopeKind.ALL)] += count
        found[Scope(ScopeKind.CLASS, flow_class)] += count
        found[Scope(ScopeKind.USER, "", user)] += count
        for resource, units in codec.decode(uses, dict[str, int]).items() if uses else ():
            found[Scope(ScopeKind.RESOURCE, resource)] += units * count
    return found


def buckets(session: Session, flow_class: str, now: int) -> Mapping[Scope, int]:
    """Read the buckets that are not full, of a class and of what it shares with others."""
    given = {"flow_class": flow_class, "paid": now * _NANO_IN_MICRO}
    return {Scope(ScopeKind(kind), name, user): paid for kind, name, user, paid in session.all("buckets", given)}


def _places(
    session: Session, flow_class: str
) -> tuple[dict[tuple[str, str], tuple[int, ...]], dict[tuple[str, str], tuple[tuple[int, int], ...]]]:
    """Read who holds a place of each queue, and who keeps one while it waits for sub-flows."""
    live: dict[tuple[str, str], tuple[int, ...]] = {}
    resting: dict[tuple[str, str], tuple[tuple[int, int], ...]] = {}
    for user, offset, parked, level in session.all("look_live", {"flow_class": flow_class}):
        queue = (flow_class, user)
        if parked:
            resting[queue] = (*resting.get(queue, ()), (offset, level))
        else:
            live[queue] = (*live.get(queue, ()), offset)
    return live, resting


def _horizon(heads: Sequence[Row], queues: int) -> tuple[int, int] | None:
    """Return the rank of the last queue that was read, where there may be more."""
    if len({row[2] for row in heads}) < queues or not heads:
        return None
    return -heads[-1][11], heads[-1][10]
