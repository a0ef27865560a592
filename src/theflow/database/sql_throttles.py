"""Which queues are throttled, in a SQL database: read only where some are, written with the outcome that says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from theflow.database.dialect import Row, Session
from theflow.database.records import ClassRecord
from theflow.model.throttle import Throttle


def save_throttles(session: Session, throttles: Sequence[Throttle]) -> None:
    """Let queues wait, each for the longest that was asked for; no look from before counts any more."""
    session.many("save_throttle", throttles)
    session.many("touch_class", sorted({(throttle.flow_class,) for throttle in throttles}))


class Throttles(NamedTuple):
    """The users of a class whose queues are throttled at one moment, with the end of each; "" is the whole class."""

    until: Mapping[str, int]

    @classmethod
    def of(cls, session: Session, record: ClassRecord, now: int) -> Throttles:
        """Read those of a class; nothing is asked where there can be none."""
        if record.throttled_until <= now:
            return _NONE
        found = session.all("throttles", {"flow_class": record.flow_class, "now": now})
        return cls({user: until for user, until in found})  # noqa: C416 - a row is no tuple to mypy

    @property
    def again_at(self) -> int | None:
        """When a queue may go on, at the earliest."""
        return self.until.get("") or min(self.until.values(), default=None)

    def heads(self, session: Session, name: str, given: Mapping[str, int]) -> list[Row]:
        """Return the rows of a look that are of no throttled queue: of as many queues as its limit says, if it can."""
        if not self.until:
            return session.all(name, given)
        if "" in self.until:
            return []
        # So many queues at most are passed over.
        wanted = given["limit"]
        rows = [
            row for row in session.all(name, {**given, "limit": wanted + len(self.until)}) if row[2] not in self.until
        ]
        queues = dict.fromkeys(row[2] for row in rows)
        shown = set(islice(queues, wanted))
        return [row for row in rows if row[2] in shown]


_NONE = Throttles({})
