"""Which pending flows may start now, and why the others may not: one pure decision over a snapshot of the queues."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from theflow.model.look import NOTHING_LEFT, STEP, Candidate, Look, Settlement
from theflow.model.policy import ClassPolicy, Policies
from theflow.model.reason import NO_PLACE, OTHERS_TURN, Line, Reason, Room, reasons
from theflow.model.scheme import UNLIMITED


class Admitted(NamedTuple):
    """A flow that may start, with the version of its class to run it with."""

    candidate: Candidate
    version: int


class Waiting(NamedTuple):
    """A flow that may not start yet, and why."""

    offset: int
    reason: str
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What a look led to. At `again_at` the first bucket that keeps somebody waiting has tokens again.

    `closed` says that a limit which all flows of a class come under has no room left.
    """

    admitted: tuple[Admitted, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    settlement: Settlement = NOTHING_LEFT
    again_at: int | None = None
    closed: bool = False


class FlowShapingManager:
    """Holds the policies as one value that is replaced whole (read-copy-update): readers need no lock."""

    __slots__ = ("_policies",)

    def __init__(self, policies: Policies) -> None:
        self._policies = policies

    @property
    def policies(self) -> Policies:
        """The policies now; the value stays as it is for whoever holds it."""
        return self._policies

    def replace(self, policies: Policies) -> None:
        """Put other policies in force, from the next look on."""
        self._policies = policies

    def admit(self, look: Look, slots: int) -> Admission:
        """Decide for every candidate of a look, given so many free places in this runtime."""
        return admit(look, self._policies, slots)


def admit(look: Look, policies: Policies, slots: int) -> Admission:
    """Let candidates in by priority and turn, while order, limits and places allow; give a reason for the others."""
    return _all_free(look, policies, slots) or _Handout(look, policies, slots).decide()


def _all_free(look: Look, policies: Policies, slots: int) -> Admission | None:
    """Let candidates in by their turns alone, where nothing else keeps any of them; None if there is more to decide."""
    versions = _versions(look, policies)
    if versions is None:
        return None
    ranked: list[tuple[int, int, int, Candidate]] = []
    for user, line in _by_user(look.candidates).items():
        turn = look.turn_of(user)
        line.sort(key=_by_priority)
        for candidate in line:
            ranked.append((-candidate.priority, turn, candidate.offset, candidate))
            turn += STEP
    ranked.sort()
    horizon = look.horizon
    first = ranked[:slots] if horizon is None else [one for one in ranked[:slots] if one[:2] <= horizon]
    newest = max(versions)
    admitted = tuple([Admitted(one[3], newest if one[3].version is None else one[3].version) for one in first])
    turns = {one[3].user: one[1] + STEP for one in first}
    if horizon is None and len(first) == len(ranked) and (len(first) < slots or _even(turns)):
        return Admission(admitted=admitted, settlement=Settlement(virtual=look.virtual, past=bool(look.turns)))
    kept = {one[2] for one in first}
    why = NO_PLACE if len(first) >= slots else OTHERS_TURN
    virtual = max((one[1] for one in first), default=look.virtual)
    return Admission(
        admitted=admitted,
        waiting=tuple([Waiting(one[2], why.text, why.code) for one in ranked if one[2] not in kept]),
        settlement=Settlement(turns=tuple(turns.items()), virtual=virtual),
    )


def _even(turns: Mapping[str, int]) -> bool:
    """Whether nobody is ahead of anybody: else there may be more behind what was read, and it counts who is."""
    return len(set(turns.values())) <= 1


def _versions(look: Look, policies: Policies) -> tuple[int, ...] | None:
    """Return the versions of the only class of a look, if all its candidates could start; else None."""
    classes = {candidate.flow_class for candidate in look.candidates}
    policy = policies.classes.get(classes.pop()) if len(classes) == 1 else None
    if policy is None or policy.ordered or policy.pauses or policy.lacks or policies.counts(policy):
        return None
    versions, now = policy.versions, look.now
    for candidate in look.candidates:
        if candidate.version is not None and candidate.version not in versions:
            return None
        if candidate.level or (candidate.run_at is not None and candidate.run_at > now):
            return None
    return versions or None


def _by_user(candidates: tuple[Candidate, ...]) -> dict[str, list[Candidate]]:
    lines: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        lines[candidate.user].append(candidate)
    return lines


class _Queue:
    """The candidates of a queue, the next one last, while they are handed places.

    `most` is how many of it run at once, None where nothing orders it; `live` are those that do, `step` is the virtual
    time that one takes.
    """

    __slots__ = ("blocker", "candidates", "held_back", "key", "live", "most", "policy", "step", "turn")

    def __init__(self, key: tuple[str, str], policy: ClassPolicy | None, look: Look, policies: Policies) -> None:
        self.key = key
        self.policy = policy
        self.turn = look.turn_of(key[1])
        self.step = round(STEP / policies.weight_of(*key))
        most = UNLIMITED if policy is None else policies.concurrency_of(policy, key[1])
        self.most = most if most < UNLIMITED else None
        self.live = [*look.live.get(key, ())]
        self.candidates: list[Candidate] = []
        self.held_back = 0
        self.blocker = 0

    def rank(self) -> tuple[int, int, int]:
        """Where it stands among the queues."""
        head = self.candidates[-1]
        return -head.priority, self.turn, head.offset

    def line(self) -> Line | None:
        """Who of it has to wait, and so lets nobody pass."""
        return Line(self.held_back, self.blocker) if self.held_back and self.most is not None else None


class _Handout:
    """One decision under way: whose turn it is, and what is left of everything."""

    def __init__(self, look: Look, policies: Policies, slots: int) -> None:
        self._look = look
        self._policies = policies
        self._slots = slots
        self._room = Room(look, policies)
        self._admitted: list[Admitted] = []
        self._waiting: list[Waiting] = []
        self._turns: dict[str, int] = {}
        self._virtual = look.virtual

    def decide(self) -> Admission:
        """Go through the queues, each by its turn."""
        heads = [(*queue.rank(), queue) for queue in self._queues()]
        heapify(heads)
        while heads:
            priority, turn, _, queue = heappop(heads)
            self._decide_for(queue, (priority, turn))
            if queue.candidates:
                heappush(heads, (*queue.rank(), queue))
        return Admission(
            admitted=tuple(self._admitted),
            waiting=tuple(self._waiting),
            settlement=self._settlement(),
            again_at=self._room.again_at,
            closed=self._room.closed,
        )

    def _decide_for(self, queue: _Queue, rank: tuple[int, int]) -> None:
        candidate, policy = queue.candidates.pop(), queue.policy
        reason = self._reason(candidate, queue, rank)
        if reason is not None or policy is None:
            text, code = (reason.text, reason.code) if reason else ("", "")
            self._waiting.append(Waiting(offset=candidate.offset, reason=text, code=code))
            if candidate.due(self._look.now):
                queue.held_back += 1
                queue.blocker = queue.blocker or candidate.offset
            return
        version = policy.version_for(candidate.version)
        self._admitted.append(Admitted(candidate=candidate, version=version if version is not None else 0))
        self._room.take(candidate, policy)
        queue.live.append(candidate.offset)
        self._virtual = max(self._virtual, queue.turn)
        queue.turn += queue.step
        self._turns[candidate.user] = queue.turn

    def _reason(self, candidate: Candidate, queue: _Queue, rank: tuple[int, int]) -> Reason | None:
        policy, look = queue.policy, self._look
        live: Sequence[int] = ()
        if queue.most is not None:
            live = queue.live if not look.resting else (*queue.live, *look.rest_of(queue.key, candidate.level))
        for reason in reasons(candidate, policy, look.now, live, queue.most, queue.line()):
            return reason
        if look.horizon is not None and rank > look.horizon:
            return OTHERS_TURN
        if len(self._admitted) >= self._slots:
            return NO_PLACE
        return next(self._room.reasons(candidate, policy), None) if policy is not None else None

    def _queues(self) -> list[_Queue]:
        """Put the candidates into their queues; what is not due stands in none, and holds nobody back."""
        found: dict[object, _Queue] = {}
        lines: dict[object, list[Candidate]] = defaultdict(list)
        for candidate in self._look.candidates:
            key = (candidate.flow_class, candidate.user)
            name: object = key if candidate.due(self._look.now) else candidate.offset
            if name not in found:
                policy = self._policies.classes.get(candidate.flow_class)
                found[name] = _Queue(key, policy, self._look, self._policies)
            lines[name].append(candidate)
        for place, queue in found.items():
            ranked = queue.policy is not None and queue.policy.ranked
            queue.candidates = sorted(lines[place], key=_by_priority if ranked else _by_offset, reverse=True)
        return list(found.values())

    def _settlement(self) -> Settlement:
        paid = tuple(self._room.charged.items())
        contended = bool(self._look.horizon) or any(one.code in ("no_place", "full", "rate") for one in self._waiting)
        used_up = len(self._admitted) >= self._slots and not _even(self._turns)
        if contended or used_up:
            return Settlement(paid=paid, turns=tuple(self._turns.items()), virtual=self._virtual, shared=self._shared)
        # Everybody had what he could have: who had how much before means nothing any more.
        return Settlement(paid=paid, virtual=self._virtual, past=bool(self._look.turns), shared=self._shared)

    @property
    def _shared(self) -> bool:
        if any(scope.shared for scope in self._room.charged):
            return True
        classes = {one.candidate.flow_class for one in self._admitted}
        return any(self._policies.meets_others(self._policies.classes[name]) for name in classes)


def _by_offset(candidate: Candidate) -> tuple[int, int]:
    # Sub-flows stand on lower levels, and go first.
    return candidate.level, candidate.offset


def _by_priority(candidate: Candidate) -> tuple[int, int, int]:
    return candidate.level, -candidate.priority, candidate.offset
