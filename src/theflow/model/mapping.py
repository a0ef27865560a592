"""One child per item of a list: what `map=` is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from theflow.errors import SchemeError

ITEMS_LIMIT = 100_000
# All items together, in bytes of JSON.
SIZE_LIMIT = 8_388_608
ALL, ANY, SETTLE = "all", "any", "settle"


class Named(Protocol):
    """A task, of which a map needs the name."""

    @property
    def name(self) -> str:
        """The name of the task whose result is the list."""


Over: TypeAlias = str | Named | Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Map:
    """Run a task once per item of a list; the list is recorded once, and the index of an item is its identity.

    `over` is a task (its result is the list), the name of a task or of a field of the storage, or a function of storage
    and results. At most `max_parallel` children run at once (None: no limit of its own). `join` says when the task is
    done: "all" must succeed, "any" one, a number so many, or "settle": when all have ended, with results and errors
    side by side. A list of more than `limit` items fails the task.
    """

    over: Over
    max_parallel: int | None = None
    join: str | int = ALL
    limit: int = ITEMS_LIMIT

    def __post_init__(self) -> None:
        """Refuse what is no map."""
        if self.max_parallel is not None and (type(self.max_parallel) is not int or self.max_parallel < 1):
            raise SchemeError(f"Map: max_parallel is {self.max_parallel!r}; it must be an int from 1 up, or None")
        if type(self.limit) is not int or self.limit < 1:
            raise SchemeError(f"Map: limit is {self.limit!r}; it must be an int from 1 up")
        if self.join not in (ALL, ANY, SETTLE) and (type(self.join) is not int or self.join < 1):
            raise SchemeError(f"Map: join is {self.join!r}; it must be 'all', 'any', 'settle' or an int from 1 up")

    def needed(self, children: int) -> int:
        """How many children must succeed."""
        if self.join == SETTLE:
            return 0
        if self.join == ALL:
            return children
        return 1 if self.join == ANY else int(self.join)
