"""What an attempt says of the exception that ended it: text and places, never objects or local variables."""

from __future__ import annotations

import re
from dataclasses import dataclass

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}", re.ASCII)


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

    `code` is a short word for programs, which stays when messages change; empty where the exception has none.
    `link` says how this exception came to the one before it in `causes`: "cause" (raise ... from) or "context".
    """

    type: str
    message: str
    notes: tuple[str, ...] = ()
    frames: tuple[Frame, ...] = ()
    causes: tuple[Failure, ...] = ()
    link: str = ""
    truncated: bool = False
    code: str = ""

    @classmethod
    def plain(cls, kind: str, message: str, code: str = "") -> Failure:
        """A failure that theflow itself states, without a traceback."""
        return cls(type=kind, message=message, code=code)

    def line(self) -> str:
        """The failure in one line."""
        return f"{self.type}: {self.message}" if self.message else self.type


def is_code(value: object) -> bool:
    """Whether this can be the code of a failure: a letter, then up to 63 letters, digits, `_`, `.` or `-`."""
    return type(value) is str and _CODE.fullmatch(value) is not None


def out_of_time(message: str) -> Failure:
    """The failure of a flow or a task that was not done within its deadline."""
    return Failure.plain("DeadlineExceeded", message, "deadline_exceeded")


# What the line of such a failure begins with, and so the reason of a flow that ran out of time as a whole.
OUT_OF_TIME = "DeadlineExceeded: "
LOST = Failure.plain("AttemptLost", "the process ended while the task was running", "attempt_lost")
