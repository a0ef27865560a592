"""SIGTERM and SIGINT, heard by the main thread and told where it is safe to act on them."""

from __future__ import annotations

import os
import signal
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Self

_POLL = 0.1


class Signals:
    """In a `with` block the two signals are queued; afterwards they mean what they meant before.

    A process that was told to terminate is on its way: it is not told again.
    """

    def __init__(self) -> None:
        self._told: SimpleQueue[int | None] = SimpleQueue()
        self._process = os.getpid()
        self._terminated = False

    def __enter__(self) -> Self:
        self._previous = {number: signal.signal(number, self._on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, signal.SIG_IGN if self._terminated else handler)

    def wait(self) -> int | None:
        """Wait for a signal; None once there is nothing left to stop."""
        while True:
            try:
                return self._told.get(timeout=_POLL)
            except Empty:
                # A signal may interrupt any thread of the process, but Python hears it in this one, once it wakes.
                continue

    def end(self) -> None:
        """Let whoever waits go on: there is nothing left to stop."""
        self._told.put(None)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del frame
        if os.getpid() != self._process:
            # A child that a body forked has our handlers too: for it, the signal means what it means to anybody.
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        # A handler may come at any moment, also into itself: nothing here may take a lock.
        self._terminated = self._terminated or number == signal.SIGTERM
        self._told.put(number)
