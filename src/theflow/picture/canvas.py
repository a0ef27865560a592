"""Lines and words on a terminal, drawn with box characters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from unicodedata import combining, east_asian_width

from theflow.picture.channel import Line

if TYPE_CHECKING:
    from collections.abc import Mapping

UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8
# The character for each set of directions, by its number.
BOXES = " │││─╯╮┤─╰╭├─┴┬┼"


@dataclass(frozen=True, slots=True)
class _Stroke:
    """What runs through one place, and the rows in which its line may join another."""

    ways: int
    joins: frozenset[int]


@dataclass(frozen=True, slots=True)
class Canvas:
    """A drawing that grows: strokes join where their lines lead to the same row, else they pass each other."""

    strokes: dict[tuple[int, int], _Stroke] = field(default_factory=dict)
    words: dict[tuple[int, int], str] = field(default_factory=dict)

    def write(self, row: int, column: int, text: str) -> None:
        """Put text on the canvas; it covers lines."""
        for character in text:
            if combining(character) and (row, column - 1) in self.words:
                self.words[row, column - 1] += character
                continue
            self.words[row, column] = character
            behind = column + width(character)
            self.words.update(((row, covered), "") for covered in range(column + 1, behind))
            column = behind

    def lead(self, line: Line, start: int, turn: int, ends: Mapping[int, int]) -> None:
        """Lead a line from its row, turning in column `turn`, to the column that `ends` has for each target row."""
        ways: dict[tuple[int, int], int] = {}
        for row, left, right in ((line.row, start, turn), *((row, turn + 1, end) for row, end in ends.items())):
            ways |= {(row, column): LEFT | RIGHT for column in range(left, right)}
        for row in range(line.top, line.bottom + 1):
            ways[row, turn] = (
                UP * (row > line.top)
                | DOWN * (row < line.bottom)
                | LEFT * (row == line.row)
                | RIGHT * (row in line.targets)
            )
        for place, here in ways.items():
            self._stroke(place, _Stroke(here, line.targets))

    def text(self) -> str:
        """The whole drawing, without spaces at the ends of its lines."""
        places = (*self.strokes, *self.words)
        rows = max((row for row, _ in places), default=-1) + 1
        columns = max((column for _, column in places), default=-1) + 1
        drawn = {place: BOXES[stroke.ways] for place, stroke in self.strokes.items()} | self.words
        lines = ("".join(drawn.get((row, column), " ") for column in range(columns)) for row in range(rows))
        return "\n".join(line.rstrip() for line in lines)

    def _stroke(self, place: tuple[int, int], stroke: _Stroke) -> None:
        there = self.strokes.get(place)
        if there and (there.joins == stroke.joins or place[0] in there.joins & stroke.joins):
            stroke = _Stroke(there.ways | stroke.ways, stroke.joins)
        elif there and there.ways & (UP | DOWN):
            # Lines that only cross: the upright one is drawn whole, so that no corner suggests a way over.
            stroke = there
        self.strokes[place] = stroke


def width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(0 if combining(each) else 2 if east_asian_width(each) in "WF" else 1 for each in text)
