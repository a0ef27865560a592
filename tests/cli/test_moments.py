"""Times and durations as people read them."""

from __future__ import annotations

import pytest

from theflow.cli.moments import Moments, duration, iso
from theflow.cli.session import TimeStyle

SECOND = 1_000_000
NOW = 1_800_000_000 * SECOND


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "now"),
        (-5, "5s ago"),
        (-90, "1m ago"),
        (-7_200, "2h ago"),
        (-10 * 86_400, "10d ago"),
        (300, "in 5m"),
        (-400 * 86_400, "2025-12-11"),
    ],
)
def test_a_time_is_shown_by_its_distance(seconds, shown):
    assert Moments(style=TimeStyle.RELATIVE, now=NOW).show(NOW + seconds * SECOND) == shown


def test_a_time_is_shown_in_full_when_asked_for():
    assert Moments(style=TimeStyle.ISO, now=NOW).show(NOW + 1) == "2027-01-15T08:00:00.000001Z"


def test_no_time_is_shown_as_nothing():
    assert Moments(style=TimeStyle.ISO, now=NOW).show(None) == ""


def test_a_time_beyond_all_calendars_is_a_number():
    assert iso(2**63 - 1) == "9223372036854775807 µs after 1970"


def test_what_still_runs_has_lasted_until_now():
    assert Moments(style=TimeStyle.ISO, now=NOW).lasted(NOW - 3 * SECOND, None) == "3.0s"


@pytest.mark.parametrize(
    ("microseconds", "shown"),
    [(-5, "0ms"), (12_000, "12ms"), (41_200_000, "41.2s"), (192 * SECOND, "3m12s"), (7_500 * SECOND, "2h05m")],
)
def test_a_duration_is_shown_in_the_unit_that_suits_it(microseconds, shown):
    assert duration(microseconds) == shown
