"""The bodies that write in a transaction: it stays open until the engine has committed their outcome in it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol
from zlib import crc32

from theflow.database.store import RuntimeStore, Transaction
from theflow.errors import StoreError, StoreUnavailable
from theflow.model.message import TaskSucceeded
from theflow.runtime.attempt import Attempt
from theflow.runtime.attempt_log import current_attempt
from theflow.runtime.clock import Clock
from theflow.runtime.failpoint import Failpoints
from theflow.runtime.roster import Roster

# How often a body is run whole, under one attempt, before what stands in its way is its failure.
RUNS = 10
# A run that took longer, in seconds, is not repeated without asking the retry policy.
_WORTH_REPEATING = 10.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 1.0
_PAUSE_WITHOUT = 0.5
_logger = logging.getLogger("theflow.engine")


class Seat(Protocol):
    """What is done with an attempt between two runs of its body."""

    def again(self, attempt: Attempt, seconds: float) -> None:
        """Run the body once more, in so many seconds."""

    def limit(self, attempt: Attempt) -> None:
        """End the attempt in time, whatever its body does."""

    @property
    def trusted(self) -> bool:
        """Whether nobody can have taken over."""


class Transactions:
    """Runs such bodies, each in the thread of its own that calls."""

    def __init__(self, store: RuntimeStore, clock: Clock, failpoints: Failpoints, roster: Roster, seat: Seat) -> None:
        self._store = store
        self._clock = clock
        self._failpoints = failpoints
        self._roster = roster
        self._seat = seat

    def run(self, attempt: Attempt, ended: Callable[[], None]) -> None:
        """Run a body whole, up to the engine's answer; `ended` is called when its transaction is over."""
        if attempt.closed:
            ended()
            return
        if not attempt.runs:
            attempt.started_at = self._clock.now()
            attempt.began = self._clock.monotonic()
        transaction = self._lent(attempt, ended)
        if transaction is None:
            return
        try:
            if self._roster.sit(attempt, transaction):
                self._run_in(attempt, transaction)
        finally:
            # Where it is over already, this gives the connection back, or does nothing.
            transaction.roll_back()

    def _lent(self, attempt: Attempt, ended: Callable[[], None]) -> Transaction | None:
        try:
            transaction = self._store.lend(ended)
        except StoreUnavailable as error:
            # The body has not begun: it waits for the database like all else.
            _logger.warning("waiting for the database task=%s offset=%d: %s", attempt.name, attempt.offset, error)
            ended()
            self._seat.again(attempt, _PAUSE_WITHOUT)
        except StoreError as error:
            ended()
            self._roster.end(attempt, attempt.raised(error, self._clock.now()))
        else:
            if self._seat.trusted:
                return transaction
            # The database was so long in coming that others may run the body by now.
            transaction.roll_back()
            self._seat.again(attempt, 0.0)
        return None

    def _run_in(self, attempt: Attempt, transaction: Transaction) -> None:
        began = self._clock.monotonic()
        # Called from outside the attempt's context: what is said at its end is not of its body.
        self._seat.limit(attempt)
        token = current_attempt.set(attempt)
        error: BaseException | None = None
        passes = False
        try:
            arguments = attempt.arguments()
            self._failpoints.reach("mid_body")
            event = attempt.succeeded(attempt.task.scheme.body(**arguments), self._clock.now())
        except BaseException as raised:  # noqa: BLE001 - a user's body may raise anything
            passes = transaction.passes(raised)
            error = raised
        finally:
            current_attempt.reset(token)
        if error is None and type(event) is TaskSucceeded:
            carried = self._roster.carry(attempt, event)
            error = None if carried is None else carried.refusal()
            passes = isinstance(error, StoreUnavailable)
            if error is None:
                return
        transaction.roll_back()
        if error is not None:
            if passes and self._repeats(attempt, error, self._clock.monotonic() - began):
                return
            event = attempt.raised(error, self._clock.now())
        self._roster.end(attempt, event)

    def _repeats(self, attempt: Attempt, error: BaseException, took: float) -> bool:
        """Run the body again if that is worth it; else let the failure say how often that was done."""
        if took > _WORTH_REPEATING:
            error.add_note(
                f"its transaction was open for {took:.0f} s; databases end one that waits or works too long: do what "
                "takes long in a task before it, which is not transactional"
            )
            return False
        if attempt.runs >= RUNS:
            error.add_note(f"the body was run {attempt.runs} times, each in a transaction of its own, and all ended so")
            return False
        _logger.info(
            "transaction again task=%s offset=%d run=%d: %s", attempt.name, attempt.offset, attempt.runs, error
        )
        self._seat.again(attempt, _pause(attempt))
        return True


def _pause(attempt: Attempt) -> float:
    """Grow with each run, and differ from task to task, so that those who were in each other's way part."""
    longest = min(_FIRST_PAUSE * 2**attempt.runs, _LONGEST_PAUSE)
    chance = crc32(f"{attempt.task.idempotency_key}/{attempt.runs}".encode()) / 2**32
    return float(longest * (0.25 + 0.75 * chance))
