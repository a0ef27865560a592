"""The same task again until a condition holds: what `repeat=` is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from theflow.errors import SchemeError

ROUNDS_LIMIT = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """Run a task again and again until `until` returns true, at most `max` times; without success in that, it fails.

    `until` is a function of the storage and of results; a parameter named like the task itself gets the result of the
    round. Each round is recorded, and has the retries and the timeout of the task for itself.
    """

    until: Callable[..., Any]
    max: int

    def __post_init__(self) -> None:
        """Refuse what is no end."""
        if type(self.max) is not int or not 1 <= self.max <= ROUNDS_LIMIT:
            raise SchemeError(f"Repeat: max is {self.max!r}; it must be an int from 1 to {ROUNDS_LIMIT}")
