"""A store that fails when it is told to; else it is the one behind it."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from random import Random
from typing import Any

from theflow.database.batch import Batch
from theflow.database.records import Fence
from theflow.database.store import RuntimeStore
from theflow.errors import CommitUnknown, Fenced, RowRefused, StoreUnavailable

Call = Callable[..., Any]
Fault = Callable[..., Any]


class Faulty:
    """Faults are planned a method at a time, each for one call."""

    def __init__(self, store: RuntimeStore) -> None:
        self._store = store
        self._planned: dict[str, deque[Fault]] = defaultdict(deque)
        self._always: dict[str, Fault] = {}

    def plan(self, method: str, *faults: Fault) -> None:
        """Let the next calls of a method go wrong."""
        self._planned[method].extend(faults)

    def always(self, method: str, fault: Fault | None) -> None:
        """Let every call of a method go through a fault, or none any more."""
        self._always.pop(method, None)
        if fault is not None:
            self._always[method] = fault

    def done(self) -> bool:
        """Whether every planned fault has happened."""
        return not any(self._planned.values())

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._store, name)
        if not callable(call):
            return call

        def through(*args: Any, **options: Any) -> Any:
            fault = self._planned[name].popleft() if self._planned[name] else self._always.get(name)
            return call(*args, **options) if fault is None else fault(call, *args, **options)

        return through


def unavailable(*_: Any, **__: Any) -> Any:
    """Nothing happens."""
    raise StoreUnavailable("the disk is full; make room")


def unheard(*_: Any, **__: Any) -> Any:
    """Nothing happens, and nobody knows."""
    raise CommitUnknown("the connection was lost")


def unanswered(call: Call, *args: Any, **options: Any) -> Any:
    """It happens, and nobody knows."""
    call(*args, **options)
    raise CommitUnknown("the connection was lost")


def fenced(*_: Any, **__: Any) -> Any:
    """Another runtime took over, it says."""
    raise Fenced("taken over")


def refusing(*offsets: int) -> Fault:
    """The database takes no row of some flows, but lets them be parked."""

    def commit(call: Call, fence: Fence, batch: Batch) -> None:
        rows = (*batch.tasks, *batch.attempts, *batch.logs)
        if any(row.offset in offsets for row in rows):
            raise RowRefused("the database refuses a row")
        call(fence, batch)

    return commit


def often(seed: int) -> Fault:
    """Any of it, now and then."""
    chance = Random(seed)  # noqa: S311 - a seed makes a test that can be repeated

    def maybe(call: Call, *args: Any, **options: Any) -> Any:
        if chance.random() < 0.7:
            return call(*args, **options)
        return chance.choice((unavailable, unheard, unanswered))(call, *args, **options)

    return maybe
