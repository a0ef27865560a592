"""A token bucket: never more than burst and rate allow, whatever the clock and people do to it."""

from __future__ import annotations

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from theflow.model.rate import PERIOD_LEAST, UNITS_LIMIT, Rate

START = 1_700_000_000_000_000
NANO = 1000
APART = 5_000_000
rates = st.builds(
    Rate,
    units=st.integers(1, 1000) | st.integers(1, UNITS_LIMIT),
    per=st.floats(PERIOD_LEAST, 86_400.0),
    burst=st.integers(0, 1000),
)
steps = st.lists(st.tuples(st.integers(0, 10**8), st.integers(1, 20)), max_size=40)
jumps = st.lists(st.tuples(st.integers(-(10**10), 10**10), st.integers(1, 20)), max_size=40)


def starts(rate: Rate, asked: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Who of those that ask, one after the other, gets tokens: when, and how many."""
    now, paid, found = START, 0, []
    for later, units in asked:
        now += later
        if rate.ready_at(paid, now, units) == now:
            paid = rate.pay(paid, now, units)
            found.append((now, units))
        else:
            paid = rate.bounded(paid, now)
    return found


@given(rate=rates, asked=steps)
def test_no_window_has_more_starts_than_the_burst_and_what_came_in_meanwhile(rate, asked):
    found = starts(rate, asked)
    for first in range(len(found)):
        for (at, _), taken in zip(found[first:], accumulate(units for _, units in found[first:]), strict=True):
            assert taken * rate.gap <= rate.burst * rate.gap + (at - found[first][0]) * NANO


@given(rate=rates, asked=jumps)
def test_a_clock_that_jumps_gives_no_more_than_the_time_that_it_went_forward(rate, asked):
    taken = sum(units for _, units in starts(rate, asked))
    forward = sum(max(later, 0) for later, _ in asked)
    assert taken * rate.gap <= rate.burst * rate.gap + forward * NANO


@given(rate=rates, paid=st.integers(0, 2**62), units=st.integers(1, 2000))
def test_nobody_waits_longer_than_an_empty_bucket_takes_to_hold_his_tokens(rate, paid, units):
    at = rate.ready_at(paid, START, units)
    if units > rate.burst:
        assert at is None
        return
    saved = rate.bounded(paid, START)
    assert START <= at <= START + -(-units * rate.gap // NANO) + APART
    assert rate.ready_at(saved, START, units) == at
    assert rate.ready_at(saved, at, units) == at
    assert at == START or rate.ready_at(saved, at - 1, units) > at - 1


@given(rate=rates, behind=st.integers(0, APART))
def test_a_clock_that_is_a_little_behind_gives_nobody_more(rate, behind):
    paid = rate.pay(0, START, rate.burst)
    assert rate.bounded(paid, START - behind) == paid


@given(rate=rates, paid=st.integers(0, 2**62))
def test_a_bucket_is_never_emptier_than_empty_nor_fuller_than_full(rate, paid):
    assert -1e-6 <= rate.tokens(paid, START) <= rate.burst


@given(rate=rates, other=rates, asked=steps, units=st.integers(1, 20))
def test_another_rate_gives_no_more_at_once_than_its_own_burst(rate, other, asked, units):
    now, paid = START + sum(later for later, _ in asked), 0
    for at, taken in starts(rate, asked):
        paid = rate.pay(paid, at, taken)
    given_out = 0
    while given_out < 100 and other.ready_at(paid, now, units) == now:
        paid, given_out = other.pay(paid, now, units), given_out + units
    assert given_out <= max(other.burst, 100)
    assert given_out <= other.burst or given_out >= 100


@given(rate=rates)
def test_more_than_the_burst_never_starts(rate):
    assert rate.ready_at(0, START, rate.burst + 1) is None


@given(rate=rates)
def test_a_bucket_that_was_never_used_is_full(rate):
    assert rate.tokens(0, START) == rate.burst
    assert rate.ready_at(0, START, rate.burst) == START
