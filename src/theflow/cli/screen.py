"""Standard output as it is: a terminal with a width and perhaps colours, or a file that takes every line whole."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from theflow.model.status import FlowStatus, TaskStatus
from theflow.picture.canvas import width
from theflow.picture.node import SIGNS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# What a drawing may take where no terminal says how wide it is.
FILE_WIDTH = 120
NARROWEST = 12
COLOURS: Mapping[str, str] = {
    FlowStatus.RUNNING: "blue",
    FlowStatus.SUCCEEDED: "green",
    FlowStatus.FAILED: "red",
    FlowStatus.PARKED: "magenta",
    FlowStatus.PAUSING: "magenta",
    FlowStatus.PAUSED: "magenta",
    FlowStatus.CANCELLING: "yellow",
    FlowStatus.CANCELLED: "yellow",
    FlowStatus.REVERTING: "yellow",
    FlowStatus.REVERTED: "yellow",
    FlowStatus.REVERT_FAILED: "red",
    TaskStatus.RETRYING: "yellow",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """Where data is printed; `columns` is None if it is no terminal."""

    columns: int | None
    colour: bool

    @classmethod
    def here(cls) -> Screen:
        """The screen that this process prints on."""
        terminal = sys.stdout.isatty()
        return cls(
            columns=shutil.get_terminal_size().columns if terminal else None,
            colour=_coloured(os.environ, terminal=terminal),
        )

    @property
    def live(self) -> bool:
        """Whether the screen can be drawn anew."""
        return self.columns is not None and os.environ.get("TERM") != "dumb"

    @property
    def room(self) -> int:
        """How many columns a drawing may take."""
        return self.columns or FILE_WIDTH

    def say(self, text: str) -> None:
        """Print lines that are already safe to print."""
        click.echo(text, color=self.colour)

    def status(self, status: FlowStatus | TaskStatus) -> str:
        """A status by shape and word, coloured where colours are wanted."""
        shown = f"{SIGNS[status]} {status}"
        return click.style(shown, fg=COLOURS[status]) if self.colour and status in COLOURS else shown

    def table(self, titles: Sequence[str], rows: Sequence[Sequence[str]], *, elastic: int) -> None:
        """Print columns; on a terminal the elastic one is cut so that a row stays one line."""
        shown = [*([titles] if rows else []), *rows]
        sizes = [max(width(click.unstyle(cell)) for cell in column) for column in zip(*shown, strict=True)]
        if sizes and self.columns:
            others = sum(sizes) - sizes[elastic] + 2 * (len(sizes) - 1)
            sizes[elastic] = min(sizes[elastic], max(self.columns - others, NARROWEST))
        for row in shown:
            self.say("  ".join(_fitted(cell, size) for cell, size in zip(row, sizes, strict=True)).rstrip())


def _coloured(environment: Mapping[str, str], *, terminal: bool) -> bool:
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return environment["FORCE_COLOR"] != "0"
    return terminal and environment.get("TERM") != "dumb"


def _fitted(cell: str, size: int) -> str:
    """A cell of exactly `size` columns."""
    taken = width(click.unstyle(cell))
    if taken <= size:
        return cell + " " * (size - taken)
    kept, taken = "", 0
    for character in cell:
        if taken + width(character) >= size:
            break
        kept += character
        taken += width(character)
    return f"{kept}…{' ' * (size - taken - 1)}"
