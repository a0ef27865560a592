"""Users share a class by their weights: who comes with one flow waits for one turn of each, never for a backlog."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.property.queueing import Backlog, jain
from theflow.model.scheme import UNLIMITED

SLOTS = pytest.mark.parametrize("slots", [1, 3, 10, 100])


@SLOTS
@pytest.mark.parametrize("concurrency", [1, UNLIMITED])
def test_one_flow_beside_a_backlog_of_a_hundred_thousand_starts_at_once(slots, concurrency):
    line = Backlog(concurrency=concurrency)
    line.add("hog", 100_000)
    line.run(50, slots)
    before = len(line.started)
    line.add("ann")
    line.run(2, slots)
    assert "ann" in line.started[before : before + slots + 1]


@given(users=st.integers(1, 40), slots=st.integers(1, 8), looks=st.integers(0, 60))
def test_whoever_comes_waits_for_one_start_of_each_other_user_at_most(users, slots, looks):
    line = Backlog()
    for number in range(users):
        line.add(f"u{number}", 1000)
    line.run(looks, slots)
    before = len(line.started)
    line.add("ann")
    line.run(users + 2, slots)
    assert "ann" in line.started[before:]
    assert line.started[before:].index("ann") <= users


@given(
    weights=st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([0.1, 1.0, 3.0, 50.0]), min_size=1),
    looks=st.integers(0, 40),
    slots=st.integers(1, 5),
)
def test_whatever_the_weights_a_newcomer_waits_for_one_start_of_each_other(weights, looks, slots):
    line = Backlog(weights)
    for user in weights:
        line.add(user, 3000)
    line.run(looks, slots)
    before = len(line.started)
    line.add("ann")
    line.run(len(weights) + 1, slots)
    assert line.started[before:].index("ann") <= len(weights)


@SLOTS
def test_weights_of_one_and_three_give_shares_of_one_and_three(slots):
    line = Backlog({"bob": 3.0})
    line.add("ann", 10_000)
    line.add("bob", 10_000)
    line.run(1200 // slots, slots)
    ann, bob = line.counts(("ann", "bob"))
    assert abs(bob - 3 * ann) <= 3 * slots


@SLOTS
def test_fifty_users_of_equal_weight_and_unequal_backlog_get_the_same(slots):
    users = [f"u{number}" for number in range(50)]
    line = Backlog()
    for number, user in enumerate(users):
        line.add(user, 40 + 50 * number)
    line.run(1000 // slots, slots)
    assert jain(line.counts(users)) >= 0.99
    assert max(line.counts(users)) - min(line.counts(users)) <= 1


def test_a_weight_that_changes_counts_for_the_backlog():
    line = Backlog({"bob": 3.0})
    line.add("ann", 5_000)
    line.add("bob", 5_000)
    line.run(400)
    line.policies = Backlog({"ann": 4.0}).policies
    since = len(line.started)
    line.run(400)
    ann, bob = line.counts(("ann", "bob"), since)
    assert abs(ann - 4 * bob) <= 8


def test_who_was_away_gets_no_arrears_and_pays_none():
    line = Backlog()
    line.add("ann", 3)
    line.add("bob", 1000)
    line.run(300)
    line.add("ann", 300)
    since = len(line.started)
    line.run(200)
    ann, bob = line.counts(("ann", "bob"), since)
    assert abs(ann - bob) <= 1
