"""Which pending flows may start now, and why the others may not: one pure decision over a snapshot of the queues."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from operator import attrgetter
from typing import NamedTuple

from theflow.model.queue_pause import QueuePause
from theflow.model.scheme import UNLIMITED, FlowScheme
from theflow.model.throttle import Throttle

# Sub-flows stand on lower levels, and go first.
_LEVEL_AND_OFFSET = attrgetter("level", "offset")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassPolicy:
    """How the flows of a class are let in. `versions` are those that this runtime has code for."""

    flow_class: str
    concurrency: int = 1
    versions: tuple[int, ...] = ()
    pauses: tuple[QueuePause, ...] = ()

    @property
    def ordered(self) -> bool:
        """Whether the flows of one user wait for each other."""
        return self.concurrency < UNLIMITED

    def pause_of(self, user: str) -> QueuePause | None:
        """Return what keeps the flows of a user from starting: a pause of the class, or of the queue."""
        return next((pause for pause in self.pauses if pause.user in ("", user)), None)

    def version_for(self, wanted: int | None) -> int | None:
        """Return the version to run a flow with: the one it was submitted for, or the newest; None if not here."""
        if wanted is None:
            return max(self.versions, default=None)
        return wanted if wanted in self.versions else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """All policies at one moment: never changed, only replaced whole."""

    classes: Mapping[str, ClassPolicy] = field(default_factory=dict)

    @classmethod
    def of_schemes(cls, schemes: Iterable[FlowScheme]) -> Policies:
        """Take the policies that the schemes declare; the newest version of a class decides."""
        classes: dict[str, ClassPolicy] = {}
        for scheme in sorted(schemes, key=lambda scheme: scheme.version):
            known = classes.get(scheme.name)
            versions = (*known.versions, scheme.version) if known else (scheme.version,)
            classes[scheme.name] = ClassPolicy(
                flow_class=scheme.name, concurrency=scheme.concurrency, versions=versions
            )
        return cls(classes=classes)


class Candidate(NamedTuple):
    """A pending flow at the head of its queue; `verbs` counts what people asked of it that is still to be done.

    `level` is 0 for what people submit, one less for each flow above it.
    """

    offset: int
    flow_class: str
    user: str
    version: int | None
    priority: int = 0
    run_at: int | None = None
    claims: int = 0
    verbs: int = 0
    level: int = 0

    def due(self, now: int) -> bool:
        """Whether its time has come."""
        return self.run_at is None or self.run_at <= now


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The queues at one moment: candidates, and the offsets that hold a place of each (class, user) queue.

    Queues that are throttled have no candidates; at `again_at` the first of them may have some again.

    `resting` are those (offset and level) that keep a place while they wait for sub-flows. They keep it from whatever
    stands on their level or above it, and not from what is deeper: that may be what they wait for.
    """

    now: int
    candidates: tuple[Candidate, ...]
    live: Mapping[tuple[str, str], tuple[int, ...]]
    again_at: int | None = None
    resting: Mapping[tuple[str, str], tuple[tuple[int, int], ...]] = field(default_factory=dict)

    def holders(self, queue: tuple[str, str], level: int) -> tuple[int, ...]:
        """List the offsets that hold a place of a queue against a flow on this level."""
        resting = self.resting.get(queue, ())
        return (*self.live.get(queue, ()), *(offset for offset, other in resting if other <= level))


