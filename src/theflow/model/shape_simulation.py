"""What would have happened to flows under other policies: their arrivals once more, in virtual time.

Each time that a flow comes or ends, or a bucket has tokens again, `admit` decides over the queues as it does in a
runtime. There is one runtime, with so many places; it looks at once whenever anything changes.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush, nsmallest
from typing import NamedTuple

from theflow.errors import InputError
from theflow.model.limit import Scope, ScopeKind
from theflow.model.look import Candidate, Look
from theflow.model.policy import ALL, ClassPolicy, Policies
from theflow.model.rate import checked_units
from theflow.model.shaping import Admission, admit

# What no later moment mends under policies that stay as they are.
_NEVER = ("too_large", "no_resource")
# How many times as many queues are looked at as there is room for.
_FURTHER = 4


class Arrival(NamedTuple):
    """A flow that comes `at` microseconds and runs for `duration`; `units` is how much of a rate it takes."""

    at: int
    user: str
    flow_class: str
    duration: int
    priority: int = 0
    units: int = 1


class Run(NamedTuple):
    """What became of an arrival; one that never started has waited until the end, and is waiting still."""

    arrival: Arrival
    started_at: int | None = None

    @property
    def waited(self) -> int | None:
        """How long it waited for its start, in microseconds."""
        return None if self.started_at is None else self.started_at - self.arrival.at

    @property
    def ended_at(self) -> int | None:
        """When it ended."""
        return None if self.started_at is None else self.started_at + self.arrival.duration


class Waits(NamedTuple):
    """How long the flows of a user waited, in microseconds; `never` counts those that have not started at all."""

    started: int
    mean: int
    p50: int
    p95: int
    longest: int
    never: int = 0

    @classmethod
    def of(cls, runs: Iterable[Run]) -> Waits:
        """Sum up."""
        all_waits = [run.waited for run in runs]
        waits = sorted(wait for wait in all_waits if wait is not None)
        never = len(all_waits) - len(waits)
        if not waits:
            return cls(0, 0, 0, 0, 0, never)
        return cls(len(waits), sum(waits) // len(waits), _rank(waits, 0.5), _rank(waits, 0.95), waits[-1], never)


def waits_of(runs: Iterable[Run]) -> dict[str, Waits]:
    """Sum up how long the flows of each user waited, by the names of the users."""
    found: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        found[run.arrival.user].append(run)
    return {user: Waits.of(found[user]) for user in sorted(found)}


def simulate(arrivals: Sequence[Arrival], policies: Policies, places: int) -> list[Run]:
    """Let all flows come, and return what became of each, in the order in which they were given.

    A class without a policy is let in as one whose scheme says nothing: one flow of a user at a time.
    """
    checked_units("places", places)
    for arrival in arrivals:
        if arrival.at < 0 or arrival.duration < 0:
            raise InputError(f"an arrival has a time of its own and lasts, both from 0 s on; got {arrival!r}")
        checked_units("units of an arrival", arrival.units)
    # Who comes first has the smaller offset, wherever he stands in the list: queues are ordered by that.
    order = sorted(range(len(arrivals)), key=lambda number: arrivals[number].at)
    runs = _Replay([arrivals[number] for number in order], _complete(policies, arrivals), places).run()
    found = dict(zip(order, runs, strict=True))
    return [found[number] for number in range(len(arrivals))]


def _complete(policies: Policies, arrivals: Iterable[Arrival]) -> Policies:
    names = sorted({arrival.flow_class for arrival in arrivals})
    classes = {name: policies.classes.get(name) or ClassPolicy(flow_class=name, versions=(1,)) for name in names}
    return Policies(classes=classes, limits=policies.limits, version=policies.version)


def _rank(waits: Sequence[int], share: float) -> int:
    """The wait that so large a share of the flows does not exceed."""
    return waits[max(math.ceil(share * len(waits)), 1) - 1]


@dataclass(slots=True, kw_only=True)
class _Class:
    """The queues of a class while time goes by, and whose turn it is in it."""

    policy: ClassPolicy
    widest: int
    waiting: dict[str, list[Candidate]] = field(default_factory=lambda: defaultdict(list))
    live: dict[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)
    turns: dict[str, int] = field(default_factory=dict)
    virtual: int = 0

    def heads(self, room: int, queues: int) -> tuple[tuple[Candidate, ...], tuple[int, int] | None]:
        """List the heads of so many queues by their turns, and the rank of the last one where there are more.

        Of each queue there is what could start now, and one more, so that it is seen who has to wait.
        """
        name, most = self.policy.flow_class, min(room, self.widest) + 1
        open_lines = [line for user, line in self.waiting.items() if len(self.live.get((name, user), ())) < self.widest]
        horizon = None
        if len(open_lines) > queues:
            open_lines = nsmallest(queues, open_lines, key=self._rank)
            horizon = self._rank(open_lines[-1])[:2]
        return tuple([one for line in open_lines for one in line[:most]]), horizon

    def _rank(self, line: Sequence[Candidate]) -> tuple[int, int, int]:
        head = line[0]
        return -head.priority, max(self.turns.get(head.user, 0), self.virtual), head.offset

    def put(self, candidate: Candidate) -> None:
        """Let a flow stand in its queue: last, or before those of smaller priority where that counts."""
        line = self.waiting[candidate.user]
        place = len(line)
        if self.policy.ranked:
            while place and line[place - 1].priority < candidate.priority:
                place -= 1
        line.insert(place, candidate)

    def take(self, candidate: Candidate) -> None:
        """Let a flow leave its queue."""
        line = self.waiting[candidate.user]
        line.remove(candidate)
        if not line:
            del self.waiting[candidate.user]


class _Replay:
    """Arrivals under way through their queues, in the order in which they come; their numbers are their offsets."""

    def __init__(self, arrivals: Sequence[Arrival], policies: Policies, places: int) -> None:
        self._arrivals = arrivals
        self._policies = policies
        self._free = places
        self._now = 0
        self._coming = list(reversed(range(len(arrivals))))
        self._ends: list[tuple[int, int]] = []
        self._started: dict[int, int] = {}
        self._classes = {
            name: _Class(policy=policy, widest=policies.widest(policy)) for name, policy in policies.classes.items()
        }
        self._usage: Counter[Scope] = Counter()
        self._paid: dict[Scope, int] = {}
        self._rounds = 0

    def run(self) -> list[Run]:
        """Go from one moment at which something happens to the next, until nothing does any more."""
        again_at: int | None = None
        while (now := self._next(again_at)) is not None:
            self._now = now
            self._end_and_come()
            again_at = self._fill()
        return [Run(arrival, self._started.get(number)) for number, arrival in enumerate(self._arrivals)]

    def _next(self, again_at: int | None) -> int | None:
        moments = [self._arrivals[self._coming[-1]].at] if self._coming else []
        moments += [self._ends[0][0]] if self._ends else []
        moments += [again_at] if again_at is not None else []
        return min(moments, default=None)

    def _end_and_come(self) -> None:
        """Let flows end that are through at this moment, then others come."""
        while self._ends and self._ends[0][0] <= self._now:
            _, number = heappop(self._ends)
            self._count(number, -1)
            queue = (self._arrivals[number].flow_class, self._arrivals[number].user)
            live = self._classes[queue[0]].live
            live[queue] = tuple(offset for offset in live[queue] if offset != number)
        while self._coming and self._arrivals[self._coming[-1]].at <= self._now:
            number = self._coming.pop()
            arrival = self._arrivals[number]
            self._classes[arrival.flow_class].put(
                Candidate(number, arrival.flow_class, arrival.user, None, arrival.priority, units=arrival.units)
            )

    def _fill(self) -> int | None:
        """Let in what may start; return when the first bucket has tokens again for somebody who waits for them."""
        names = list(self._classes)
        self._rounds += 1
        moments = []
        for number in range(len(names)):
            # Another class goes first each time, as in a runtime.
            one = self._classes[names[(self._rounds + number) % len(names)]]
            while self._free and one.waiting:
                again_at, further = self._admit(one)
                moments += [again_at] if again_at is not None else []
                if not further:
                    break
        return min(moments, default=None)

    def _admit(self, one: _Class) -> tuple[int | None, bool]:
        """Look at a class as far as it takes to let somebody in; say whether there may be more to let in."""
        room = self._room(one)
        queues = max(room, 1) * _FURTHER
        while True:
            look = self._look(one, room, queues)
            admission = admit(look, self._policies, self._free)
            self._settle(one, admission)
            if room < 1 or admission.closed:
                return admission.again_at, False
            if admission.admitted or look.horizon is None:
                dropped = self._drop(one, admission)
                return admission.again_at, dropped or look.horizon is not None
            # All heads in sight have to wait: look past them.
            queues *= _FURTHER

    def _room(self, one: _Class) -> int:
        """How many flows of a class could start at most."""
        whole = (ALL, Scope(ScopeKind.CLASS, one.policy.flow_class))
        held = [(self._policies.limit_of(scope).capacity, self._usage[scope]) for scope in whole]
        return min([self._free, *(capacity - used for capacity, used in held if capacity is not None)])

    def _look(self, one: _Class, room: int, queues: int) -> Look:
        candidates, horizon = one.heads(max(room, 0), queues)
        return Look(
            now=self._now,
            candidates=candidates,
            live=one.live,
            usage=self._usage,
            paid=self._paid,
            turns=one.turns,
            virtual=one.virtual,
            horizon=horizon,
        )

    def _settle(self, one: _Class, admission: Admission) -> None:
        settlement = admission.settlement
        self._paid.update(settlement.paid)
        if settlement.past:
            one.turns.clear()
        one.turns.update(settlement.turns)
        one.virtual = max(one.virtual, settlement.virtual)
        for candidate, _ in admission.admitted:
            one.take(candidate)
            queue = (candidate.flow_class, candidate.user)
            one.live[queue] = (*one.live.get(queue, ()), candidate.offset)
            self._started[candidate.offset] = self._now
            self._count(candidate.offset, 1)
            heappush(self._ends, (self._now + self._arrivals[candidate.offset].duration, candidate.offset))

    def _drop(self, one: _Class, admission: Admission) -> bool:
        """Let go what can never start and holds nobody back; True if others come in sight by that."""
        if self._policies.ordered(one.policy):
            return False
        lost = {waiting.offset for waiting in admission.waiting if waiting.code in _NEVER}
        for candidate in [each for line in one.waiting.values() for each in line if each.offset in lost]:
            one.take(candidate)
        return bool(lost)

    def _count(self, number: int, sign: int) -> None:
        """Count a flow in or out of all that is limited."""
        arrival = self._arrivals[number]
        self._free -= sign
        for scope in (ALL, Scope(ScopeKind.CLASS, arrival.flow_class), Scope(ScopeKind.USER, "", arrival.user)):
            self._usage[scope] += sign
        for resource, units in self._classes[arrival.flow_class].policy.uses:
            self._usage[Scope(ScopeKind.RESOURCE, resource)] += sign * units
