"""Why a flow may not start: the rules that decide, each with its words, numbers and ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from theflow.model.limit import Scope, ScopeKind
from theflow.model.look import Candidate, Look
from theflow.model.policy import ClassPolicy, Hold, Policies
from theflow.model.rate import Rate
from theflow.model.throttle import Throttle

_SHOWN = 5
# Whatever is limited here limits all flows of a class.
_WHOLE = (ScopeKind.ALL, ScopeKind.CLASS)


class Need(NamedTuple):
    """What part of a limit (its capacity, or the burst of its rate) would have to be so large."""

    part: str
    units: int


class Reason(NamedTuple):
    """One reason: `code` for programs, `text` for people, `until` when it ends by itself if that is known.

    `scope` is what has no room for the flow, where that is it, and `needs` how much there would have to be of it.
    """

    code: str
    text: str
    until: int | None = None
    scope: Scope | None = None
    needs: Need | None = None


NO_PLACE = Reason("no_place", "this runtime has no free place for a flow")
OTHERS_TURN = Reason("others_turn", "users of whom less was let in go first")


class Line(NamedTuple):
    """Who stands before a flow in its queue: how many, and the first of them."""

    ahead: int
    first: int


def reasons(
    candidate: Candidate,
    policy: ClassPolicy | None,
    now: int,
    live: Sequence[int] = (),
    concurrency: int | None = None,
    line: Line | None = None,
) -> Iterator[Reason]:
    """Go through what keeps a flow from starting by itself, its class, and its queue, the first to be mended first."""
    if candidate.run_at is not None and not candidate.due(now):
        text = f"it is not due before {(candidate.run_at - now) / 1_000_000:.1f} s from now"
        yield Reason("not_due", text, candidate.run_at)
    if policy is None:
        yield Reason("no_class", f"no runtime registers class {candidate.flow_class!r}")
        return
    if policy.lacks:
        yield Reason("no_label", f"no runtime that registers class {candidate.flow_class!r} has {_named(policy.lacks)}")
        return
    if policy.version_for(candidate.version) is None:
        yield Reason("no_version", f"no runtime registers class {candidate.flow_class!r} version {candidate.version}")
    pause = policy.pause_of(candidate.user, candidate.offset, candidate.level) if policy.pauses else None
    if pause is not None:
        yield Reason("paused", pause.line(now))
    most = policy.concurrency if concurrency is None else concurrency
    if len(live) >= most:
        shown = ", ".join(str(offset) for offset in sorted(live)[:_SHOWN])
        text = (
            f"queue of user {candidate.user!r} in class {candidate.flow_class!r} runs {len(live)} of {most} at once: "
            f"offset {shown}"
        )
        queue = Scope(ScopeKind.QUEUE, candidate.flow_class, candidate.user)
        yield Reason("queue_full", text, scope=queue, needs=Need("capacity", len(live) + 1))
    if line is not None and line.ahead:
        text = (
            f"{line.ahead} earlier flow{'s' * (line.ahead != 1)} of its queue go{'es' * (line.ahead == 1)} first, "
            f"from offset {line.first}"
        )
        yield Reason("behind", text)


def throttled(throttle: Throttle | None, now: int) -> Iterator[Reason]:
    """Say that a body was told to come back later, and so its queue waits."""
    if throttle is not None and throttle.until > now:
        yield Reason("throttled", throttle.line(now), throttle.until)


class Room:
    """What is left of the limits while it is given to one flow after the other: slots and tokens, or neither."""

    __slots__ = ("_charged", "_holds", "_look", "_paid", "_policies", "_usage", "again_at", "closed")

    def __init__(self, look: Look, policies: Policies) -> None:
        self._look = look
        self._policies = policies
        self._usage = dict(look.usage)
        self._paid: dict[Scope, int] = dict(look.paid)
        self._charged: dict[Scope, int] = {}
        self._holds: dict[tuple[str, str], tuple[Hold, ...]] = {}
        # When the first bucket that kept somebody waiting has tokens again.
        self.again_at: int | None = None
        # Whether there is no room for any flow of a class.
        self.closed = False

    @property
    def charged(self) -> Mapping[Scope, int]:
        """The buckets that are not paid for as they were: tokens were taken, or another rate or clock left them so."""
        return self._charged

    def holds(self, candidate: Candidate, policy: ClassPolicy) -> tuple[Hold, ...]:
        """List the limits that a flow comes under."""
        queue = (candidate.flow_class, candidate.user)
        found = self._holds.get(queue)
        if found is None:
            found = self._holds[queue] = self._policies.holds(policy, candidate.user)
        return found

    def reasons(self, candidate: Candidate, policy: ClassPolicy) -> Iterator[Reason]:
        """Go through the limits that have no room for a flow: first those of slots, then those of tokens."""
        holds = self.holds(candidate, policy)
        for hold in holds:
            if hold.limit.capacity is not None or hold.scope.kind is ScopeKind.RESOURCE:
                yield from self._no_slot(hold)
        if not candidate.charged:
            for hold in holds:
                if hold.limit.rate is not None:
                    yield from self._no_token(hold, hold.limit.rate, candidate)

    def take(self, candidate: Candidate, policy: ClassPolicy) -> None:
        """Give a flow what it takes of everything."""
        for hold in self.holds(candidate, policy):
            self._usage[hold.scope] = self._usage.get(hold.scope, 0) + hold.units
            rate = hold.limit.rate
            if rate is not None and not candidate.charged:
                units = _tokens(hold, candidate)
                paid = rate.pay(self._paid.get(hold.scope, 0), self._look.now, units)
                self._paid[hold.scope] = self._charged[hold.scope] = paid

    def _no_slot(self, hold: Hold) -> Iterator[Reason]:
        capacity, used = hold.limit.capacity, self._usage.get(hold.scope, 0)
        if capacity is not None and used + hold.units <= capacity:
            return
        what = hold.scope.line()
        if capacity is None:
            text = f"nobody has said how much there is of {what}"
            yield Reason("no_resource", text, scope=hold.scope, needs=Need("capacity", hold.units))
        elif hold.units > capacity:
            text = f"it uses {hold.units} of {what}, of which there are {capacity}"
            yield Reason("too_large", text, scope=hold.scope, needs=Need("capacity", hold.units))
        else:
            self.closed |= hold.scope.kind in _WHOLE
            word = "runs" if hold.scope.kind is not ScopeKind.RESOURCE else "has in use"
            of = f"; it needs {hold.units}" if hold.units != 1 else ""
            text = f"{what} {word} {used} of {capacity} at once{of}"
            yield Reason("full", text, scope=hold.scope, needs=Need("capacity", used + hold.units))

    def _no_token(self, hold: Hold, rate: Rate, candidate: Candidate) -> Iterator[Reason]:
        now = self._look.now
        units = _tokens(hold, candidate)
        paid = self._paid.get(hold.scope, 0)
        at = rate.ready_at(paid, now, units)
        if at == now:
            return
        what = f"rate of {hold.scope.line()} ({rate.line()})"
        if at is None:
            text = f"it takes {units} tokens of the {what}, which never has as many"
            yield Reason("too_large", text, scope=hold.scope, needs=Need("burst", units))
        else:
            if (bounded := rate.bounded(paid, now)) < paid:
                self._paid[hold.scope] = self._charged[hold.scope] = bounded
            self.closed |= hold.scope.kind in _WHOLE and units == 1
            self.again_at = at if self.again_at is None else min(self.again_at, at)
            yield Reason("rate", f"the {what} has tokens for it in {(at - now) / 1_000_000:.1f} s", at, hold.scope)


def _tokens(hold: Hold, candidate: Candidate) -> int:
    return hold.units if hold.scope.kind is ScopeKind.RESOURCE else candidate.units


def _named(labels: Sequence[str]) -> str:
    return f"label{'s' * (len(labels) != 1)} {', '.join(repr(label) for label in labels)}"
