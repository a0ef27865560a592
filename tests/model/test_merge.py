"""Two changes of one field become one value, by the rule that the field declares."""

from __future__ import annotations

import json
from typing import Any

import pytest

from theflow.model.merge import Clash, Edit, Merge


def merged(rule: Merge, now: Any, before: Any, after: Any) -> Any:
    """What a change from `before` to `after` makes of `now`."""
    left = Edit(rule, stored(before), stored(after)).onto(stored(now))
    return None if left is None else json.loads(left)


def stored(value: Any) -> bytes | None:
    """The JSON of a value, as it is kept."""
    return None if value is Ellipsis else json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("now", "before", "after", "left"),
    [
        ([1, 2], [1], [1, 3], [1, 2, 3]),
        ([2], [], [3], [2, 3]),
        ([2], [], [2], [2, 2]),
        ([], [1], [1, 3], [3]),
        ([9], [1], [1], [9]),
        ([2], ..., [3, 4], [2, 3, 4]),
        ([2], None, [3], [2, 3]),
        (None, [], [3], [3]),
        ([["a,]"]], [["a"]], [["a"], "é"], [["a,]"], "é"]),
    ],
)
def test_what_was_appended_goes_behind_what_is_there(now, before, after, left):
    assert merged(Merge.APPEND, now, before, after) == left


@pytest.mark.parametrize(
    ("before", "after"),
    [([1], [12]), ([1], [2]), ([1], []), ([1, 2], [1]), ([1], [0, 1]), ([1], None), (["a"], ["ab"])],
)
def test_whoever_did_more_than_append_clashes(before, after):
    with pytest.raises(Clash, match="did more to it than append"):
        merged(Merge.APPEND, [7], before, after)


@pytest.mark.parametrize(
    ("now", "before", "after", "left"),
    [
        ([1, 2], [1], [1, 3], [1, 2, 3]),
        ([1, 2], [1], [2], [2]),
        ([1, 2], [1], [1, 2], [1, 2]),
        ([2], [1], [3, 1, 3], [2, 3]),
        ([{"a": 1, "b": 2}], [], [{"b": 2, "a": 1}], [{"a": 1, "b": 2}]),
        ([1], [2], [1.0, True], [1, 1.0, True]),
        ([1], ..., [2], [1, 2]),
        ([1, 2], [1], None, [2]),
        ({"a": 1, "c": 3}, {"a": 1}, {"a": 1, "b": 2}, {"a": 1, "c": 3, "b": 2}),
        ({"a": 1, "c": 3}, {"a": 1}, {}, {"c": 3}),
        ({"a": 5}, {"a": 1}, {"a": 5}, {"a": 5}),
        ({}, {"a": 1}, {}, {}),
        ({"b": 1}, ..., {"a": 1}, {"b": 1, "a": 1}),
        (..., {}, {"a": 1}, {"a": 1}),
    ],
)
def test_what_was_put_in_is_in_and_what_was_taken_out_is_out(now, before, after, left):
    assert merged(Merge.UNION, now, before, after) == left


@pytest.mark.parametrize(("now", "after"), [({"a": 2}, {"a": 3}), ({}, {"a": 3}), ({"a": 2}, {})])
def test_one_key_with_two_new_values_is_a_clash_that_names_it(now, after):
    with pytest.raises(Clash, match="key 'a'"):
        merged(Merge.UNION, now, {"a": 1}, after)


@pytest.mark.parametrize(
    ("now", "before", "after", "left"),
    [
        (5, 1, 3, 7),
        (1, 0, 1, 2),
        (5, 3, 1, 3),
        (1.5, 0, 1, 2.5),
        (2, ..., 1, 3),
        (..., 1, 3, 2),
        (2**63 - 2, 0, 1, 2**63 - 1),
    ],
)
def test_the_difference_is_added(now, before, after, left):
    assert merged(Merge.ADD, now, before, after) == left


@pytest.mark.parametrize(
    ("now", "before", "after", "why"),
    [
        (2**63 - 1, 0, 1, "more than"),
        (-(2**63), 0, -1, "more than"),
        (1.7e308, 0.0, 1.7e308, "more"),
        (1, 0, None, "no number"),
    ],
)
def test_a_sum_that_cannot_be_kept_is_a_clash(now, before, after, why):
    with pytest.raises(Clash, match=why):
        merged(Merge.ADD, now, before, after)


@pytest.mark.parametrize(
    ("now", "after", "most", "least"),
    [(1, 2, 2, 1), (2.5, 1, 2.5, 1), (None, 3, 3, 3), (3, None, 3, 3), (..., 3, 3, 3)],
)
def test_the_larger_or_the_smaller_number_stays(now, after, most, least):
    assert merged(Merge.MAX, now, 0, after) == most
    assert merged(Merge.MIN, now, 9, after) == least


def test_whoever_ends_last_is_right_where_that_was_declared():
    assert merged(Merge.LAST, "a", "", "b") == "b"
    assert merged(Merge.LAST, "a", "", ...) is None


@pytest.mark.parametrize("rule", list(Merge))
def test_what_nobody_else_has_changed_is_as_it_was_left(rule):
    assert merged(rule, [1], [1], [5]) == [5]
