"""A job is checked when it is made: what no database could keep never gets near one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from theflow.errors import InputError
from theflow.model.job import JobMeta, microseconds

LONG = "x" * 256


@pytest.mark.parametrize("field", ["flow_class", "user", "idempotency_key"])
@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "it is empty"),
        (LONG, "256 characters; at most 255"),
        ("a\nb", r"'a\nb' contains '\n'; control characters are not allowed"),
        ("a\0b", r"contains '\x00'"),
        ("\ud800", r"contains '\ud800'"),
        ("\x1b[31m", r"contains '\x1b'"),
        (5, "expected a str, got int"),
    ],
)
def test_a_name_that_no_database_keeps_alike_is_refused(field, name, problem):
    with pytest.raises(InputError) as refused:
        job(**{field: name})
    assert str(refused.value).startswith(f"{field}: ")
    assert problem in str(refused.value)


def test_names_of_the_longest_length_and_of_any_script_are_taken():
    assert job(user="x" * 255, flow_class="Auftragsprüfung 注文").user == "x" * 255


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("description", "x" * 10_001, "description: 10001 characters; at most 10000"),
        ("description", "a\0", "description: NUL and lone surrogates cannot be stored"),
        ("description", "\udfff", "description: NUL and lone surrogates"),
        ("description", None, "description: expected a str, got NoneType"),
        ("description", 0, "description: expected a str, got int"),
        ("priority", 1.0, "priority: expected an int within"),
        ("priority", True, "priority: expected an int within"),
        ("priority", 2**31, "got 2147483648"),
        ("labels", None, "labels: expected a mapping of str to str, got NoneType"),
        ("labels", [("a", "b")], "labels: expected a mapping of str to str, got list"),
        ("labels", {"a": 1}, "labels['a']: expected a str, got int"),
        ("labels", {1: "a"}, "labels: expected a str, got int"),
        ("labels", {"": "a"}, "labels: it is empty"),
        ("labels", {"a": LONG}, "labels['a']: 256 characters; at most 255"),
        ("labels", {str(number): "" for number in range(65)}, "labels: 65 of them; at most 64"),
        ("run_at", datetime(2030, 1, 1), "run_at: the time has no zone"),  # noqa: DTZ001 - the naive time is the claim
        ("run_at", date(2030, 1, 1), "run_at: expected an aware datetime or integer microseconds, got date"),
        ("run_at", datetime, "run_at: expected an aware datetime or integer microseconds, got type"),
        ("run_at", 1.5, "run_at: expected an aware datetime or integer microseconds, got float"),
        ("run_at", True, "got bool"),
        ("run_at", -1, "run_at: -1 is not a count of microseconds since 1970"),
        ("run_at", 2**63, "is not a count of microseconds since 1970"),
        ("run_at", datetime(1969, 12, 31, tzinfo=UTC), "run_at: 1969-12-31"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_the_name_of_the_field(field, value, problem):
    with pytest.raises(InputError) as refused:
        job(**{field: value})
    assert problem in str(refused.value)


def test_the_message_of_a_naive_time_says_how_to_mend_it():
    with pytest.raises(InputError, match=r"use datetime.now\(timezone.utc\) or another aware time"):
        job(run_at=datetime(2030, 1, 1))  # noqa: DTZ001 - the naive time is the claim


@given(moment=st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001 - made aware below
def test_a_time_is_kept_to_the_microsecond_in_any_zone(moment):
    aware = moment.replace(tzinfo=UTC)
    since = (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert microseconds(aware) == since
    assert microseconds(aware.astimezone(timezone(timedelta(hours=5, minutes=45)))) == since


def test_a_job_with_everything_is_taken():
    moment = datetime(2030, 1, 1, tzinfo=UTC)
    meta = job(user="ann", description="why\nso", labels={"a": ""}, priority=-5, run_at=moment, idempotency_key="k")
    assert (meta.labels, meta.run_at) == ({"a": ""}, moment)


def job(**fields):
    """A job of class `order`, but for the fields given."""
    return JobMeta(**{"flow_class": "order", **fields})
