"""How flows are let in, set by people while it all runs; and why a flow waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from theflow.database.records import FlowRecord
from theflow.errors import InputError
from theflow.model.limit import Limit, LimitRecord, Scope, ScopeKind
from theflow.model.reason import Reason
from theflow.model.view import Kin, Request
from theflow.runtime.definition import SchemeDefinition
from theflow.runtime.explanation import Around, classes_of, explain, policies_of
from theflow.runtime.operator import Operator
from theflow.runtime.uses import too_little


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a flow waits: the reasons in order, the first to be mended first; none if it runs or has ended.

    `ahead` is how many flows of its queue go first. `until` is when it could start, in microseconds UTC, where all that
    keeps it ends by itself at a known time; else None.
    """

    flow_id: str
    reasons: tuple[Reason, ...] = ()
    ahead: int = 0
    until: int | None = None


class Shaper(Operator):
    """The hands of a Client for limits, and its eyes for what they do."""

    def set_limit(
        self, kind: str, name: str = "", user: str = "", *, limit: Limit, reason: str = "", by: str | None = None
    ) -> Limit:
        """Limit what runs or starts, from now on and everywhere; return what was set before.

        `kind` is "all", "class", "user", "queue" (a class, and a user) or "resource"; without a user it holds for each
        user that has no limit of his own. An empty `Limit()` takes away what was set. No admission that begins after
        this returns goes by what was in force before; what runs goes on. Raises InputError for what could never start.
        """
        scope = self.check_limit(kind, name, user, limit=limit)
        asked = self._request("limit", reason, by)
        self._store.prepare()
        was, _ = self._store.set_limit(LimitRecord(scope, limit, 0, asked.asked_by, asked.reason, asked.asked_at))
        self._ring()
        return was

    def check_limit(self, kind: str, name: str = "", user: str = "", *, limit: Limit) -> Scope:
        """Return what `set_limit` would limit; raise InputError for what it would refuse."""
        scope = Scope.checked(kind, name, user)
        if not isinstance(limit, Limit):
            raise InputError(f"limit: expected a theflow.Limit, got {limit!r}")
        _check_weight(scope, limit)
        self._check_uses(scope, limit)
        return scope

    def prepare(self) -> None:
        """Create the database where there is none, as the first submit does."""
        self._store.prepare()

    def usage(self) -> Mapping[Scope, int]:
        """Count how many units are in use now of all flows, of each class, each user and each resource."""
        return self._store.in_use("", self._clock.now()).usage

    def limits(self) -> list[LimitRecord]:
        """List the limits that are set, with who set them, when and why."""
        return self._store.limits()[1]

    def explain(self, flow_id: str) -> Explanation:
        """Say why a flow does not run, with numbers and ids; raise FlowNotFound."""
        record = self._record(flow_id)
        offset = record.summary.offset
        reasons = self._reasons(record, self._store.requests(offset), self._store.kin(offset))
        ends = [reason.until for reason in reasons]
        known = [end for end in ends if end is not None]
        return Explanation(
            flow_id=flow_id,
            reasons=reasons,
            ahead=record.place.ahead if record.place and record.place.owner is None else 0,
            until=max(known) if known and len(known) == len(ends) else None,
        )

    def _reasons(self, record: FlowRecord, requests: list[Request], kin: Kin) -> tuple[Reason, ...]:
        """Put together what bears on a flow, and ask the rules of admission."""
        if record.place is None:
            return ()
        summary = record.summary
        runtimes = self._store.runtimes()
        policies = policies_of(
            summary.flow_class,
            self.definition(summary.flow_class, summary.version),
            runtimes,
            self._store.class_record(summary.flow_class),
            self._store.limits(),
        )
        look = self._store.in_use(summary.flow_class, self._clock.now())
        return explain(record, runtimes, Around(policies, look, requests, kin.children))

    def _check_uses(self, scope: Scope, limit: Limit) -> None:
        """Refuse a limit of a resource under which a class that somebody runs could never start."""
        if scope.kind is not ScopeKind.RESOURCE:
            return
        for definition in self._served():
            units = definition.shape.uses.get(scope.name, 0)
            problem = too_little(limit, units)
            if problem:
                raise InputError(
                    f"{scope.line()}: a flow of class {definition.flow_class!r} uses {units} of it, and with a "
                    f"{problem} could never start; give it at least {units}"
                )

    def _served(self) -> list[SchemeDefinition]:
        """Return the newest definitions of the classes that some live runtime takes."""
        names = {name for one in self._store.runtimes() for name in classes_of(one)}
        return [found for name in sorted(names) if (found := self.definition(name)) is not None]


def _check_weight(scope: Scope, limit: Limit) -> None:
    if limit.weight is not None and scope.kind not in (ScopeKind.USER, ScopeKind.QUEUE):
        raise InputError(f"{scope.line()}: a weight is the share of a user; give it to a user or a queue")