class Admitted(NamedTuple):
    """A flow that may start, with the version of its class to run it with."""

    candidate: Candidate
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A flow that may not start yet, and why."""

    offset: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What a look led to."""

    admitted: tuple[Admitted, ...] = ()
    waiting: tuple[Waiting, ...] = ()


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
    """Let candidates in by priority and offset, while order and places allow; give a reason for every other one."""
    free = _all_free(look, policies, slots)
    if free is not None:
        return free
    admitted: list[Admitted] = []
    waiting: list[Waiting] = []
    started: dict[tuple[str, str], list[int]] = {}
    held_back: Counter[tuple[str, str]] = Counter()
    blocker: dict[tuple[str, str], int] = {}
    for candidate in _in_turn(look, policies):
        queue = (candidate.flow_class, candidate.user)
        policy = policies.classes.get(candidate.flow_class)
        ordered = policy is not None and policy.ordered
        live = (*look.holders(queue, candidate.level), *started.get(queue, ())) if ordered else ()
        reason = why_not(candidate, policy, look.now, live)
        if not reason and ordered and held_back[queue]:
            reason = behind(held_back[queue], blocker[queue])
        if not reason and len(admitted) >= slots:
            reason = "this runtime has no free place for a flow"
        if reason or policy is None:
            waiting.append(Waiting(offset=candidate.offset, reason=reason))
            if candidate.due(look.now):
                held_back[queue] += 1
                blocker.setdefault(queue, candidate.offset)
            continue
        version = policy.version_for(candidate.version)
        admitted.append(Admitted(candidate=candidate, version=version if version is not None else 0))
        started.setdefault(queue, []).append(candidate.offset)
    return Admission(admitted=tuple(admitted), waiting=tuple(waiting))


def _all_free(look: Look, policies: Policies, slots: int) -> Admission | None:
    """Let all candidates in where nothing orders them and nobody has to wait; None if there is more to decide."""
    classes = {candidate.flow_class for candidate in look.candidates}
    if len(classes) != 1 or len(look.candidates) > slots:
        return None
    policy = policies.classes.get(classes.pop())
    if policy is None or policy.ordered or policy.pauses or not policy.versions:
        return None
    newest, versions, now = max(policy.versions), policy.versions, look.now
    admitted = []
    for candidate in look.candidates:
        version = candidate.version
        if version is None:
            version = newest
        elif version not in versions:
            return None
        if candidate.run_at is not None and candidate.run_at > now:
            return None
        admitted.append(Admitted(candidate, version))
    admitted.sort(key=lambda one: (-one.candidate.priority, one.candidate.offset))
    return Admission(admitted=tuple(admitted))


def why_not(
    candidate: Candidate, policy: ClassPolicy | None, now: int, live: tuple[int, ...], throttle: Throttle | None = None
) -> str:
    """Say why a flow may not start although it is its turn; empty if it may."""
    if throttle is not None and throttle.until > now:
        return throttle.line(now)
    if candidate.run_at is not None and not candidate.due(now):
        return f"it is not due before {(candidate.run_at - now) / 1_000_000:.1f} s from now"
    if policy is None:
        return f"no runtime registers class {candidate.flow_class!r}"
    if policy.version_for(candidate.version) is None:
        return f"no runtime registers class {candidate.flow_class!r} version {candidate.version}"
    pause = policy.pause_of(candidate.user) if policy.pauses else None
    if pause is not None:
        return pause.line(now)
    if len(live) >= policy.concurrency:
        shown = ", ".join(str(offset) for offset in sorted(live)[:5])
        return (
            f"queue of user {candidate.user!r} in class {candidate.flow_class!r} runs {len(live)} of "
            f"{policy.concurrency} at once: offset {shown}"
        )
    return ""


def behind(ahead: int, first: int) -> str:
    """Say that earlier flows of the same queue go first."""
    return f"{ahead} earlier flow{'s' * (ahead != 1)} of its queue go{'es' * (ahead == 1)} first, from offset {first}"


def _in_turn(look: Look, policies: Policies) -> Iterator[Candidate]:
    """Go by priority among the queues, and inside a queue whose order counts by offset, sub-flows first."""
    queues: dict[object, list[Candidate]] = defaultdict(list)
    for candidate in sorted(look.candidates, key=_LEVEL_AND_OFFSET, reverse=True):
        policy = policies.classes.get(candidate.flow_class)
        lines_up = policy is not None and policy.ordered and candidate.due(look.now)
        queues[(candidate.flow_class, candidate.user) if lines_up else candidate.offset].append(candidate)
    heads = [(-queue[-1].priority, queue[-1].offset, queue) for queue in queues.values()]
    heapify(heads)
    while heads:
        *_, queue = heappop(heads)
        yield queue.pop()
        if queue:
            heappush(heads, (-queue[-1].priority, queue[-1].offset, queue))
