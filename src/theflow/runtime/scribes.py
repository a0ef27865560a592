"""Threads for bodies that need the only right to write, where a database has only one."""

from __future__ import annotations

from collections.abc import Callable

from theflow.runtime.attempt import Attempt
from theflow.runtime.body_threads import BodyThreads
from theflow.runtime.pen import Pen


class Scribes:
    """Write one at a time, when the engine lends them its pen."""

    def __init__(
        self, threads: int, run: Callable[[Attempt, Callable[[], None]], None], wake: Callable[[Attempt], None]
    ) -> None:
        self._run = run
        self._pen = Pen(wake)
        # Of their own: bodies that write nothing may keep all others, while the engine waits for one that writes.
        self._threads = BodyThreads(threads, self._write)

    @property
    def writing(self) -> bool:
        """Whether one of them has the pen."""
        return self._pen.lent

    @property
    def called(self) -> bool:
        """Whether one waits for the pen, which is here, and has a thread to write in."""
        return self._pen.wanted and self._threads.room

    def ask(self, attempt: Attempt) -> None:
        """Stand in line for the pen."""
        self._pen.ask(attempt)

    def lend(self) -> bool:
        """Let the first in line write; False if nobody can."""
        attempt = self._pen.lend() if self.called else None
        if attempt is not None:
            self._threads.submit(attempt)
        return attempt is not None

    def withdraw(self) -> list[Attempt]:
        """Take out of the line whoever waits."""
        return self._pen.withdraw()

    def stop(self) -> None:
        """Begin nothing more."""
        self._threads.stop()

    def _write(self, attempt: Attempt) -> None:
        self._run(attempt, self._pen.give_back)
