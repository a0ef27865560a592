"""The limits that people have set, the buckets and the turns of the reference store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from theflow.database.memory_requests import MemoryRequests
from theflow.model.limit import Limit, LimitRecord, Scope
from theflow.model.look import Settlement
from theflow.model.view import Request

_NANO_IN_MICRO = 1000


class MemoryTurns:
    """When it is the turn of each user of a class, and how far the class is."""

    def __init__(self) -> None:
        self._turns: dict[str, dict[str, int]] = defaultdict(dict)
        self._virtual: dict[str, int] = {}

    def virtual(self, flow_class: str) -> int:
        """Return how far a class is."""
        return self._virtual.get(flow_class, 0)

    def of(self, flow_class: str) -> Mapping[str, int]:
        """Return the turns of the users of a class."""
        return self._turns[flow_class]

    def settle(self, flow_class: str, settlement: Settlement) -> None:
        """Take what an admission leaves behind."""
        if settlement.past:
            self._turns[flow_class].clear()
        self._turns[flow_class].update(settlement.turns)
        self._virtual[flow_class] = max(self.virtual(flow_class), settlement.virtual)


class MemoryLimits(MemoryRequests):
    """The limits of the reference store, under its lock."""

    def __init__(self) -> None:
        super().__init__()
        self._limits: dict[Scope, LimitRecord] = {}
        self._revisions: dict[str, int] = {}
        self._of_queues: list[Request] = []
        self._turns = MemoryTurns()
        self._paid: dict[Scope, int] = {}
        self._limits_version = 0
        # Guards what several classes share.
        self._shared = 0

    def set_limit(self, wanted: LimitRecord) -> tuple[Limit, int]:
        """Put a limit in force for every admission from then on; return what was set before, and the new version."""
        with self._lock:
            self._writes += 1
            self._shared += 1
            for flow_class in self._revisions:
                self._revisions[flow_class] += 1
            self._limits_version += 1
            known = self._limits.get(wanted.scope)
            was = known.limit if known else Limit()
            record = self._limits[wanted.scope] = wanted._replace(version=self._limits_version)
            self._of_queues.append(Request.of_limit(record, was))
            return was, record.version

    def limits(self) -> tuple[int, list[LimitRecord]]:
        """Return the version of the newest limit, and those that are set, by scope."""
        with self._lock:
            found = [self._limits[scope] for scope in sorted(self._limits)]
            return self._limits_version, [each for each in found if not each.limit.empty]

    def _buckets(self, flow_class: str, now: int) -> dict[Scope, int]:
        """Return the buckets that are not full, of a class and of what it shares with others."""
        return {
            scope: paid
            for scope, paid in self._paid.items()
            if paid > now * _NANO_IN_MICRO and (scope.shared or scope.name == flow_class)
        }

    def _settle(self, flow_class: str, settlement: Settlement) -> None:
        self._turns.settle(flow_class, settlement)
        self._paid.update(settlement.paid)
        self._shared += settlement.shared
