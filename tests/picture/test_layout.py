"""Where tasks stand in a picture."""

from __future__ import annotations

import math
import time
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from theflow.errors import SchemeError
from theflow.picture.layout import lay_out


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    """Any acyclic graph: a task comes after some that were named before it."""
    size = draw(st.integers(0, 25))
    return {
        f"t{number}": [f"t{before}" for before in draw(st.sets(st.integers(0, number - 1), max_size=4))]
        if number
        else []
        for number in range(size)
    }


@given(graphs())
def test_every_task_stands_in_a_later_layer_than_what_it_comes_after(graph):
    spots = lay_out(graph).spots
    assert spots.keys() == graph.keys()
    assert all(spots[before].layer < spots[name].layer for name, befores in graph.items() for before in befores)


@given(graphs())
def test_no_two_tasks_stand_on_each_other(graph):
    spots = lay_out(graph).spots.values()
    pairs = ((one, other) for one, other in combinations(spots, 2) if one.layer == other.layer)
    assert all(abs(one.place - other.place) >= 1 - 1e-6 for one, other in pairs)


@given(graphs())
def test_every_edge_has_one_route_that_goes_layer_by_layer(graph):
    layout = lay_out(graph)
    edges = sorted((before, name) for name, befores in graph.items() for before in befores)
    assert sorted((route.source, route.target) for route in layout.routes) == edges
    for route in layout.routes:
        assert route.spots[0] == layout.spots[route.source]
        assert route.spots[-1] == layout.spots[route.target]
        assert all(later.layer - earlier.layer == 1 for earlier, later in pairwise(route.spots))


@given(graphs())
def test_a_layout_begins_at_zero_and_says_how_far_it_goes(graph):
    layout = lay_out(graph)
    places = [spot.place for route in layout.routes for spot in route.spots]
    places += [spot.place for spot in layout.spots.values()]
    assert all(-1e-9 <= place <= layout.span + 1e-9 and math.isfinite(place) for place in places)


def test_a_chain_is_a_straight_line():
    layout = lay_out({"a": [], "b": ["a"], "c": ["b"]})
    assert {spot.place for spot in layout.spots.values()} == {0.0}


def test_a_fan_is_centred_on_its_root():
    layout = lay_out({"root": [], **{f"leaf{number}": ["root"] for number in range(5)}})
    assert layout.spots["root"].place == pytest.approx(2.0)


def test_two_chains_side_by_side_do_not_cross():
    layout = lay_out({"a1": [], "b1": [], "b2": ["b1"], "a2": ["a1"]})
    assert layout.spots["a1"].place == layout.spots["a2"].place


def test_a_task_without_predecessors_stands_beside_what_needs_it():
    layout = lay_out({"a": [], "b": ["a"], "c": ["b"], "late": [], "end": ["c", "late"]})
    assert layout.spots["late"].layer == layout.spots["c"].layer


def test_a_cycle_is_refused():
    with pytest.raises(SchemeError, match="cycle"):
        lay_out({"a": ["b"], "b": ["a"]})


def test_an_edge_from_nowhere_is_refused():
    with pytest.raises(SchemeError, match="not in it"):
        lay_out({"a": ["b"]})


@pytest.mark.parametrize("shape", ["chain", "fan", "ladder", "shortcuts"])
def test_two_thousand_tasks_are_laid_out_in_less_than_a_second(shape):
    size = 2000
    graph = {
        "chain": {f"t{n}": [f"t{n - 1}"] if n else [] for n in range(size)},
        "fan": {f"t{n}": ["t0"] if n else [] for n in range(size)},
        "ladder": {f"t{n}": [f"t{n - step}" for step in (40, 41, 43) if n >= step] for n in range(size)},
        "shortcuts": {f"t{n}": [f"t{max(n - 1, 0)}", "t0"][: n + 1][: 2 if n else 0] for n in range(size)},
    }[shape]
    # Of this process only: what else the machine does is not the layout's.
    started = time.process_time()
    lay_out(graph)
    assert time.process_time() - started < 1.0
