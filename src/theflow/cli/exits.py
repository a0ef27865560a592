"""How the command line ends: exit codes, and errors in one line that says what and one that says what to do."""

from __future__ import annotations

from enum import IntEnum
from typing import IO, Any

import click

from theflow.cli.printable import block
from theflow.errors import (
    FlowNotFound,
    InputError,
    RuntimeNameTaken,
    SchemeError,
    StoreError,
    TheFlowError,
    WaitTimedOut,
)


class Exit(IntEnum):
    """What the exit code says."""

    OK = 0
    FLOW_FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    CANCELLED = 4
    TIMED_OUT = 5
    STORE = 6
    IN_PART = 7
    DEFECT = 70
    RESTART = 75
    INTERRUPTED = 130


CODES: tuple[tuple[type[TheFlowError], Exit], ...] = (
    (FlowNotFound, Exit.NOT_FOUND),
    (WaitTimedOut, Exit.TIMED_OUT),
    (StoreError, Exit.STORE),
    (InputError, Exit.USAGE),
    (SchemeError, Exit.USAGE),
    (RuntimeNameTaken, Exit.USAGE),
)


class Refusal(click.ClickException):
    """A command that could not be done; `mend` says what to do about it, `hint` is a line to try."""

    def __init__(self, message: str, code: Exit, hint: str = "", mend: str = "") -> None:
        super().__init__(message)
        self.exit_code = code  # type: ignore[misc] # Click reads it from the instance too
        self.hint = hint
        self.mend = mend

    @classmethod
    def of(cls, error: TheFlowError) -> Refusal:
        """The refusal for an error of theflow, which says what is wrong and, after a semicolon, what mends it."""
        what, _, mend = str(error).partition("; ")
        code = next((code for kind, code in CODES if isinstance(error, kind)), Exit.DEFECT)
        return cls(what, code, mend=mend)

    def show(self, file: IO[Any] | None = None) -> None:
        """Print to standard error what is wrong, and below it what to do."""
        for text in (f"theflow: {self.message}", self.mend, f"Try: {self.hint}" if self.hint else ""):
            if text:
                click.echo(block(text), file=file, err=file is None)
