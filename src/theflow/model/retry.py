"""When and how often a failed task is tried again: a value, stored with the scheme, and raised by a body that asks."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError, dataclass, field, fields
from functools import partial
from typing import Any, Protocol, runtime_checkable
from zlib import crc32

from theflow.errors import SchemeError
from theflow.model.failure import is_code
from theflow.model.job import Moment

ATTEMPTS_LIMIT = 1_000_000
DELAY_LIMIT = 366 * 86_400.0


@runtime_checkable
class Span(Protocol):
    """A stretch of time as `datetime.timedelta` gives it."""

    def total_seconds(self) -> float:
        """How long it is."""


@dataclass(unsafe_hash=True, kw_only=True)
class Retry(Exception):
    """Try a task up to `attempts` times in all, waiting `delay * factor**n` seconds, at most `max_delay`, between them.

    `jitter` spreads each wait by that share in both directions. Only exceptions of the types in `on` and not in `never`
    are tried again. An attempt that was lost with its process, or interrupted by a stop, does not count.

    A body that raises one asks for another attempt, whatever `on` and `never` say: not before `after` (seconds, a
    timedelta or an aware datetime), or when the policy of its task says so. It spends an attempt of that policy; where
    the task declared none, what was raised is the policy.
    """

    message: str = field(default="", kw_only=False)
    attempts: int = 3
    delay: float = 1.0
    factor: float = 2.0
    max_delay: float = 3600.0
    jitter: float = 0.1
    on: tuple[type[BaseException], ...] = (Exception,)
    never: tuple[type[BaseException], ...] = ()
    after: float | Span | Moment | None = None
    code: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no policy."""
        if type(self.message) is not str:
            raise SchemeError(f"Retry: the message is {self.message!r}; it must be text, and all else has a name")
        if type(self.attempts) is not int or not 1 <= self.attempts <= ATTEMPTS_LIMIT:
            raise SchemeError(f"Retry: attempts is {self.attempts!r}; it must be an int from 1 to {ATTEMPTS_LIMIT}")
        for what, least, most in (
            ("delay", 0.0, DELAY_LIMIT),
            ("factor", 1.0, 1000.0),
            ("max_delay", 0.0, DELAY_LIMIT),
            ("jitter", 0.0, 1.0),
        ):
            value = getattr(self, what)
            if not _is_number(value) or not least <= value <= most:
                raise SchemeError(f"Retry: {what} is {value!r}; it must be a number from {least:g} to {most:g}")
        for what in ("on", "never"):
            kinds = getattr(self, what)
            if not isinstance(kinds, tuple) or not all(
                isinstance(kind, type) and issubclass(kind, BaseException) for kind in kinds
            ):
                raise SchemeError(f"Retry: {what} must be a tuple of exception types, got {kinds!r}")
        _check_after(self.after)
        check_code("Retry", self.code)

    def __setattr__(self, name: str, value: object) -> None:
        # A value: what it says is set once. What Python notes on an exception that is raised is no part of that.
        if name in _FIELDS and name in self.__dict__:
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        super().__setattr__(name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), **self._values()), ()

    def __str__(self) -> str:
        return self.message

    def accepts(self, error: BaseException) -> bool:
        """Whether an exception of this kind is tried again at all."""
        # Its type says it; isinstance would ask the exception for its __class__, which may be the user's own code.
        kind = type(error)
        return issubclass(kind, self.on) and not issubclass(kind, self.never)

    def wait(self, failures: int, seed: str) -> int:
        """Return the microseconds to wait after so many failures; `seed` picks the jitter, the same one each time."""
        try:
            seconds = min(self.delay * float(self.factor) ** (failures - 1), self.max_delay)
        except OverflowError:
            seconds = self.max_delay if self.delay else 0.0
        spread = (crc32(seed.encode("utf-8", "surrogatepass")) / 0xFFFFFFFF) * 2 - 1
        return round(seconds * (1 + self.jitter * spread) * 1_000_000)

    def due(self, now: int) -> int | None:
        """Return the moment for which the next attempt is asked, if it is raised now; None where it names none."""
        if self.after is None:
            return None
        if isinstance(self.after, Moment):
            return round(self.after.timestamp() * 1_000_000)
        return now + round(seconds_of(self.after) * 1_000_000)

    def as_policy(self) -> Retry:
        """Return the plain value, without what Python has noted where it was raised."""
        return Retry(**self._values())

    def _values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _FIELDS}


_FIELDS = tuple(each.name for each in fields(Retry))
# As its users import it, and as their failures show it.
Retry.__module__ = "theflow"


def seconds_of(span: float | Span) -> float:
    """Return how many seconds it is."""
    return span.total_seconds() if isinstance(span, Span) else span


def check_code(what: str, code: object) -> None:
    """Refuse a code that no failure can have."""
    if code != "" and not is_code(code):
        raise SchemeError(
            f"{what}: code is {code!r}; it must be a letter, then up to 63 letters, digits, '_', '.' or '-'"
        )


def _check_after(after: Any) -> None:
    if after is None:
        return
    if isinstance(after, Moment):
        if after.utcoffset() is None:
            raise SchemeError("Retry: after has no zone; use datetime.now(timezone.utc) or another aware time")
        return
    seconds = after.total_seconds() if isinstance(after, Span) else after
    if not _is_number(seconds) or not 0 <= seconds <= DELAY_LIMIT:
        raise SchemeError(
            f"Retry: after is {after!r}; it must be seconds or a timedelta from 0 to {DELAY_LIMIT:g} s, "
            "or an aware datetime"
        )


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


ONCE = Retry(attempts=1, delay=0.0, jitter=0.0)


def checked_retry(flow: str, task: str, retry: Retry | None, at_most_once: bool) -> Retry:  # noqa: FBT001 - as declared
    """Return what a task was told of retries; raise SchemeError for what does not fit."""
    if retry is None:
        return ONCE
    if not isinstance(retry, Retry):
        raise SchemeError(f"flow {flow!r}, task {task!r}: retry is {retry!r}; give it theflow.Retry(...)")
    if retry.after is not None:
        raise SchemeError(
            f"flow {flow!r}, task {task!r}: retry has after={retry.after!r}, which is for a body that raises it; "
            "a policy waits delay seconds"
        )
    if at_most_once and retry.attempts > 1:
        raise SchemeError(f"flow {flow!r}, task {task!r} is at_most_once and has a retry; choose one of them")
    return retry
