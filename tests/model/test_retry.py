"""A retry policy is checked when it is built, and says who is tried again, and when."""

from __future__ import annotations

import pytest

from theflow.errors import SchemeError
from theflow.model.retry import ONCE, Retry


@pytest.mark.parametrize(
    ("wrong", "bounds"),
    [
        ({"attempts": 0}, "attempts is 0; it must be an int from 1 to 1000000"),
        ({"attempts": 2.0}, "attempts is 2.0"),
        ({"attempts": True}, "attempts is True"),
        ({"delay": -1}, "delay is -1; it must be a number from 0 to"),
        ({"delay": float("nan")}, "delay is nan"),
        ({"delay": "1"}, "delay is '1'"),
        ({"factor": 0.5}, "factor is 0.5; it must be a number from 1 to 1000"),
        ({"max_delay": float("inf")}, "max_delay is inf"),
        ({"jitter": 1.5}, "jitter is 1.5; it must be a number from 0 to 1"),
        ({"on": ValueError}, "on must be a tuple of exception types"),
        ({"on": (5,)}, "on must be a tuple of exception types, got (5,)"),
        ({"never": [ValueError]}, "never must be a tuple of exception types"),
    ],
)
def test_a_policy_that_is_none_is_refused_with_its_bounds(wrong, bounds):
    with pytest.raises(SchemeError) as refused:
        Retry(**wrong)
    assert bounds in str(refused.value)


def test_waits_double_and_stop_growing_at_the_limit():
    retry = Retry(delay=1, factor=2, max_delay=5, jitter=0)
    assert [retry.wait(failures, "") for failures in (1, 2, 3, 4, 1_000_000)] == [1e6, 2e6, 4e6, 5e6, 5e6]


def test_jitter_spreads_waits_by_its_share_and_the_seed_picks_the_place():
    waits = {Retry(delay=10, jitter=0.5).wait(1, str(seed)) for seed in range(200)}
    assert len(waits) > 190
    assert 5_000_000 <= min(waits) < 6_000_000
    assert 14_000_000 < max(waits) <= 15_000_000


def test_only_the_named_exceptions_are_tried_again():
    retry = Retry(on=(OSError,), never=(FileNotFoundError,))
    assert retry.accepts(PermissionError())
    assert not retry.accepts(FileNotFoundError())
    assert not retry.accepts(ValueError())


def test_a_cancelled_body_is_not_tried_again_by_default():
    assert not Retry().accepts(KeyboardInterrupt())


def test_no_policy_means_one_attempt():
    assert ONCE.attempts == 1
