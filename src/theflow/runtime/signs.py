"""What the body of an attempt lets be known of itself while it runs: that it is alive, and how far it has come."""

from __future__ import annotations

from typing import NamedTuple

from theflow.database import codec
from theflow.errors import InputError
from theflow.runtime.clock import Clock
from theflow.runtime.redaction import cut, redact, storable

MESSAGE_LIMIT = 500
# An attempt has its progress written about once in so many seconds, however often its body speaks.
_PERIOD = 1.0
_BEYOND = 2**63


class Said(NamedTuple):
    """How far a body says that it has come."""

    done: int | float
    total: int | float | None
    message: str

    @classmethod
    def checked(cls, done: float, total: float | None, message: str) -> Said:
        """Take what a body says; raise InputError for what is no progress."""
        # Whatever is no number is not between the two, NaN included.
        if type(done) is not int or not 0 <= done < _BEYOND:
            done = _number("done", done)
        if total is not None and (type(total) is not int or not 0 <= total < _BEYOND):
            total = _number("total", total)
        if not isinstance(message, str):
            raise InputError(f"ctx.progress: message is {message!r}; give it text")
        return cls(done, total, message)


class Signs:
    """The signs of life of one attempt. Threads of its body give them, one reader at a time takes the newest."""

    __slots__ = ("_clock", "_newest", "_told", "_told_at", "alive_at", "paused")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._newest: tuple[Said, int] | None = None
        self._told: tuple[Said, int] | None = None
        self._told_at = float("-inf")
        self.alive_at = clock.monotonic()
        # Whether the body has ended for now, and will be run once more.
        self.paused = False

    def hear(self, said: Said | None) -> None:
        """Hear a sign of life. What was not told yet is forgotten: so a body may speak as often as it likes."""
        self.alive_at = self._clock.monotonic()
        if said is not None:
            self._newest = (said, self._clock.now())

    def due(self, attempt: int) -> str | None:
        """Return the newest progress, unless it was told, or another one a moment ago."""
        now = self._clock.monotonic()
        if self._newest is self._told or now - self._told_at < _PERIOD:
            return None
        self._told_at = now
        return self.rest(attempt)

    def rest(self, attempt: int) -> str | None:
        """Return the newest progress, unless it was told."""
        newest = self._newest
        if newest is None or newest is self._told:
            return None
        self._told = newest
        (done, total, message), at = newest
        text = redact(storable(cut(message, MESSAGE_LIMIT)))
        plain = {"done": done, "total": total, "message": text, "at": at, "attempt": attempt}
        return codec.encode_definition(plain)


def _number(what: str, value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _BEYOND:
        raise InputError(f"ctx.progress: {what} is {value!r}; give it an int or a float from 0 to below 2**63")
    return int(value) if isinstance(value, int) else float(value)
