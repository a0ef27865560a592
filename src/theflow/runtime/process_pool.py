"""The pool "process": so many processes at most, none before it is needed, each killed with the body that must end."""

from __future__ import annotations

import atexit
import threading
from functools import partial

from theflow.runtime.attempt import Attempt
from theflow.runtime.body_threads import BodyThreads
from theflow.runtime.desk import Desk
from theflow.runtime.worker_process import WorkerProcess

# How long the threads of bodies that were killed may take to see it.
_LAST_WORDS = 2.0


class ProcessPool:
    """A thread for each process hands it one attempt after another: a death concerns the one body that ran there."""

    def __init__(self, most: int, recycle: int, desk: Desk) -> None:
        self._desk = desk
        self._recycle = recycle
        self._threads = BodyThreads(most, self._run)
        self._changed = threading.Condition()
        self._idle: list[WorkerProcess] = []
        self._running: dict[Attempt, WorkerProcess] = {}
        self._stopped = False

    def submit(self, attempt: Attempt) -> None:
        """Run the body of an attempt as soon as a process is free."""
        self._threads.submit(attempt)

    def withdraw(self) -> list[Attempt]:
        """Take back what has not begun."""
        return self._threads.withdraw()

    def cancel(self, attempt: Attempt) -> None:
        """End an attempt whose flow is cancelled, and its body."""
        self._threads.withdraw_one(attempt)
        self._desk.cancelled(attempt)
        self.halt(attempt)

    def halt(self, attempt: Attempt) -> None:
        """Kill the body of an attempt that is over, if it runs."""
        with self._changed:
            # Under the lock, or the process might run another body by now.
            worker = self._running.get(attempt)
            if worker is not None:
                worker.kill()

    def stop(self) -> None:
        """End all processes."""
        self._threads.stop()
        with self._changed:
            self._stopped = True
            idle, self._idle = self._idle, []
            for worker in self._running.values():
                worker.kill()
        atexit.unregister(self.stop)
        for worker in idle:
            worker.dismiss()
        for worker in idle:
            worker.bury()
        with self._changed:
            self._changed.wait_for(lambda: not self._running, _LAST_WORDS)

    def _run(self, attempt: Attempt) -> None:
        """Run a body, in the thread that calls."""
        worker = None if attempt.closed else self._hired(attempt)
        if worker is None:
            return
        try:
            worker.start()
            worker.prepare(self._desk.kit(attempt))
            errand = self._desk.begin(attempt)
            if errand is not None:
                report = worker.run(errand, partial(self._desk.hear, attempt))
                self._desk.hear(attempt, report.rows)
                self._desk.end(attempt, report.event)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the end of this attempt, and of no other
            worker.kill()
            self._desk.fail(attempt, error)
        finally:
            self._dismiss(attempt, worker)

    def _hired(self, attempt: Attempt) -> WorkerProcess | None:
        """Return a process for an attempt; None after the end."""
        with self._changed:
            if self._stopped:
                return None
            worker = self._running[attempt] = self._idle.pop() if self._idle else self._new()
        return worker

    def _new(self) -> WorkerProcess:
        # A program that ends without having stopped its runtime would wait for its processes, and they for it.
        atexit.unregister(self.stop)
        atexit.register(self.stop)
        return WorkerProcess()

    def _dismiss(self, attempt: Attempt, worker: WorkerProcess) -> None:
        """Keep a process for the next body, unless it is dead or has run its share."""
        with self._changed:
            stays = worker.alive and worker.runs < self._recycle and not self._stopped
            if stays:
                self._running.pop(attempt)
                self._idle.append(worker)
        if not stays:
            worker.dismiss()
            worker.bury()
            with self._changed:
                self._running.pop(attempt)
                self._changed.notify_all()
