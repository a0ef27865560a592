"""Looks at one class under limits of every kind, and a second opinion on what may start."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from theflow.model.limit import Limit, Scope, ScopeKind
from theflow.model.look import Candidate, Look
from theflow.model.policy import ClassPolicy, Policies
from theflow.model.rate import Rate
from theflow.model.scheme import UNLIMITED
from theflow.model.shaping import Admission, admit

NOW = 1_000_000_000
NANO = 1000
APART = 5_000_000_000
NAME = "one"
USERS = ("ann", "bob", "cid")
ALL, CLASS = Scope(ScopeKind.ALL), Scope(ScopeKind.CLASS, NAME)
GPU, LICENCE = Scope(ScopeKind.RESOURCE, "gpu"), Scope(ScopeKind.RESOURCE, "licence")


def user_scope(user: str) -> Scope:
    """All flows of a user, whatever their class."""
    return Scope(ScopeKind.USER, "", user)


def queue_scope(user: str) -> Scope:
    """The flows of a user in the class."""
    return Scope(ScopeKind.QUEUE, NAME, user)


@dataclass(frozen=True, kw_only=True)
class Limited:
    """A look at one class, what is in force, and the free places of the runtime."""

    look: Look
    policies: Policies
    slots: int
    held: Counter[str] = field(default_factory=Counter)

    @property
    def policy(self) -> ClassPolicy:
        """The policy of the class."""
        return self.policies.classes[NAME]

    def admit(self) -> Admission:
        """Ask for the decision."""
        return admit(self.look, self.policies, self.slots)

    def units_by_scope(self, candidate: Candidate) -> dict[Scope, int]:
        """How much of what a flow takes of slots."""
        own = dict.fromkeys((ALL, CLASS, user_scope(candidate.user)), 1)
        return own | {Scope(ScopeKind.RESOURCE, name): units for name, units in self.policy.uses}

    def tokens_by_scope(self, candidate: Candidate) -> dict[Scope, int]:
        """How many tokens a flow takes of the buckets that there are."""
        if candidate.charged:
            return {}
        scopes = (ALL, CLASS, user_scope(candidate.user), queue_scope(candidate.user))
        wanted = dict.fromkeys(scopes, candidate.units)
        wanted |= {Scope(ScopeKind.RESOURCE, name): units for name, units in self.policy.uses}
        return {scope: units for scope, units in wanted.items() if self.policies.limit_of(scope).rate}

    def line(self, user: str) -> list[Candidate]:
        """The due flows of a queue in the order in which they start."""
        due = [each for each in self.look.candidates if each.user == user and each.due(NOW)]
        if self.policy.overtakes or self.policy.concurrency == UNLIMITED:
            return sorted(due, key=lambda each: (each.level, -each.priority, each.offset))
        return sorted(due, key=lambda each: (each.level, each.offset))

    def concurrency(self, user: str) -> int:
        """How many flows of a queue run at once."""
        return self.policies.concurrency_of(self.policy, user)

    def after(self, admission: Admission) -> Limited:
        """The same look when what was admitted is held."""
        used, live, held = Counter(self.look.usage), dict(self.look.live), Counter(self.held)
        for candidate in started(admission):
            used.update(self.units_by_scope(candidate))
            held[candidate.user] += 1
            queue = (NAME, candidate.user)
            if self.policies.ordered(self.policy):
                live[queue] = (*live.get(queue, ()), candidate.offset)
        gone = {each.offset for each in started(admission)}
        rest = tuple(each for each in self.look.candidates if each.offset not in gone)
        left = admission.settlement
        turns = {} if left.past else {**self.look.turns, **dict(left.turns)}
        paid = {**self.look.paid, **dict(left.paid)}
        look = replace(self.look, candidates=rest, usage=used, live=live, paid=paid, turns=turns)
        return replace(self, look=look, slots=self.slots - len(gone), held=held)

    def could_start(self, candidate: Candidate) -> bool:
        """Whether it could be let in now, by an opinion of its own."""
        if not candidate.due(NOW) or self.policy.version_for(candidate.version) is None:
            return False
        if self.concurrency(candidate.user) < UNLIMITED and (
            self.line(candidate.user)[0] != candidate or self.held[candidate.user] >= self.concurrency(candidate.user)
        ):
            return False
        return self.has_room(candidate)

    def has_room(self, candidate: Candidate) -> bool:
        """Whether slots and tokens of everything are there for it."""
        for scope, units in self.units_by_scope(candidate).items():
            most = self.policies.limit_of(scope).capacity
            if most is None and scope.kind is ScopeKind.RESOURCE:
                return False
            if most is not None and self.look.usage.get(scope, 0) + units > most:
                return False
        return all(
            units * self.rate(scope).gap <= self.level(scope)
            for scope, units in self.tokens_by_scope(candidate).items()
        )

    def rate(self, scope: Scope) -> Rate:
        """The rate of a bucket."""
        rate = self.policies.limit_of(scope).rate
        assert rate is not None
        return rate

    def level(self, scope: Scope) -> int:
        """How full a bucket is, in nanoseconds of its rate; less than nothing where a clock was a little ahead."""
        most = self.rate(scope).burst * self.rate(scope).gap
        lacking = max(self.look.paid.get(scope, 0) - NOW * NANO, 0)
        return 0 if lacking > most + APART else most - lacking


def started(admission: Admission) -> list[Candidate]:
    """The flows that were let in, in order."""
    return [each.candidate for each in admission.admitted]


_capacities = st.one_of(st.none(), st.integers(1, 5))
_rates = st.one_of(st.none(), st.builds(Rate, units=st.integers(1, 4), per=st.just(60.0), burst=st.integers(1, 4)))
limits = st.builds(Limit, capacity=_capacities, rate=_rates)
_weights = st.builds(Limit, capacity=_capacities, rate=_rates, weight=st.sampled_from([None, 0.5, 1.0, 3.0]))


@st.composite
def limited(draw) -> Limited:
    """Make up a class, limits of every kind, what is in use, and the heads of its queues."""
    policy = ClassPolicy(
        flow_class=NAME,
        concurrency=draw(st.sampled_from([1, 2, 3, UNLIMITED, UNLIMITED])),
        versions=(1, 2),
        limit=draw(limits),
        queue_limit=Limit(rate=draw(_rates)),
        uses=draw(st.sampled_from([(), (), (("gpu", 1),), (("gpu", 2), ("licence", 1))])),
        overtakes=draw(st.booleans()),
    )
    some = {
        **draw(st.dictionaries(st.sampled_from([ALL, CLASS, GPU, LICENCE]), limits, max_size=4)),
        **draw(st.dictionaries(st.sampled_from([user_scope(u) for u in ("", *USERS)]), _weights, max_size=3)),
        **draw(st.dictionaries(st.sampled_from([queue_scope(u) for u in ("", *USERS)]), _weights, max_size=3)),
    }
    policies = Policies(classes={NAME: policy}, limits=some, version=1)
    case = Limited(look=draw(_look(policies)), policies=policies, slots=draw(st.integers(0, 8)))
    held = Counter({user: len(case.look.live.get((NAME, user), ())) for user in USERS})
    return replace(case, held=held)


@st.composite
def _look(draw, policies: Policies) -> Look:
    offsets = draw(st.permutations(range(1, 25)))
    taken, count = draw(st.integers(0, 4)), draw(st.integers(0, 14))
    live: dict[tuple[str, str], tuple[int, ...]] = {}
    used: Counter[Scope] = Counter(draw(st.dictionaries(st.sampled_from([ALL, CLASS, GPU]), st.integers(0, 2))))
    for offset in offsets[:taken]:
        user = draw(st.sampled_from(USERS))
        live[NAME, user] = (*live.get((NAME, user), ()), offset)
        used.update([ALL, CLASS, user_scope(user)])
    scopes = [ALL, CLASS, GPU, *map(user_scope, USERS), *map(queue_scope, USERS)]
    paid = draw(st.dictionaries(st.sampled_from(scopes), st.integers(0, 300).map(lambda s: (NOW + s * 10**6) * NANO)))
    virtual = draw(st.integers(0, 3)) * 1_000_000
    return Look(
        now=NOW,
        candidates=tuple(draw(_candidate(offset)) for offset in offsets[taken : taken + count]),
        live=live if policies.ordered(policies.classes[NAME]) else {},
        usage=used,
        paid=paid,
        turns={
            user: virtual + n
            for user, n in draw(st.dictionaries(st.sampled_from(USERS), st.integers(1, 10**7))).items()
        },
        virtual=virtual,
        horizon=draw(st.one_of(st.none(), st.none(), st.tuples(st.integers(-1, 1), st.integers(0, 10**7)))),
    )


@st.composite
def _candidate(draw, offset: int) -> Candidate:
    return Candidate(
        offset=offset,
        flow_class=NAME,
        user=draw(st.sampled_from(USERS)),
        version=draw(st.sampled_from([None, None, 1, 2, 2, 3])),
        priority=draw(st.sampled_from([0, 0, 1, -1])),
        run_at=draw(st.sampled_from([None, None, None, NOW, NOW + 1])),
        level=draw(st.sampled_from([0, 0, 0, 0, -1])),
        charged=draw(st.sampled_from([0, 0, 0, 1])),
        units=draw(st.sampled_from([1, 1, 2, 5])),
    )
