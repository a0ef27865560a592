"""A fair gate in front of every write transaction on a database file: whoever asked first goes first.

The database's own busy handler is unfair: a process can starve for seconds. The kernel queues those who wait for a file
lock, and opens it when a holder dies. The file stands beside the database; the database itself is never opened by hand.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from contextlib import suppress
from pathlib import Path

from theflow.errors import StoreUnavailable, StoreUnusable

# What may be otherwise in a while: no room on the disk, no handle left.
_PASSING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE})


class Gate:
    """One handle on the gate; a process may have several, and they exclude each other."""

    def __init__(self, path: Path, patience: float) -> None:
        self._path = path
        self._patience = patience
        self._handle = self._open()

    def enter(self) -> None:
        """Wait for the gate; raise StoreUnavailable, naming the holder, when it stays shut too long."""
        self.enter_within(self._patience)

    def enter_within(self, seconds: float) -> None:
        """Wait for the gate, no longer than so many seconds."""
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._wait(seconds)
        with suppress(OSError):
            # Only for the message of those who wait in vain: a full disk must not shut the gate for ever.
            os.pwrite(self._handle, b"%-20d" % os.getpid(), 0)

    def leave(self) -> None:
        """Open the gate for the next one."""
        fcntl.flock(self._handle, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the handle back."""
        os.close(self._handle)

    def _wait(self, seconds: float) -> None:
        waiter = _Waiter(self._handle)
        waiter.start()
        try:
            if waiter.came_in(seconds):
                return
            holder = os.pread(self._handle, 20, 0).decode("ascii", "replace").strip() or "unknown"
        except BaseException:
            self._leave_to(waiter)
            raise
        self._leave_to(waiter)
        raise StoreUnavailable(
            f"the database beside {self._path} was locked for {seconds:g} s by pid {holder}; "
            "let that process go on, or end it"
        )

    def _leave_to(self, waiter: _Waiter) -> None:
        # It still stands in line with the old handle; when its turn comes it lets go at once.
        waiter.give_up()
        self._handle = self._open()

    def _open(self) -> int:
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            kind = StoreUnavailable if error.errno in _PASSING else StoreUnusable
            raise kind(
                f"cannot open {self._path}, which every writer of the database needs: {error.strerror}; "
                "make room, or give this user the right to write there"
            ) from None


class _Waiter(threading.Thread):
    """Waits in line in place of somebody whose time is limited: a blocking flock has no time limit of its own."""

    def __init__(self, handle: int) -> None:
        # A daemon: who holds the gate for ever must not keep those from ending who wait for it.
        super().__init__(name="theflow-gate", daemon=True)
        self._handle = handle
        self._decided = threading.Condition()
        self._in = False
        self._given_up = False

    def run(self) -> None:
        """Stand in line."""
        fcntl.flock(self._handle, fcntl.LOCK_EX)
        with self._decided:
            self._in = True
            if self._given_up:
                os.close(self._handle)
            self._decided.notify()

    def came_in(self, seconds: float) -> bool:
        """Whether its turn came in time."""
        with self._decided:
            return self._decided.wait_for(lambda: self._in, seconds)

    def give_up(self) -> None:
        """Make the handle the waiter's own, which closes it as soon as it can; closing opens the gate."""
        with self._decided:
            self._given_up = True
            if self._in:
                os.close(self._handle)
