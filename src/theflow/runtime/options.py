"""How a runtime is set up: a value, checked when it is built."""

from __future__ import annotations

from dataclasses import dataclass

from theflow.errors import InputError
from theflow.model.job import check_name

_DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeOptions:
    """How a runtime is set up. Times are seconds.

    `name` is unique among live runtimes (default: host and pid). `flows` is how many flows it holds at once, `threads`
    how many synchronous bodies run at once. A runtime that does not beat for `ttl` is taken over. `poll` is how often
    it looks for work that nobody announced. `grace` is how long a stop lets bodies run. A flow claimed `claims` times
    without one committed outcome is parked.
    """

    name: str | None = None
    flows: int = 256
    threads: int = 16
    ttl: float = 15.0
    poll: float = 0.5
    grace: float = 30.0
    claims: int = 5

    def __post_init__(self) -> None:
        """Refuse what could never work."""
        if self.name is not None:
            check_name("name", self.name)
        for what in ("flows", "threads", "claims"):
            if type(getattr(self, what)) is not int or getattr(self, what) < 1:
                raise InputError(f"{what}: expected an int of at least 1, got {getattr(self, what)!r}")
        for what, least in (("ttl", 0.2), ("poll", 0.001), ("grace", 0.0)):
            value = getattr(self, what)
            if type(value) not in (int, float) or not least <= value <= _DAY:
                raise InputError(f"{what}: expected seconds between {least} and {_DAY:g}, got {value!r}")
