"""The limits that people have set, in a SQL database."""

from __future__ import annotations

from theflow.database import codec, rows
from theflow.database.dialect import Row, Session
from theflow.database.sql_pauses import NO_FLOW, SqlPauses
from theflow.model.limit import Limit, LimitRecord, Scope, ScopeKind
from theflow.model.look import Settlement
from theflow.model.rate import Rate
from theflow.model.view import Request

# The row of no class: it guards what several classes share.
SHARED = ("",)


class SqlLimits(SqlPauses):
    """The limits of the RuntimeStore over a dialect."""

    def set_limit(self, wanted: LimitRecord) -> tuple[Limit, int]:
        """Put a limit in force for every admission from then on; return what was set before, and the new version."""
        with self._dialect.write() as session:
            # Every class is changed first: nobody else admits, or sets a limit, beside this.
            session.many("insert_class", [SHARED])
            session.run("touch_classes", {})
            version, known = _limits(session)
            was = next((each.limit for each in known if each.scope == wanted.scope), Limit())
            record = wanted._replace(version=version + 1)
            session.run("save_limit", _row(record))
            session.run("insert_request", rows.request_row(NO_FLOW, Request.of_limit(record, was)))
        self._dialect.announce()
        return was, record.version

    def limits(self) -> tuple[int, list[LimitRecord]]:
        """Return the version of the newest limit, and those that are set, by scope."""
        with self._dialect.read() as session:
            version, found = _limits(session)
        return version, [each for each in found if not each.limit.empty]


def settle(session: Session, flow_class: str, settlement: Settlement) -> None:
    """Write what an admission leaves behind."""
    if settlement.paid:
        session.many(
            "save_bucket", [(scope.kind.value, scope.name, scope.user, paid) for scope, paid in settlement.paid]
        )
    if settlement.past:
        session.run("drop_turns", {"flow_class": flow_class})
    if settlement.turns:
        session.run("save_turns", {"flow_class": flow_class, "turns": codec.encode_definition(settlement.turns)})


def _limits(session: Session) -> tuple[int, list[LimitRecord]]:
    found = [_limit(row) for row in session.all("limits", {})]
    return max((each.version for each in found), default=0), found


def _limit(row: Row) -> LimitRecord:
    kind, name, user, capacity, units, period, burst, weight, version, set_by, reason, set_at = row
    rate = None if units is None else Rate(units=units, per=period, burst=burst)
    limit = Limit(capacity=capacity, rate=rate, weight=weight)
    return LimitRecord(Scope(ScopeKind(kind), name, user), limit, version, set_by, reason, set_at)


def _row(record: LimitRecord) -> dict[str, object]:
    (kind, name, user), limit, rate = record.scope, record.limit, record.limit.rate
    return {
        "kind": kind.value,
        "name": name,
        "user_name": user,
        "capacity": limit.capacity,
        "units": rate and rate.units,
        "period": rate and rate.per,
        "burst": rate and rate.burst,
        "weight": limit.weight,
        "version": record.version,
        "set_by": record.set_by,
        "reason": record.reason,
        "set_at": record.set_at,
    }
