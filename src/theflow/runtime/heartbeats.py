"""Listens whether bodies whose tasks have `heartbeat=` are alive, and ends the attempts of those that fall silent."""

from __future__ import annotations

from collections.abc import Callable

from theflow.runtime.attempt import Attempt
from theflow.runtime.clock import Clock

# By which part of a heartbeat a look may be late, and still count.
_LATE = 0.1


class Heartbeats:
    """Everything happens on the loop of the bodies, whose calls come late when a body blocks it."""

    def __init__(self, clock: Clock, call_later: Callable[..., object], silent: Callable[[Attempt], object]) -> None:
        self._clock = clock
        self._call_later = call_later
        self._silent = silent

    def watch(self, attempt: Attempt) -> None:
        """Listen from now on, if the task of the attempt has a heartbeat; its body is about to begin."""
        seconds = attempt.task.scheme.heartbeat
        if seconds is not None:
            attempt.signs.paused = False
            attempt.signs.hear(None)
            self._listen(attempt, attempt.runs, seconds)

    def pause(self, attempt: Attempt) -> None:
        """Hear no silence before the body of the attempt begins again."""
        if attempt.task.scheme.heartbeat is not None:
            attempt.signs.paused = True

    def _listen(self, attempt: Attempt, run: int, seconds: float) -> None:
        self._call_later(seconds, self._look, attempt, run, self._clock.monotonic() + seconds)

    def _look(self, attempt: Attempt, run: int, due: float) -> None:
        seconds = attempt.task.scheme.heartbeat
        if seconds is None or attempt.closed or attempt.runs != run or attempt.signs.paused:
            return
        now = self._clock.monotonic()
        left = attempt.signs.alive_at + seconds - now
        late = now - due
        if left > 0:
            self._listen(attempt, run, left)
        elif late > seconds * _LATE:
            # While the loop stood still, its bodies could not speak: that is no silence.
            self._listen(attempt, run, min(late, seconds))
        else:
            self._silent(attempt)
