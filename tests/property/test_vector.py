"""A vector is a list that nobody can change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from theflow.model.vector import Vector


@given(
    items=st.lists(st.integers(), max_size=200), changes=st.lists(st.tuples(st.integers(0), st.integers()), max_size=9)
)
def test_a_vector_says_what_a_list_says(items, changes):
    vector = Vector(items)
    for place, item in changes if items else ():
        before = list(vector)
        changed = vector.set(place % len(items), item)
        items[place % len(items)] = item
        assert list(vector) == before
        vector = changed
    assert list(vector) == items
    assert len(vector) == len(items)
    assert [vector[index] for index in range(len(items))] == items


@given(first=st.lists(st.integers(0, 2), max_size=70), second=st.lists(st.integers(0, 2), max_size=70))
def test_vectors_are_equal_when_their_items_are(first, second):
    assert (Vector(first) == Vector(second)) == (first == second)
    assert (hash(Vector(first)) == hash(Vector(second))) >= (first == second)


@given(length=st.integers(0, 200), beyond=st.integers(0, 200))
def test_there_is_nothing_beyond_the_end(length, beyond):
    vector = Vector(range(length))
    with pytest.raises(IndexError):
        vector[length + beyond]
    with pytest.raises(IndexError):
        vector.set(length + beyond, 0)
    with pytest.raises(IndexError):
        vector.set(-1 - beyond, 0)
