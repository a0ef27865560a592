"""What every pool asks of its runtime before it begins a body, and tells it afterwards."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError

from theflow.model.message import Event, TaskFailed, TaskSucceeded
from theflow.runtime.attempt import Attempt
from theflow.runtime.clock import Clock, SystemClock
from theflow.runtime.errand import Errand, Given, News
from theflow.runtime.held_back import HeldBack
from theflow.runtime.kit import Kit
from theflow.runtime.roster import Roster
from theflow.runtime.told_signs import Sign


class Desk:
    """Gives errands out and takes their reports. From any thread."""

    def __init__(self, clock: Clock, roster: Roster, held_back: HeldBack, limit: Callable[[Attempt], None]) -> None:
        self._clock = clock
        self._machine = SystemClock()
        self._roster = roster
        self._held_back = held_back
        self._limit = limit
        self._kits: dict[tuple[str, int, str], bytes] = {}

    def begin(self, attempt: Attempt) -> Errand | None:
        """Return what is to be run, now; None if the attempt is over, or others may have taken over its flow."""
        if attempt.cancelled:
            self.cancelled(attempt)
        if attempt.closed or not self._held_back.may_begin(attempt):
            return None
        errand = Errand(Given.of(attempt, self.kit(attempt)), attempt.is_over)
        self._limit(attempt)
        attempt.started_at = self._clock.now()
        return errand

    def hear(self, attempt: Attempt, news: News) -> None:
        """Take a sign of life, or what a body has logged by the clock of a machine: its runtime may go by another."""
        if isinstance(news, Sign):
            attempt.report(news.said)
        elif news:
            ahead = self._clock.now() - self._machine.now()
            attempt.log.extend([row._replace(at=row.at + ahead) for row in news])

    def end(self, attempt: Attempt, event: Event) -> None:
        """Take the outcome of a body; nobody hears it if the attempt is over."""
        if isinstance(event, TaskSucceeded | TaskFailed):
            event = event._replace(started_at=attempt.started_at, ended_at=self._clock.now())
        self._roster.end(attempt, event)

    def fail(self, attempt: Attempt, error: BaseException) -> None:
        """End an attempt that its pool could not bring to an end."""
        now = self._clock.now()
        attempt.started_at = attempt.started_at or now
        if attempt.cancelled and isinstance(error, CancelledError):
            self.cancelled(attempt)
        else:
            self._roster.end(attempt, attempt.raised(error, now))

    def cancelled(self, attempt: Attempt) -> None:
        """End an attempt because its flow was cancelled."""
        self._roster.end(attempt, attempt.ended_by_cancel(self._clock.now()))

    def kit(self, attempt: Attempt) -> bytes:
        """Return what another process has to know of the task."""
        scheme, task = attempt.task.flow.scheme, attempt.task.scheme
        key = (scheme.name, scheme.version, task.name)
        kit = self._kits.get(key)
        if kit is None:
            kit = self._kits[key] = Kit.of(scheme, task).packed()
        return kit
