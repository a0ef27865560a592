"""The threads that run synchronous bodies: none before it is needed, so many at most, and none holds up the exit."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from theflow.runtime.attempt import Attempt


class BodyThreads:
    """Daemon threads: a body that never returns must not keep a process alive that was told to end."""

    def __init__(self, most: int, run: Callable[[Attempt], None]) -> None:
        self._most = most
        self._run = run
        self._changed = threading.Condition()
        self._queue: deque[Attempt] = deque()
        self._count = 0
        self._idle = 0
        self._stopped = False

    @property
    def room(self) -> bool:
        """Whether a body that is submitted now begins at once."""
        return self._idle > 0 or self._count < self._most

    def submit(self, attempt: Attempt) -> None:
        """Run the body of an attempt as soon as a thread is free."""
        with self._changed:
            self._queue.append(attempt)
            if self._idle:
                # Counted by who wakes it: two in a row must not wake the same thread.
                self._idle -= 1
                self._changed.notify()
            elif self._count < self._most:
                self._count += 1
                threading.Thread(target=self._work, name=f"theflow-body-{self._count}", daemon=True).start()

    def withdraw(self) -> list[Attempt]:
        """Take back what has not begun."""
        with self._changed:
            found = list(self._queue)
            self._queue.clear()
        return found

    def withdraw_one(self, attempt: Attempt) -> bool:
        """Take back one attempt; False if it is not in the queue, as it has begun or never came."""
        with self._changed:
            if attempt not in self._queue:
                return False
            self._queue.remove(attempt)
        return True

    def stop(self) -> None:
        """End the threads; one that still runs a body is left behind."""
        with self._changed:
            self._stopped = True
            self._queue.clear()
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._queue:
                    if self._stopped:
                        return
                    self._idle += 1
                    self._changed.wait()
                attempt = self._queue.popleft()
            self._run(attempt)
