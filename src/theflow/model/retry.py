"""When and how often a failed task is tried again: a value, stored with the scheme."""

from __future__ import annotations

import math
from dataclasses import dataclass
from zlib import crc32

from theflow.errors import SchemeError

ATTEMPTS_LIMIT = 1_000_000
DELAY_LIMIT = 366 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Try a task up to `attempts` times in all, waiting `delay * factor**n` seconds, at most `max_delay`, between them.

    `jitter` spreads each wait by that share in both directions. Only exceptions of the types in `on` and not in `never`
    are tried again. An attempt that was lost with its process, or interrupted by a stop, does not count.
    """

    attempts: int = 3
    delay: float = 1.0
    factor: float = 2.0
    max_delay: float = 3600.0
    jitter: float = 0.1
    on: tuple[type[BaseException], ...] = (Exception,)
    never: tuple[type[BaseException], ...] = ()

    def __post_init__(self) -> None:
        """Refuse what is no policy."""
        if type(self.attempts) is not int or not 1 <= self.attempts <= ATTEMPTS_LIMIT:
            raise SchemeError(f"Retry: attempts is {self.attempts!r}; it must be an int from 1 to {ATTEMPTS_LIMIT}")
        for what, least, most in (
            ("delay", 0.0, DELAY_LIMIT),
            ("factor", 1.0, 1000.0),
            ("max_delay", 0.0, DELAY_LIMIT),
            ("jitter", 0.0, 1.0),
        ):
            value = getattr(self, what)
            if type(value) not in (int, float) or not math.isfinite(value) or not least <= value <= most:
                raise SchemeError(f"Retry: {what} is {value!r}; it must be a number from {least:g} to {most:g}")
        for what in ("on", "never"):
            kinds = getattr(self, what)
            if not isinstance(kinds, tuple) or not all(
                isinstance(kind, type) and issubclass(kind, BaseException) for kind in kinds
            ):
                raise SchemeError(f"Retry: {what} must be a tuple of exception types, got {kinds!r}")

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


ONCE = Retry(attempts=1, delay=0.0, jitter=0.0)
