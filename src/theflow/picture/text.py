"""A picture for the terminal: lines and names where they fit, else a list of layers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from theflow.picture.canvas import Canvas, width
from theflow.picture.grid import Grid
from theflow.picture.layout import lay_out
from theflow.picture.node import SIGNS, Node

if TYPE_CHECKING:
    from collections.abc import Sequence

# Beyond this a drawing is a knot, and a list says more.
DRAWN_NODES = 60
LISTED_A_LAYER = 20
LISTED_BEFORE = 4
# What a channel holds beside its turning lines: a dash before them, and "→ " behind them.
BEFORE, BEHIND = 1, 3


def draw(nodes: Sequence[Node], room: int) -> str:
    """Draw the tasks from left to right in at most `room` columns; list them if there is no room for a drawing."""
    if len(nodes) <= DRAWN_NODES:
        grid = Grid.of(lay_out({node.name: node.after for node in nodes}))
        columns = _columns(nodes, grid)
        if not columns or columns[-1][1] <= room:
            return _drawing(nodes, grid, columns)
    return listed(nodes, room)


def listed(nodes: Sequence[Node], room: int) -> str:
    """Name the tasks layer by layer, each with what it comes after; a long layer is summed up at its end."""
    spots = lay_out({node.name: node.after for node in nodes}).spots
    layers: list[list[Node]] = [[] for _ in range(max((spot.layer for spot in spots.values()), default=-1) + 1)]
    for node in nodes:
        layers[spots[node.name].layer].append(node)
    labels = {node.name: node.label for node in nodes}
    lines = []
    for number, layer in enumerate(layers, start=1):
        column = max(width(_cell(node)) for node in layer[:LISTED_A_LAYER])
        for node in layer[:LISTED_A_LAYER]:
            start = f"{number if node is layer[0] else '':>4}  {_cell(node)}"
            tail = _after([labels[name] for name in node.after], room - column - 8)
            gap = " " * (column - width(_cell(node)) + 2) if tail else ""
            lines.append(start + gap + tail)
        if len(layer) > LISTED_A_LAYER:
            lines.append(f"{'':4}  … and {_summed(layer[LISTED_A_LAYER:])}")
    return "\n".join(lines)


def _after(labels: Sequence[str], room: int) -> str:
    """Say what a task comes after: by name as far as there is room, the others by number."""
    if not labels:
        return ""
    for named in range(min(len(labels), LISTED_BEFORE), 0, -1):
        rest = f", {len(labels) - named} more" if len(labels) > named else ""
        text = f"after {', '.join(labels[:named])}{rest}"
        if width(text) <= room:
            return text
    return f"after {labels[0]}" if len(labels) == 1 else f"after {len(labels)} tasks"


def _summed(nodes: Sequence[Node]) -> str:
    counts = Counter(node.status for node in nodes if node.status)
    shown = ", ".join(f"{SIGNS[status]} {count} {status}" for status, count in counts.items())
    return f"{len(nodes)} more" + (f": {shown}" if shown else "")


def _columns(nodes: Sequence[Node], grid: Grid) -> list[tuple[int, int]]:
    """The first column of each layer, and the one behind it."""
    widest = [0] * (len(grid.tracks) + 1)
    for node in nodes:
        layer = grid.cells[node.name][0]
        widest[layer] = max(widest[layer], width(_cell(node)))
    columns = []
    left = 0
    for layer, letters in enumerate(widest):
        columns.append((left, left + letters))
        left += letters + 1 + BEFORE + grid.turns(layer) + BEHIND
    return columns


def _drawing(nodes: Sequence[Node], grid: Grid, columns: list[tuple[int, int]]) -> str:
    canvas = Canvas()
    ends = {grid.cells[node.name]: columns[grid.cells[node.name][0]][0] + width(_cell(node)) + 1 for node in nodes}
    for layer, (lines, tracks) in enumerate(zip(grid.lines, grid.tracks, strict=True)):
        left, right = columns[layer]
        entry = columns[layer + 1][0]
        for row, line in lines.items():
            turn = right + 1 + BEFORE + tracks.get(row, 0)
            arrows = {target for target in line.targets if (layer + 1, target) in ends}
            canvas.lead(
                line, ends.get((layer, row), left), turn, {row: entry - 2 * (row in arrows) for row in line.targets}
            )
            for target in arrows:
                canvas.write(target, entry - 2, "→")
    for node in nodes:
        layer, row = grid.cells[node.name]
        canvas.write(row, columns[layer][0], _cell(node))
    return canvas.text()


def _cell(node: Node) -> str:
    return f"{node.sign} {node.label}" if node.sign else node.label
