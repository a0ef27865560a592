"""Pictures on the terminal."""

from __future__ import annotations

from hypothesis import given, settings

from tests.picture.test_layout import graphs
from theflow.model.status import TaskStatus
from theflow.picture.channel import tracks_of
from theflow.picture.grid import Grid
from theflow.picture.layout import Layout, Spot, lay_out
from theflow.picture.node import Node
from theflow.picture.text import draw


def nodes(graph: dict[str, list[str]]) -> list[Node]:
    return [Node(name=name, after=tuple(after)) for name, after in graph.items()]


def test_a_chain_is_one_line():
    assert draw(nodes({"fetch": [], "crunch": ["fetch"], "report": ["crunch"]}), 80) == "fetch ──→ crunch ──→ report"


def test_branches_part_and_meet_again():
    graph = {"fetch": [], "crunch": ["fetch"], "audit": ["fetch"], "report": ["crunch", "audit"]}
    assert draw(nodes(graph), 80).splitlines() == [
        "       ╭─→ crunch ─╮",
        "fetch ─┴─→ audit ──┴─→ report",
    ]


def test_lines_to_the_same_task_share_their_way():
    graph = {"a": [], "b": [], "c": [], "end": ["a", "b", "c"]}
    assert draw(nodes(graph), 80).splitlines() == ["a ─╮", "b ─┼─→ end", "c ─╯"]


def test_lines_that_only_cross_are_not_joined():
    graph = {"a": [], "b": [], "x": ["a", "b"], "y": ["b"], "z": ["a", "x"]}
    drawn = draw(nodes(graph), 80)
    assert all(name in drawn for name in graph)


def test_a_status_is_a_sign_before_the_name():
    drawn = draw([Node(name=status, status=status) for status in TaskStatus], 80)
    signs = ["○ pending", "▶ running", "↻ retrying", "✓ succeeded", "✗ failed", "⊘ cancelled", "↷ skipped", "◇ waiting"]
    assert sorted(drawn.split("\n")) == sorted(signs)


def test_the_noise_of_floating_point_parts_no_neighbours():
    spots = {"a": Spot(layer=0, place=0.5 - 1e-9), "b": Spot(layer=0, place=1.5 + 1e-9)}
    cells = Grid.of(Layout(spots=spots, routes=(), layers=1, span=1.5)).cells
    assert cells["b"][1] - cells["a"][1] == 1


def test_wide_characters_keep_the_columns():
    drawn = draw(nodes({"日本": [], "b": ["日本"], "c": ["日本"]}), 80).splitlines()
    assert drawn == ["      ╭─→ b", "日本 ─┴─→ c"]


def test_what_does_not_fit_is_listed_layer_by_layer():
    drawn = draw(nodes({"fetch": [], "crunch": ["fetch"], "report": ["crunch"]}), 20)
    assert drawn.splitlines() == ["   1  fetch", "   2  crunch  after fetch", "   3  report  after crunch"]


def test_a_large_graph_is_listed_and_long_layers_are_summed_up():
    fan = [Node(name=f"part{number}", after=("list",), status=TaskStatus.SUCCEEDED) for number in range(100)]
    drawn = draw([Node(name="list", status=TaskStatus.SUCCEEDED), *fan], 80).splitlines()
    assert drawn[-1] == "      … and 80 more: ✓ 80 succeeded"
    assert len(drawn) == 22


def test_a_long_list_of_predecessors_is_cut_to_the_room():
    graph = {**{f"before_{number}": [] for number in range(9)}, "end": [f"before_{number}" for number in range(9)]}
    assert draw(nodes(graph), 16).splitlines()[-1] == "   2  end  after 9 tasks"


def test_a_hostile_name_cannot_steer_the_terminal():
    drawn = draw([Node(name="a\x1b[2J\u202eb\n")], 80)
    assert drawn == "a�[2J�b�"


def test_nothing_is_drawn_of_nothing():
    assert draw([], 80) == ""


@given(graphs())
@settings(max_examples=200)
def test_lines_that_lead_elsewhere_never_share_a_cell(graph):
    grid = Grid.of(lay_out(graph))
    for lines, tracks in zip(grid.lines, grid.tracks, strict=True):
        assert tracks == tracks_of(lines)
        flat: dict[tuple[int, int], frozenset[int]] = {}
        for row, line in lines.items():
            turn = tracks.get(row, 0)
            entered = {(target, column) for target in line.targets for column in range(turn, 100)}
            for cell in {*((row, column) for column in range(turn)), *entered}:
                there = flat.setdefault(cell, line.targets)
                assert there == line.targets or cell[0] in there & line.targets


@given(graphs())
@settings(max_examples=200)
def test_every_edge_can_be_followed_in_the_grid(graph):
    grid = Grid.of(lay_out(graph))
    for name, befores in graph.items():
        for before in befores:
            rows = {grid.cells[before][1]}
            for layer in range(grid.cells[before][0], grid.cells[name][0]):
                rows = {target for row in rows if row in grid.lines[layer] for target in grid.lines[layer][row].targets}
            assert grid.cells[name][1] in rows
