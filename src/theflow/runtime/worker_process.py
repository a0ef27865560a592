"""One process that runs bodies, as its runtime sees it."""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import current_process, get_context
from multiprocessing.connection import Connection
from typing import Any

from theflow.errors import InputError, WorkerDied
from theflow.runtime.errand import Errand, News, Report
from theflow.runtime.process_worker import IMPORTING, UNHEARD, work

# How often a silent process is looked at, in milliseconds: what a body has started may keep its channel open.
_LOOK = 1000
# After so many looks a process that does not come to its body is given up: a module waits while it is imported.
_LOOKS_AT_START = 60
# How long one that was told to end may take.
_LAST_WORDS = 1.0
_spawning = get_context("spawn")
# Starting one looks after all others that this process has started.
_starting = threading.Lock()


class WorkerProcess:
    """Runs one body at a time. Whoever has it may kill it from any thread."""

    def __init__(self) -> None:
        here, there = _spawning.Pipe()
        self._connection: Connection = here
        # Kept: Connection.poll makes a new one each time, which is a good part of what a short body costs.
        self._spoken = select.poll()
        self._spoken.register(here, select.POLLIN)
        self._far_end: Connection = there
        self._process = _spawning.Process(target=work, args=(there,), name=IMPORTING)
        self._changed = threading.Lock()
        self._killed = False
        self._ready = False
        self._known: set[bytes] = set()
        self.runs = 0

    @property
    def alive(self) -> bool:
        """Whether it can run a body."""
        return not self._killed and self._ready and self._process.is_alive()

    def start(self) -> None:
        """Have it ready to run a body; raise WorkerDied if it ends before."""
        if self._ready:
            return
        with self._changed:
            if self._killed:
                raise WorkerDied("the process was not needed any more")
            self._spawn()
        self._wait_until_ready()
        self._ready = True

    def prepare(self, kit: bytes) -> None:
        """Have it import what a task needs, if it has not: that is no part of the time that a body may take."""
        if kit not in self._known:
            self._say(kit)
            self._wait_until_ready()
            self._known.add(kit)

    def run(self, errand: Errand, tell: Callable[[News], object]) -> Report:
        """Run a body; raise WorkerDied if the process ends before it does."""
        self.runs += 1
        self._say(errand)
        while True:
            told: Report | News = self._hear()
            if isinstance(told, Report):
                return told
            tell(told)

    def kill(self) -> None:
        """End it at once, with whatever its body has started."""
        with self._changed:
            self._killed = True
            if self._process.pid is not None:
                self._kill_group()
                self._process.kill()

    def dismiss(self) -> None:
        """Tell it that there is no more to do."""
        with suppress(OSError):
            self._connection.send(None)

    def bury(self) -> None:
        """Wait until it is gone; what does not go is killed."""
        if self._process.pid is not None:
            self._process.join(_LAST_WORDS)
            # Also where it has gone by itself: what its bodies have started must not outlive it.
            self.kill()
            self._process.join()
        self._far_end.close()
        self._connection.close()

    def _spawn(self) -> None:
        """Start it deaf to signals: until it runs, they would end it in the middle of its imports."""
        with _starting:
            before = signal.pthread_sigmask(signal.SIG_BLOCK, UNHEARD)
            try:
                self._process.start()
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
                self._far_end.close()

    def _wait_until_ready(self) -> None:
        for _ in range(_LOOKS_AT_START):
            if self._speaks():
                self._hear()
                return
        self.kill()
        raise WorkerDied(
            f"the process (pid {self._process.pid}) that was to run the body did not come to that in "
            f"{_LOOK * _LOOKS_AT_START // 1000} s; it imports the main module and that of the body, and these have to "
            'keep what the program does below `if __name__ == "__main__":`'
        )

    def _say(self, words: Errand | bytes) -> None:
        try:
            self._connection.send(words)
        except OSError:
            raise self._died() from None

    def _hear(self) -> Any:
        try:
            while not self._speaks():
                pass
            return self._connection.recv()
        except (EOFError, OSError):
            raise self._died() from None

    def _speaks(self) -> bool:
        """Wait a while for a word of it; raise WorkerDied if there will be none."""
        if self._spoken.poll(_LOOK):
            return True
        if self._process.is_alive() or self._spoken.poll(0):
            return False
        raise self._died()

    def _died(self) -> WorkerDied:
        self._process.join(_LAST_WORDS)
        code = self._process.exitcode
        when = "that ran the body" if self._ready else "that was to run the body, before it began,"
        if code is not None and code < 0:
            what = f"was killed by {signal.Signals(-code).name}"
            why = (
                "its system does so when memory is short" if -code == signal.SIGKILL else "see what it wrote to stderr"
            )
        else:
            what = "closed its channel" if code is None else f"ended with exit code {code}"
            why = "see what it wrote to stderr"
        return WorkerDied(f"the process (pid {self._process.pid}) {when} {what}; {why}")

    def _kill_group(self) -> None:
        # Before its first line it has no group of its own yet, and after its end none may be left.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid or 0, signal.SIGKILL)


def refuse_within_import() -> None:
    """Raise InputError where a runtime is made by the main module that a worker imports once more."""
    if current_process().name == IMPORTING:
        raise InputError(
            "a process that is to run bodies imports the main module, and that makes a runtime; put what the program "
            'does below `if __name__ == "__main__":`'
        )
