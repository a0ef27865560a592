"""What went wrong, the reader's own code first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from theflow.cli.printable import line
from theflow.model.failure import Failure, Frame

if TYPE_CHECKING:
    from collections.abc import Iterator

# A message longer than this buries what stands below it; -o json has it whole.
MESSAGE_LINES = 40
HEADINGS = {"context": "raised while this one was handled:", "member": "one of the exceptions in it:"}


def told(failure: Failure) -> list[str]:
    """The failure in lines: the user's frames, the exception, its notes, its causes. Other frames are counted."""
    own = tuple(frame for frame in failure.frames if frame.user) or failure.frames[-1:]
    return [*_lines(failure, own), *(each for cause in failure.causes for each in _cause(cause, told(cause)))]


def told_in_full(failure: Failure) -> list[str]:
    """The failure with every frame."""
    causes = (each for cause in failure.causes for each in _cause(cause, told_in_full(cause)))
    return [*_lines(failure, failure.frames), *causes]


def _lines(failure: Failure, frames: tuple[Frame, ...]) -> Iterator[str]:
    for frame in frames:
        yield f"{line(_near(frame.file))}:{frame.line}" + _within(frame)
        if frame.text:
            yield f"    {line(frame.text.strip())}"
    shown = failure.line().splitlines() or [""]
    yield from (line(each) for each in shown[:MESSAGE_LINES])
    if len(shown) > MESSAGE_LINES:
        yield f"… {len(shown) - MESSAGE_LINES} more lines"
    if failure.code:
        yield f"code: {line(failure.code)}"
    yield from (f"note: {line(note)}" for note in failure.notes)
    folded = len(failure.frames) - len(frames)
    if folded:
        yield f"({folded} {'frame' if folded == 1 else 'frames'} of libraries folded)"
    if failure.truncated:
        yield "(cut: it was longer than what is stored of an error)"


def _cause(cause: Failure, lines: list[str]) -> Iterator[str]:
    yield HEADINGS.get(cause.link, "caused by:")
    yield from (f"  {each}" for each in lines)


def _within(frame: Frame) -> str:
    return f" in {line(frame.function)}" if frame.function not in ("", "<module>") else ""


def _near(file: str) -> str:
    """The path as one would type it here."""
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file
