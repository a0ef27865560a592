"""The life of a process that runs bodies: one after another, until it is told to end, or its parent is gone."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from functools import partial
from multiprocessing import current_process, parent_process
from multiprocessing.connection import Connection

from theflow.runtime.errand import News, Report, report_of
from theflow.runtime.kit import unpacked

# Its name while the user's modules are imported here once more, and otherwise.
IMPORTING, RUNNING = "theflow-importing", "theflow-bodies"
READY = "ready"
# The runtime decides what these mean for its bodies.
UNHEARD = (signal.SIGINT, signal.SIGTERM)


def work(connection: Connection) -> None:
    """Run what comes over the connection."""
    # A group of its own: who kills this process kills whatever a body has started, too.
    os.setpgid(0, 0)
    for number in UNHEARD:
        # Not ignored: what a body starts would inherit that.
        signal.signal(number, partial(_unheard, os.getpid()))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, UNHEARD)
    threading.Thread(target=_end_with_parent, name="theflow-parent", daemon=True).start()
    current_process().name = RUNNING
    speaking = threading.Lock()
    # The other end is gone when the parent is, or has no more to say.
    with suppress(EOFError, OSError):
        connection.send(READY)
        while (told := connection.recv()) is not None:
            if isinstance(told, bytes):
                _import(told)
                connection.send(READY)
            else:
                answer = Answer(connection, speaking)
                answer.give(report_of(told, answer.tell))


class Answer:
    """What is said of one errand: records and signs as they come, from any thread of its body, and the report last."""

    def __init__(self, connection: Connection, speaking: threading.Lock) -> None:
        self._connection = connection
        self._speaking = speaking
        self._given = False

    def tell(self, news: News) -> None:
        """Tell what the body has logged, or how far it has come; after the report nobody listens."""
        with self._speaking:
            if not self._given:
                self._connection.send(news)

    def give(self, report: Report) -> None:
        """Say what came of it."""
        with self._speaking:
            self._given = True
            self._connection.send(report)


def _import(kit: bytes) -> None:
    process = current_process()
    process.name = IMPORTING
    # What goes wrong goes wrong again with the errand, whose report tells of it.
    with suppress(BaseException):
        unpacked(kit)
    process.name = RUNNING


def _unheard(process: int, number: int, _: object) -> None:
    """Leave it to the runtime; for a child that a body forked, the signal means what it means to anybody."""
    if os.getpid() != process:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os.killpg(0, signal.SIGKILL)
