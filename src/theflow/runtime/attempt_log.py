"""What the body of one attempt logs: kept in bounds, until the engine takes it along with the outcome."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Protocol

from theflow.database.batch import LogRow
from theflow.runtime.redaction import cut, redact, storable

LINE_LIMIT = 16_384
ATTEMPT_LIMIT = 1_048_576
LOGGER = "theflow.task"
# So many late records of an attempt are told of.
_LATE_LIMIT = 100
_logger = logging.getLogger("theflow.executor")


class Place(Protocol):
    """Where a log record belongs."""

    @property
    def offset(self) -> int:
        """The offset of the flow."""

    @property
    def name(self) -> str:
        """The name of the task."""

    @property
    def attempt(self) -> int:
        """The number of the attempt."""


class AttemptLog:
    """The records of one attempt. Threads of the body may log at once; one reader takes what has gathered."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._rows: deque[LogRow] = deque()
        self._size = 0
        self._full = False
        self._late = 0

    def add(self, at: int, level: str, logger: str, message: str) -> None:
        """Keep a record; past the limit of an attempt one last record says so."""
        if self._full:
            return
        text = redact(storable(cut(message, LINE_LIMIT)))
        self._size += len(text) + len(logger)
        if self._size > ATTEMPT_LIMIT:
            self._full = True
            level, logger = "WARNING", LOGGER
            text = f"the log of this attempt is over {ATTEMPT_LIMIT} characters: what follows is not kept"
        place = self._place
        self._rows.append(LogRow(place.offset, place.name, place.attempt, at, level, storable(logger[:255]), text))

    def add_late(self, message: str) -> None:
        """Tell the runtime's own log what came after the attempt had ended: the flow's was saved with the outcome."""
        self._late += 1
        if self._late > _LATE_LIMIT:
            return
        place = self._place
        text = (
            "and more, which is not told" if self._late == _LATE_LIMIT else redact(storable(cut(message, LINE_LIMIT)))
        )
        _logger.warning(
            "logged after the attempt had ended offset=%d task=%s attempt=%d: %s",
            place.offset,
            place.name,
            place.attempt,
            text,
        )

    def extend(self, rows: Sequence[LogRow]) -> None:
        """Take in records that were kept in another process."""
        self._rows.extend(rows)

    def take(self) -> list[LogRow]:
        """Return what has gathered, once."""
        rows = self._rows
        return [rows.popleft() for _ in range(len(rows))]


class Logging(Protocol):
    """An attempt whose body may log; most never do, so its log is made when it is first asked for."""

    @property
    def closed(self) -> bool:
        """Whether the attempt has ended."""

    @property
    def log(self) -> AttemptLog:
        """Where the records go."""


current_attempt: ContextVar[Logging | None] = ContextVar("theflow_attempt", default=None)


class LogCapture(logging.Handler):
    """Hands records of the standard logging to the attempt in whose context they were made; others pass by."""

    def __init__(self, now: Callable[[], int]) -> None:
        super().__init__()
        self._now = now

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record if a task's body made it."""
        attempt = current_attempt.get()
        if attempt is None:
            if record.levelno >= logging.WARNING and logging.root.handlers == [self] and logging.lastResort:
                # Without us nobody would handle this record, and logging would print it. So it shall stay.
                logging.lastResort.handle(record)
            return
        if attempt.closed:
            # What is said of it is of the runtime, not of the attempt.
            token = current_attempt.set(None)
            attempt.log.add_late(self._text(record))
            current_attempt.reset(token)
            return
        attempt.log.add(self._now(), record.levelname[:32], record.name, self._text(record))

    def install(self) -> None:
        """Listen to the root logger; where nobody has set logging up, let INFO through to us."""
        if not logging.root.handlers and logging.root.level == logging.WARNING:
            logging.root.setLevel(logging.INFO)
        logging.root.addHandler(self)
        task = logging.getLogger(LOGGER)
        if task.level == logging.NOTSET:
            task.setLevel(logging.INFO)

    def remove(self) -> None:
        """Listen no longer."""
        logging.root.removeHandler(self)

    def _text(self, record: logging.LogRecord) -> str:
        try:
            text = record.getMessage()
        except Exception as error:  # noqa: BLE001 - arguments that do not fit the format belong to the user's record
            text = f"{record.msg!r} (its arguments do not fit: {type(error).__name__})"
        if record.exc_info and record.exc_info[1] is not None:
            text = f"{text}\n{self._formatter_of().formatException(record.exc_info)}"
        return text

    def _formatter_of(self) -> logging.Formatter:
        return self.formatter or logging.Formatter()
