"""Whatever parallel tasks append, add and unite is kept, in whatever order they end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.property.test_merge import began
from tests.property.watch import Watch
from theflow.model.flow import Flow
from theflow.model.merge import Edit, Merge
from theflow.model.message import TaskSucceeded
from theflow.model.status import FlowStatus

ITEMS = st.lists(st.one_of(st.integers(-9, 9), st.text(max_size=3), st.lists(st.just("]"), max_size=2)), max_size=3)
NAMES = tuple("abcde")


def end(flow: Flow, name: str, **edits: Edit) -> Flow:
    """Let a task end that edited these fields."""
    return Watch().decide(flow, TaskSucceeded(name, 1, b"null", edits, 0, 0), 0).flow


def stored(value: Any) -> bytes:
    """The JSON of a value."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def after_all(order: Sequence[str], start: Any, edits: Mapping[str, Edit]) -> Any:
    """What a field is when tasks that all began with `start` have ended in this order."""
    flow = began(*NAMES, storage={"x": stored(start)})
    for name in order:
        flow = end(flow, name, x=edits[name])
    assert flow.status is FlowStatus.SUCCEEDED
    return json.loads(flow.plan.storage["x"])


@given(order=st.permutations(NAMES), start=ITEMS, added=st.tuples(*[ITEMS] * 5))
def test_all_that_is_appended_stands_in_the_order_of_the_ends(order, start, added):
    mine = dict(zip(NAMES, added, strict=True))
    edits = {name: Edit(Merge.APPEND, stored(start), stored([*start, *mine[name]])) for name in NAMES}
    assert after_all(order, start, edits) == [*start, *(item for name in order for item in mine[name])]


@given(order=st.permutations(NAMES), start=st.integers(-99, 99), added=st.tuples(*[st.integers(-99, 99)] * 5))
def test_a_sum_is_the_same_in_any_order(order, start, added):
    mine = dict(zip(NAMES, added, strict=True))
    edits = {name: Edit(Merge.ADD, stored(start), stored(start + mine[name])) for name in NAMES}
    assert after_all(order, start, edits) == start + sum(added)


@given(
    order=st.permutations(NAMES), start=st.sets(st.integers(0, 5)), others=st.tuples(*[st.sets(st.integers(0, 9))] * 5)
)
def test_a_union_has_what_was_put_in_and_not_what_was_taken_out(order, start, others):
    left = dict(zip(NAMES, others, strict=True))
    edits = {name: Edit(Merge.UNION, stored(sorted(start)), stored(sorted(left[name]))) for name in NAMES}
    put = set().union(*(each - start for each in others))
    taken = set().union(*(start - each for each in others))
    assert Counter(after_all(order, sorted(start), edits)) == Counter((start | put) - taken)


@given(order=st.permutations(NAMES), numbers=st.lists(st.integers(-9, 9), min_size=5, max_size=5))
def test_the_largest_and_the_smallest_are_found_in_any_order(order, numbers):
    mine = dict(zip(NAMES, numbers, strict=True))
    for rule, choose in ((Merge.MAX, max), (Merge.MIN, min)):
        edits = {name: Edit(rule, stored(None), stored(mine[name])) for name in NAMES}
        assert after_all(order, None, edits) == choose(numbers)
