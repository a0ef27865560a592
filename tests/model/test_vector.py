"""A vector is a tuple that is cheap to change."""

from __future__ import annotations

import pytest

from theflow.model.vector import Vector


def test_setting_an_item_leaves_the_old_vector_as_it_was():
    old = Vector(range(100))
    new = old.set(70, "x")
    assert (old[70], new[70]) == (70, "x")
    assert list(new)[:70] + list(new)[71:] == list(old)[:70] + list(old)[71:]


def test_an_empty_vector_has_no_items():
    assert (list(Vector()), len(Vector()), Vector()) == ([], 0, Vector([]))


@pytest.mark.parametrize("index", [-1, 3, 64])
def test_an_item_that_is_not_there_cannot_be_set(index):
    with pytest.raises(IndexError):
        Vector("abc").set(index, "x")


def test_a_vector_shows_its_items():
    assert repr(Vector("ab")) == "Vector(['a', 'b'])"


def test_a_vector_is_not_equal_to_a_list():
    assert Vector("ab") != ["a", "b"]
