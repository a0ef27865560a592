"""How a runtime is set up: a value, checked when it is built."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field

from theflow.errors import InputError
from theflow.model.job import check_name
from theflow.model.pool import PROCESS, THREAD
from theflow.model.rate import checked_units
from theflow.model.shape import checked_labels

_DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeOptions:
    """How a runtime is set up. Times are seconds.

    `name` is unique among live runtimes (default: host and pid). `flows` is how many flows it holds at once, `threads`
    how many synchronous bodies run at once. A runtime that does not beat for `ttl` is taken over. `poll` is how often
    it looks for work that nobody announced. `grace` is how long a stop lets bodies run. A flow claimed `claims` times
    without one committed outcome is parked.

    `processes` is how many bodies run at once in the pool "process" (default: one a core), and `recycle` after how many
    bodies a process is replaced. `executors` gives further pools by name; whoever made an executor shuts it down.

    `labels` say what this runtime has: it takes flows of classes that require no others. `flows_of` says for some
    classes how many flows of them it holds at once.
    """

    name: str | None = None
    flows: int = 256
    threads: int = 16
    ttl: float = 15.0
    poll: float = 0.5
    grace: float = 30.0
    claims: int = 5
    processes: int = field(default_factory=lambda: os.cpu_count() or 1)
    recycle: int = 5_000
    executors: Mapping[str, Executor] = field(default_factory=dict, hash=False)
    labels: Iterable[str] = frozenset()
    flows_of: Mapping[str, int] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        """Refuse what could never work."""
        if self.name is not None:
            object.__setattr__(self, "name", check_name("name", self.name))
        for what in ("flows", "threads", "claims", "processes", "recycle"):
            if type(getattr(self, what)) is not int or getattr(self, what) < 1:
                raise InputError(f"{what}: expected an int of at least 1, got {getattr(self, what)!r}")
        for what, least in (("ttl", 0.2), ("poll", 0.001), ("grace", 0.0)):
            value = getattr(self, what)
            if type(value) not in (int, float) or not least <= value <= _DAY:
                raise InputError(f"{what}: expected seconds between {least} and {_DAY:g}, got {value!r}")
        object.__setattr__(self, "labels", checked_labels("labels", self.labels))
        most = {
            check_name("flows_of, the name of a class", name): checked_units(f"flows_of[{name!r}]", flows)
            for name, flows in self.flows_of.items()
        }
        object.__setattr__(self, "flows_of", most)
        for name, executor in self.executors.items():
            check_name("executors, the name of a pool", name)
            if name in (THREAD, PROCESS):
                raise InputError(f"executors: {name!r} is a pool that every runtime has; give yours another name")
            if not isinstance(executor, Executor):
                raise InputError(f"executors[{name!r}]: expected a concurrent.futures.Executor, got {executor!r}")
