"""LISTEN and NOTIFY: runtimes learn at once that somebody has submitted or given back. A lost note costs one poll."""

from __future__ import annotations

import logging
import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from theflow.errors import StoreError

CHANNEL = "theflow"
# One that listens, one that announces.
CONNECTIONS = 2
# How long to wait before the listener connects again, at first and at most.
_AGAIN, _AGAIN_AT_MOST = 0.1, 5.0
# What tells the others need not be on disk, and so waits for none.
_SETTINGS = "SET synchronous_commit = off"
_logger = logging.getLogger("theflow.store")

Connect = Callable[[], Any]


class Listener:
    """Rings when a note comes, from a thread and on a connection of its own, which is opened again when it is lost."""

    def __init__(self, connect: Connect, ring: Callable[[], None]) -> None:
        self._connect = connect
        self._ring = ring
        self._ended = threading.Event()
        self._mine, self._other = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="theflow-listener", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no longer; may be called twice."""
        if not self._ended.is_set():
            self._ended.set()
            self._other.send(b"x")
            self._thread.join()
            self._other.close()

    def _run(self) -> None:
        pause = _AGAIN
        while not self._ended.is_set():
            connection = None
            try:
                connection = self._connect()
                connection.execute(f"LISTEN {CHANNEL}")
                # What was told while nobody listened is not told again.
                self._ring()
                pause = _AGAIN
                self._hear(connection)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the polls go on without it
                _logger.info("listening again in %g s: %s", pause, _first_line(error))
            finally:
                _close(connection)
            self._ended.wait(pause)
            pause = min(pause * 2, _AGAIN_AT_MOST)
        self._mine.close()

    def _hear(self, connection: Any) -> None:
        wire = connection.pgconn
        while not self._ended.is_set():
            ready, _, _ = select.select([wire.socket, self._mine], [], [])
            if wire.socket in ready:
                wire.consume_input()
                heard = False
                # Many notes are one reason to look.
                while wire.notifies() is not None:
                    heard = True
                if heard:
                    self._ring()


class Announcer:
    """Tells the listeners, from a thread of its own: a writer does not wait, and many writes are one note."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._due = threading.Condition()
        self._wanted = 0
        self._told = 0
        self._ended = False
        self._thread: threading.Thread | None = None

    def announce(self) -> None:
        """There is something new; it is committed."""
        with self._due:
            self._wanted += 1
            if self._thread is None and not self._ended:
                self._thread = threading.Thread(target=self._run, name="theflow-announcer", daemon=True)
                self._thread.start()
            self._due.notify()

    def close(self, patience: float) -> None:
        """Tell what is still to be told, if that takes no longer; may be called twice."""
        with self._due:
            self._ended = True
            self._due.notify()
        if self._thread is not None:
            self._thread.join(patience)

    def _run(self) -> None:
        connection = None
        while True:
            with self._due:
                self._due.wait_for(lambda: self._told < self._wanted or self._ended)
                if self._told == self._wanted:
                    break
                wanted = self._wanted
            try:
                if connection is None:
                    connection = self._connect()
                    connection.execute(_SETTINGS)
                connection.execute(f"NOTIFY {CHANNEL}")
            except Exception as error:  # noqa: BLE001 - a note that is lost costs one poll
                _logger.info("nobody was told of a change: %s", _first_line(error))
                _close(connection)
                connection = None
            with self._due:
                self._told = wanted
        _close(connection)


def _close(connection: Any) -> None:
    if connection is not None:
        with suppress(Exception):
            connection.close()


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] if isinstance(error, StoreError) else type(error).__name__
