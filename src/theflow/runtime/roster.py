"""All bodies under way: who they are, what they have to tell, and when it is quiet."""

from __future__ import annotations

import threading
from collections.abc import Callable, Container, Iterable, Sequence

from theflow.database.store import Transaction
from theflow.model.message import Event
from theflow.runtime.attempt import Attempt
from theflow.runtime.carried import Carried
from theflow.runtime.clock import Clock
from theflow.runtime.inbox import Inbox, Posted

# A body that has run this long, in microseconds, is worth a mark on disk; most end before, and need none.
_MARK_AFTER = 50_000


class Roster:
    """Attempts from their start to their end. Whoever ends one first says what came of it."""

    def __init__(self, inbox: Inbox, clock: Clock) -> None:
        self._inbox = inbox
        self._clock = clock
        self._under_way: set[Attempt] = set()
        self._carried: dict[Attempt, Carried] = {}
        self._quiet = threading.Condition()

    @property
    def busy(self) -> int:
        """How many bodies are under way."""
        return len(self._under_way)

    def join(self, attempts: Iterable[Attempt]) -> None:
        """Take in attempts that are to be made."""
        with self._quiet:
            self._under_way.update(attempts)

    def gather(self) -> list[Posted]:
        """Return what is new of the bodies under way: who has begun, what they log, how far they have come."""
        news = []
        ripe = self._clock.now() - _MARK_AFTER
        # Under the same lock as an end: what is gathered here must come before the outcome, or nobody hears it.
        with self._quiet:
            for attempt in self._under_way:
                rows = attempt.taken_logs()
                progress = attempt.due_progress()
                # Progress stands in the row that the mark makes.
                begun = attempt.begun() if progress or 0 < attempt.started_at <= ripe else None
                if rows or begun or progress:
                    news.append(Posted(attempt.offset, None, rows, begun, progress=progress))
        return news

    def settle(self, seconds: float, hurry: Callable[[], bool], called: Callable[[], bool]) -> bool:
        """Wait until no body is under way, or one waits for the engine; False if time is up, or there is a hurry."""
        deadline = self._clock.monotonic() + seconds
        with self._quiet:
            while self._under_way and not (self._carried or called()):
                left = deadline - self._clock.monotonic()
                if left <= 0 or hurry():
                    return False
                self._quiet.wait(min(left, 0.1))
        return True

    def of(self, offset: int) -> list[Attempt]:
        """Return the attempts of a flow."""
        with self._quiet:
            return [attempt for attempt in self._under_way if attempt.offset == offset]

    def named(self, offset: int, names: Container[str]) -> list[Attempt]:
        """Return the attempts of some tasks of a flow, or parts of tasks."""
        return [attempt for attempt in self.of(offset) if attempt.name in names]

    def everybody(self) -> list[Attempt]:
        """Return all attempts."""
        with self._quiet:
            return list(self._under_way)

    def drop(self, attempts: Sequence[Attempt]) -> list[Attempt]:
        """End attempts unheard, and give up what they have written; return those whose bodies are still to end."""
        with self._quiet:
            dropped = [attempt for attempt in attempts if attempt in self._under_way]
            carried = {attempt: self._carried.pop(attempt) for attempt in dropped if attempt in self._carried}
            for attempt in dropped:
                attempt.close()
                self._post_rest(attempt)
                self._forget(attempt)
        for attempt in dropped:
            attempt.revoke()
        for outcome in carried.values():
            outcome.dropped()
        return [attempt for attempt in dropped if attempt not in carried]

    def withdraw(self, attempt: Attempt) -> None:
        """Forget an attempt whose body has not begun."""
        with self._quiet:
            attempt.close()
            self._forget(attempt)

    def end(self, attempt: Attempt, event: Event) -> bool:
        """Post what came of an attempt; False if it is over, or its outcome on the way to the engine."""
        return self.end_all(((attempt, event),)) == 1

    def end_all(self, ended: Sequence[tuple[Attempt, Event]]) -> int:
        """Post what came of attempts, of all at once; return how many were not over."""
        with self._quiet:
            news = []
            for attempt, event in ended:
                posted = attempt.close_with(event)
                if posted is not None:
                    self._under_way.discard(attempt)
                    news.append(posted)
            # Posted before anybody can see that it is quiet: a stop must not pass an outcome by.
            if news:
                self._inbox.post_all(news)
            if not self._under_way:
                self._quiet.notify_all()
        return len(news)

    # --- bodies that write in a transaction -----------------------------------------------------------------------
    def sit(self, attempt: Attempt, transaction: Transaction) -> bool:
        """Note what a body is about to write in; False if its attempt is over."""
        with self._quiet:
            if not attempt.closed:
                attempt.run_in(transaction)
            return not attempt.closed

    def carry(self, attempt: Attempt, event: Event) -> Carried | None:
        """Bring an outcome to the engine, with the transaction in which it stands; None if the attempt is over."""
        with self._quiet:
            if attempt.transaction is None or not attempt.close():
                return None
            carried = self._carried[attempt] = Carried(attempt, attempt.transaction, self)
            logs, progress = attempt.taken_logs(), attempt.last_progress()
            self._inbox.post(Posted(attempt.offset, event, logs, carrier=carried, progress=progress))
            self._quiet.notify_all()
        return carried

    def reopen(self, attempt: Attempt) -> None:
        """Let an attempt go on whose outcome the database did not take."""
        with self._quiet:
            if self._carried.pop(attempt, None) is not None:
                attempt.closed = False

    def leave(self, attempt: Attempt) -> None:
        """Forget an attempt whose outcome has been taken, or counts no more."""
        with self._quiet:
            self._carried.pop(attempt, None)
            self._forget(attempt)

    def _forget(self, attempt: Attempt) -> None:
        self._under_way.discard(attempt)
        if not self._under_way:
            self._quiet.notify_all()

    def _post_rest(self, attempt: Attempt) -> None:
        rows, progress = attempt.taken_logs(), attempt.last_progress()
        if rows or progress:
            self._inbox.post(Posted(attempt.offset, None, rows, progress=progress))
