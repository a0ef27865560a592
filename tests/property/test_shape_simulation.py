"""Arrivals in virtual time: never over a cap, no work lost or made, nobody idle without a reason, always the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from theflow.model.limit import Limit, Scope, ScopeKind
from theflow.model.policy import ClassPolicy, Policies
from theflow.model.rate import Rate
from theflow.model.scheme import UNLIMITED
from theflow.model.shape_simulation import Arrival, Run, simulate, waits_of

SECOND = 1_000_000
USERS = ("ann", "bob", "cid")
CLASSES = ("mesh", "order")


@dataclass(frozen=True, kw_only=True)
class Case:
    """Arrivals, and what they come under."""

    arrivals: tuple[Arrival, ...]
    policies: Policies
    places: int

    def runs(self) -> list[Run]:
        """Let them come."""
        return simulate(self.arrivals, self.policies, self.places)


_arrivals = st.builds(
    Arrival,
    at=st.integers(0, 20).map(SECOND.__mul__),
    user=st.sampled_from(USERS),
    flow_class=st.sampled_from(CLASSES),
    duration=st.integers(0, 9).map(SECOND.__mul__),
    priority=st.integers(0, 2),
    units=st.integers(1, 3),
)
_rates = st.builds(Rate, units=st.integers(1, 4), per=st.sampled_from([1, 7.5]), burst=st.integers(1, 5))
_limits = st.builds(Limit, capacity=st.none() | st.integers(1, 4), rate=st.none() | _rates)
_scopes = st.sampled_from(
    [
        Scope(ScopeKind.ALL),
        *(Scope(ScopeKind.CLASS, name) for name in CLASSES),
        Scope(ScopeKind.USER),
        Scope(ScopeKind.USER, "", "ann"),
        Scope(ScopeKind.QUEUE, "mesh"),
        Scope(ScopeKind.RESOURCE, "gpu"),
    ]
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any few arrivals under any few limits."""
    classes = {
        name: ClassPolicy(
            flow_class=name,
            versions=(1,),
            concurrency=draw(st.sampled_from([1, 2, UNLIMITED])),
            uses=draw(st.sampled_from([(), (("gpu", 2),)])),
            overtakes=draw(st.booleans()),
        )
        for name in CLASSES
    }
    limits = draw(st.dictionaries(_scopes, _limits, max_size=4))
    arrivals = tuple(draw(st.lists(_arrivals, max_size=24)))
    return Case(arrivals=arrivals, policies=Policies(classes=classes, limits=limits), places=draw(st.integers(1, 5)))


def running(runs: list[Run], at: int) -> list[Arrival]:
    """What runs at a moment."""
    spans = [(run.arrival, run.started_at, run.ended_at) for run in runs]
    return [one for one, start, end in spans if start is not None and end is not None and start <= at < end]


def used(runs: list[Run], at: int, policies: Policies) -> Counter[Scope]:
    """What is in use of everything at a moment."""
    found: Counter[Scope] = Counter()
    for arrival in running(runs, at):
        found[Scope(ScopeKind.ALL)] += 1
        found[Scope(ScopeKind.CLASS, arrival.flow_class)] += 1
        found[Scope(ScopeKind.USER, "", arrival.user)] += 1
        found[Scope(ScopeKind.QUEUE, arrival.flow_class, arrival.user)] += 1
        for resource, units in policies.classes[arrival.flow_class].uses:
            found[Scope(ScopeKind.RESOURCE, resource)] += units
    return found


@given(cases())
def test_nothing_is_ever_over_a_cap(case: Case):
    runs = case.runs()
    for moment in {run.started_at for run in runs if run.started_at is not None}:
        found = used(runs, moment, case.policies)
        assert found[Scope(ScopeKind.ALL)] <= case.places
        for scope, units in found.items():
            capacity = case.policies.limit_of(scope).capacity
            if scope.kind is ScopeKind.QUEUE:
                capacity = case.policies.concurrency_of(case.policies.classes[scope.name], scope.user)
            assert capacity is None or units <= capacity


@given(cases())
def test_a_queue_without_overtaking_starts_in_the_order_of_its_arrivals(case: Case):
    runs = case.runs()
    for name, policy in case.policies.classes.items():
        for user in USERS:
            queue = [run for run in runs if (run.arrival.flow_class, run.arrival.user) == (name, user)]
            queue.sort(key=lambda run: run.arrival.at)
            starts = [run.started_at for run in queue]
            if policy.ordered and not policy.overtakes and None not in starts:
                assert starts == sorted(starts)


@given(cases())
def test_every_flow_starts_at_most_once_and_not_before_it_came(case: Case):
    runs = case.runs()
    assert [run.arrival for run in runs] == list(case.arrivals)
    assert all(run.waited is None or run.waited >= 0 for run in runs)
    sums = waits_of(runs)
    assert sum(waits.started + waits.never for waits in sums.values()) == len(case.arrivals)
    assert all(waits.p50 <= waits.p95 <= waits.longest for waits in sums.values())


@given(cases())
def test_work_is_conserved_no_place_idles_while_somebody_could_use_it(case: Case):
    free = ClassPolicy(flow_class="mesh", versions=(1,), concurrency=UNLIMITED)
    classes = {name: replace(free, flow_class=name) for name in CLASSES}
    runs = replace(case, policies=Policies(classes=classes)).runs()
    assert all(run.started_at is not None for run in runs)
    for run in runs:
        if run.waited:
            # From its arrival to its start all places were taken, at every moment at which that could have changed.
            moments = {other.started_at for other in runs} | {other.ended_at for other in runs} | {run.arrival.at}
            for moment in moments:
                if moment is not None and run.arrival.at <= moment < run.started_at:
                    assert len(running(runs, moment)) == case.places


WEIGHTS = st.fixed_dictionaries(dict.fromkeys(USERS, st.sampled_from([0.5, 1.0, 2.0, 3.0])))


@given(st.permutations(USERS * 8), WEIGHTS)
def test_of_two_who_wait_none_gets_ahead_by_more_than_a_step_of_the_slower(users, weights):
    limits = {Scope(ScopeKind.USER, "", user): Limit(weight=weight) for user, weight in weights.items()}
    free = ClassPolicy(flow_class="mesh", versions=(1,), concurrency=UNLIMITED)
    arrivals = [Arrival(0, user, "mesh", SECOND) for user in users]
    runs = simulate(arrivals, Policies(classes={"mesh": free}, limits=limits), 1)
    had: Counter[str] = Counter()
    for run in sorted(runs, key=lambda run: run.started_at or 0):
        had[run.arrival.user] += 1
        waiting = [user for user in USERS if had[user] < 8]
        for one in waiting:
            for other in waiting:
                step = 1 / min(weights[one], weights[other])
                assert abs(had[one] / weights[one] - had[other] / weights[other]) <= step + 0.001


@given(cases())
def test_the_same_arrivals_have_the_same_ends(case: Case):
    assert case.runs() == case.runs()


@given(cases())
def test_a_rate_lets_no_more_start_than_its_bucket_gives(case: Case):
    runs = case.runs()
    for name in CLASSES:
        rate = case.policies.limit_of(Scope(ScopeKind.CLASS, name)).rate
        if rate is None:
            continue
        starts = sorted(
            (run.started_at, run.arrival.units)
            for run in runs
            if run.started_at is not None and run.arrival.flow_class == name
        )
        for first, (since, _) in enumerate(starts):
            for last in range(first, len(starts)):
                units = sum(count for _, count in starts[first : last + 1])
                seconds = (starts[last][0] - since) / SECOND
                assert units <= rate.burst + rate.units * seconds / rate.per + 0.001
