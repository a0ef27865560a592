"""All that is known of a run once it is over: what the actors recorded, what the audit saw, what the tables say."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from tests.chaos.audit import AuditRow
from tests.chaos.flows import TRANSACTIONAL
from tests.chaos.recorder import Event

ENDED = frozenset({"succeeded", "failed"})


class FlowEnd(NamedTuple):
    """A flow in the end."""

    offset: int
    flow_class: str
    user: str
    status: str
    ticket: str
    trail: tuple[str, ...] = ()


class TaskEnd(NamedTuple):
    """A task in the end."""

    offset: int
    name: str
    status: str
    attempt: int
    runtime: int
    value: str | None


class Execution(NamedTuple):
    """One run of a body; `ended` is infinite when nobody saw its end."""

    offset: int
    task: str
    attempt: int
    inc: int
    pid: int
    value: str
    began: float
    ended: float
    well: bool


@dataclass(frozen=True, kw_only=True)
class History:
    """A run. `logged` is how often each value was logged, as the log of the flows says; `ttl` is in seconds.

    `founded` and `accounts` are what was in the bank before and is in the end.
    """

    events: Sequence[Event] = ()
    audit: Sequence[AuditRow] = ()
    flows: Sequence[FlowEnd] = ()
    tasks: Sequence[TaskEnd] = ()
    logged: Mapping[str, int] = field(default_factory=dict)
    founded: Mapping[str, int] = field(default_factory=dict)
    accounts: Mapping[str, int] = field(default_factory=dict)
    ttl: float = 2.0

    def of(self, ev: str, *phases: str) -> Iterator[Event]:
        """The events of a kind, in their order."""
        return (event for event in self.events if event.ev == ev and (not phases or event.phase in phases))

    @cached_property
    def executions(self) -> list[Execution]:
        """Every run of a body, by its beginning."""
        ends = {event["value"]: event for event in self.of("body", "ok", "fail")}
        deaths = {event["pid"]: event.mono for event in self.of("death")}
        found = []
        for event in self.of("body", "invoke"):
            end = ends.get(event["value"])
            ended = deaths.get(event.pid, float("inf")) if end is None else end.mono
            place = (event["offset"], event["task"], event["attempt"], event["inc"], event.pid, event["value"])
            found.append(Execution(*place, event.mono, ended, well=end is not None and end.phase == "ok"))
        return found

    @cached_property
    def by_value(self) -> Mapping[str, Execution]:
        """Every run of a body by what it was to return."""
        return {one.value: one for one in self.executions}

    @cached_property
    def outcomes(self) -> Mapping[tuple[int, str], AuditRow]:
        """The first outcome of each task that the audit saw."""
        found: dict[tuple[int, str], AuditRow] = {}
        for row in self.audit:
            if row.tbl == "flow_task" and row.new in ENDED:
                found.setdefault((row.pk, row.name), row)
        return found

    @cached_property
    def undone(self) -> set[str]:
        """What those runs of transactional bodies were to return that are known to have left nothing.

        The database had refused what they were writing, or what the engine added to it, or the COMMIT got no answer;
        and what they returned never became the outcome.
        """
        found = {event["value"] for event in self.of("body", "fail") if event["rolled_back"]}
        found.update(event["lent"] for event in self.of("commit", "fail", "unknown") if "lent" in event.about)
        return found - {outcome.value for outcome in self.outcomes.values()}

    @cached_property
    def repeats(self) -> Mapping[tuple[int, str], int]:
        """How many runs of each transactional body have left nothing, so that it had to run again."""
        return Counter(
            (body.offset, body.task)
            for body in self.executions
            if body.value in self.undone and self.is_transactional(body.offset, body.task)
        )

    def is_transactional(self, offset: int, task: str) -> bool:
        """Whether the body of a task writes in the transaction of its outcome."""
        return (self._classes.get(offset), task) in TRANSACTIONAL

    @cached_property
    def _classes(self) -> Mapping[int, str]:
        return {flow.offset: flow.flow_class for flow in self.flows}

    @cached_property
    def claims(self) -> Mapping[int, list[AuditRow]]:
        """The claims of each flow, in their order."""
        found: dict[int, list[AuditRow]] = defaultdict(list)
        for row in self.audit:
            if row.tbl == "job_event" and row.op == "update" and row.owner is not None and str(row.owner) != row.old:
                found[row.pk].append(row)
        return found

    @cached_property
    def acknowledged(self) -> Mapping[tuple[int, str], float]:
        """When the outcome of each task was first known to be on disk."""
        found: dict[tuple[int, str], float] = {}
        for event in self.of("commit", "ok"):
            for offset, task, _ in event["outcomes"]:
                found.setdefault((offset, task), event.mono)
        return found
