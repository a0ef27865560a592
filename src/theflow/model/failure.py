"""What an attempt says of the exception that ended it: text and places, never objects or local variables."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One line of a traceback; `user` marks the program's own code, as against libraries and theflow."""

    file: str
    line: int
    function: str
    text: str = ""
    user: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One exception: type, message, notes and frames (outermost first), with the exceptions behind it.

    `link` says how this exception came to the one before it in `causes`: "cause" (raise ... from) or "context".
    """

    type: str
    message: str
    notes: tuple[str, ...] = ()
    frames: tuple[Frame, ...] = ()
    causes: tuple[Failure, ...] = ()
    link: str = ""
    truncated: bool = False

    @classmethod
    def plain(cls, kind: str, message: str) -> Failure:
        """A failure that theflow itself states, without a traceback."""
        return cls(type=kind, message=message)

    def line(self) -> str:
        """The failure in one line."""
        return f"{self.type}: {self.message}" if self.message else self.type
