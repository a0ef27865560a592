"""A layout on whole rows: what a terminal can show of it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from theflow.picture.channel import Line, Tangled, tracks_of
from theflow.picture.layout import Layout, Spot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Layer and row.
Cell = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The cell of each node; for the channel behind each layer its lines by row, and the columns where these turn."""

    cells: Mapping[str, Cell]
    lines: Sequence[Mapping[int, Line]]
    tracks: Sequence[Mapping[int, int]]

    @classmethod
    def of(cls, layout: Layout) -> Grid:
        """Round a layout to rows, and part the rows of lines that could not be told apart."""
        cells = {name: _cell(spot) for name, spot in layout.spots.items()}
        paths = [[_cell(spot) for spot in route.spots] for route in layout.routes]
        tracks: list[dict[int, int]] = []
        lines: list[dict[int, Line]] = []
        while len(tracks) < layout.layers - 1:
            layer = len(tracks)
            lines = [_lines(paths, at) for at in range(layout.layers - 1)]
            try:
                tracks.append(tracks_of(lines[layer]))
            except Tangled as tangled:
                # The new row is entered by lines and left by none, so each round unties one row for good.
                cells = {name: _parted(cell, layer + 1, tangled.row) for name, cell in cells.items()}
                paths = [[_parted(cell, layer + 1, tangled.row) for cell in path] for path in paths]
                tracks.clear()
        return cls(cells=cells, lines=lines, tracks=tracks)

    def turns(self, layer: int) -> int:
        """How many columns the turning lines behind a layer need."""
        return max(self.tracks[layer].values(), default=-1) + 1 if layer < len(self.tracks) else 0


def _cell(spot: Spot) -> Cell:
    # Half up, always: round() would send two places that are one apart to the same even number.
    return spot.layer, int(round(spot.place, 6) + 0.5)


def _lines(paths: Sequence[Sequence[Cell]], layer: int) -> dict[int, Line]:
    targets: dict[int, set[int]] = {}
    for path in paths:
        for (at, row), (_, target) in pairwise(path):
            if at == layer:
                targets.setdefault(row, set()).add(target)
    return {row: Line(row=row, targets=frozenset(rows)) for row, rows in targets.items()}


def _parted(cell: Cell, layer: int, row: int) -> Cell:
    """Where a cell stands after a row was put in below `row`, for what `layer` has there."""
    return (cell[0], cell[1] + 1) if cell[1] > row or cell == (layer, row) else cell
