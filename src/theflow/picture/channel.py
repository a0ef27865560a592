"""The room between two layers of a terminal drawing: which line turns in which column."""

from __future__ import annotations

from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What leaves one row of a layer: the rows of the next layer that it leads to."""

    row: int
    targets: frozenset[int]

    @property
    def straight(self) -> bool:
        """Whether it never turns."""
        return self.targets == {self.row}

    @property
    def top(self) -> int:
        """The uppermost row it touches."""
        return min(self.row, *self.targets)

    @property
    def bottom(self) -> int:
        """The lowest row it touches."""
        return max(self.row, *self.targets)


class Tangled(Exception):
    """Two lines would have to turn before each other; the row where one of them arrives has to move."""

    def __init__(self, row: int) -> None:
        super().__init__(f"row {row} is both left and entered by lines that cannot be told apart")
        self.row = row


def tracks_of(lines: Mapping[int, Line]) -> dict[int, int]:
    """Give each line that turns a column, by row, so that no line is drawn over one that leads elsewhere.

    Lines to the same rows share a column. A line that leaves a row must turn before another arrives there, or the two
    would look like one.
    """
    turning = [line for line in lines.values() if not line.straight]
    bundles: dict[frozenset[int], list[Line]] = {}
    for line in turning:
        bundles.setdefault(line.targets, []).append(line)
    leaving = {line.row: line.targets for line in turning}
    before = {
        targets: {leaving[row] for row in targets if row in leaving and leaving[row] != targets} for targets in bundles
    }
    try:
        order = tuple(TopologicalSorter(before).static_order())
    except CycleError as error:
        first, second = error.args[1][:2]
        raise Tangled(min(row for row in second if leaving.get(row) == first)) from None
    tracks: dict[frozenset[int], int] = {}
    for targets in order:
        track = max((tracks[other] + 1 for other in before[targets]), default=0)
        while any(there == track and _meet(bundles[other], bundles[targets]) for other, there in tracks.items()):
            track += 1
        tracks[targets] = track
    return {line.row: tracks[line.targets] for line in turning}


def _meet(one: Sequence[Line], other: Sequence[Line]) -> bool:
    return _top(one) <= _bottom(other) and _top(other) <= _bottom(one)


def _top(bundle: Sequence[Line]) -> int:
    return min(line.top for line in bundle)


def _bottom(bundle: Sequence[Line]) -> int:
    return max(line.bottom for line in bundle)
