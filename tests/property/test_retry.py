"""Waits between attempts stay within their policy, and are the same when asked again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from theflow.model.retry import ATTEMPTS_LIMIT, DELAY_LIMIT, Retry

POLICIES = st.builds(
    Retry,
    delay=st.one_of(st.just(0.0), st.floats(0, DELAY_LIMIT), st.integers(0, 100)),
    factor=st.one_of(st.floats(1, 1000), st.integers(1, 1000)),
    max_delay=st.floats(0, DELAY_LIMIT),
    jitter=st.floats(0, 1),
)
FAILURES = st.integers(1, ATTEMPTS_LIMIT)


@given(retry=POLICIES, failures=FAILURES, seed=st.text())
def test_a_wait_is_never_negative_and_at_most_the_limit_with_its_jitter(retry, failures, seed):
    wait = retry.wait(failures, seed)
    assert type(wait) is int
    most = min(retry.max_delay, retry.delay if retry.factor == 1 or failures == 1 else retry.max_delay)
    assert 0 <= wait <= most * (1 + retry.jitter) * 1_000_000 + 1


@given(retry=POLICIES, failures=FAILURES, seed=st.text())
def test_a_wait_is_the_same_when_asked_again(retry, failures, seed):
    assert retry.wait(failures, seed) == retry.wait(failures, seed)


@given(failures=FAILURES, seed=st.text())
def test_without_jitter_waits_grow_by_the_factor_up_to_the_limit(failures, seed):
    retry = Retry(delay=1, factor=2, max_delay=3600, jitter=0)
    assert retry.wait(failures, seed) == min(2 ** min(failures - 1, 20), 3600) * 1_000_000


@given(failures=FAILURES)
def test_no_delay_is_no_delay_after_any_number_of_failures(failures):
    assert Retry(delay=0, factor=1000).wait(failures, "") == 0
