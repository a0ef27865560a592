"""Arrivals once more in virtual time: known numbers, fair turns, and what never starts."""

from __future__ import annotations

import pytest

from theflow.errors import InputError
from theflow.model.limit import Limit, Scope, ScopeKind
from theflow.model.policy import ClassPolicy, Policies
from theflow.model.rate import Rate
from theflow.model.scheme import UNLIMITED
from theflow.model.shape_simulation import Arrival, Waits, simulate, waits_of

SECOND = 1_000_000


def policies(limits=(), **options):
    """The policies of a class without order, under some limits."""
    mesh = ClassPolicy(**{"flow_class": "mesh", "versions": (1,), "concurrency": UNLIMITED} | options)
    return Policies(classes={"mesh": mesh}, limits=dict(limits))


def arrivals(*users, at=0, seconds=1):
    """Flows that come at one moment, by their users."""
    return [Arrival(at * SECOND, user, "mesh", seconds * SECOND) for user in users]


def starts(runs):
    """When each flow has started, in seconds."""
    return [None if run.started_at is None else run.started_at / SECOND for run in runs]


def order(runs):
    """The users in the order of the starts."""
    return "".join(run.arrival.user for run in sorted(runs, key=lambda run: run.started_at))


def test_flows_of_a_user_follow_one_another_where_nothing_else_is_said():
    assert starts(simulate(arrivals("a", "a", "b"), Policies(), 9)) == [0, 1, 0]


def test_places_are_shared_out_in_turns_however_long_one_queue_is():
    runs = simulate([*arrivals(*"aaaaaa"), *arrivals(*"bb"), *arrivals("c")], policies(), 1)
    assert order(runs) == "abcabaaaa"


@pytest.mark.parametrize("users", [2, 5, 9])
def test_a_users_next_flow_starts_after_at_most_one_of_each_other_user(users):
    names = [chr(ord("a") + number) for number in range(users)]
    runs = simulate([one for name in names for one in arrivals(*name * 20)], policies(), 1)
    shown = order(runs)
    gaps = [len(part) for name in names for part in shown.strip(name).split(name)[1:-1]]
    assert max(gaps) == users - 1


@pytest.mark.parametrize("at", [1, 2, 3, 4, 7])
def test_who_comes_anew_starts_after_at_most_one_flow_of_each_other_user(at):
    runs = simulate([*arrivals(*"abcbca" * 20), *arrivals("d", at=at)], policies(), 1)
    waited = [run.arrival.user for run in runs if at * SECOND <= run.started_at < runs[-1].started_at]
    assert len(waited) == len(set(waited)) <= 3


def test_a_weight_of_two_starts_twice_as_many():
    limits = {Scope(ScopeKind.USER, "", "a"): Limit(weight=2.0)}
    shown = order(simulate([*arrivals(*"a" * 40), *arrivals(*"b" * 40)], policies(limits), 1))
    assert shown[:30].count("a") == 20


def test_a_rate_spreads_starts_after_its_burst():
    limits = {Scope(ScopeKind.CLASS, "mesh"): Limit(rate=Rate(units=1, per=10, burst=2))}
    assert starts(simulate(arrivals(*"aaaa"), policies(limits), 9)) == [0, 0, 10, 20]


def test_a_resource_that_classes_share_is_shared_out_between_them():
    classes = {name: ClassPolicy(flow_class=name, versions=(1,), uses=(("gpu", 2),)) for name in ("mesh", "order")}
    shared = Policies(classes=classes, limits={Scope(ScopeKind.RESOURCE, "gpu"): Limit(capacity=3)})
    both = [Arrival(0, "a", name, 5 * SECOND) for name in ("mesh", "order")]
    assert sorted(starts(simulate(both, shared, 9))) == [0, 5]


def test_what_can_never_start_lets_others_pass_where_there_is_no_order():
    limits = {Scope(ScopeKind.CLASS, "mesh"): Limit(rate=Rate(units=1, per=1, burst=2))}
    large = [one._replace(units=3) for one in arrivals(*"aaa")]
    runs = simulate([*large, *arrivals("a")], policies(limits), 1)
    assert starts(runs) == [None, None, None, 0]
    assert waits_of(runs) == {"a": Waits(1, 0, 0, 0, 0, never=3)}


def test_a_larger_priority_overtakes_where_the_class_says_so():
    flows = [*arrivals("a"), *(one._replace(priority=number) for number, one in enumerate(arrivals(*"aaa")))]
    assert starts(simulate(flows, policies(concurrency=1, overtakes=True), 9)) == [2, 3, 1, 0]


def test_waits_are_summed_up_by_the_nearest_rank():
    runs = simulate(arrivals(*"a" * 20), policies(concurrency=1), 9)
    seconds = [each / SECOND for each in waits_of(runs)["a"][1:5]]
    assert seconds == [9.5, 9, 18, 19]


def test_who_came_first_starts_first_wherever_he_stands_in_the_list():
    late_first = [*arrivals("a", at=1), *arrivals("a", "a", at=0, seconds=2)]
    assert starts(simulate(late_first, policies(concurrency=1), 1)) == [4, 0, 2]


@pytest.mark.parametrize("wrong", [{"at": -1}, {"duration": -1}, {"units": 0}])
def test_what_is_no_arrival_is_refused(wrong):
    with pytest.raises(InputError):
        simulate([arrivals("a")[0]._replace(**wrong)], policies(), 1)


@pytest.mark.parametrize("places", [0, -1, True])
def test_a_runtime_without_places_is_refused(places):
    with pytest.raises(InputError, match="places"):
        simulate([], policies(), places)
