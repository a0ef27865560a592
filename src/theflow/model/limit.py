"""What may be limited, and what it is limited to: all flows, a class, a user, a queue, a resource."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from theflow.errors import InputError
from theflow.model.job import check_name
from theflow.model.rate import Rate, checked_units

WEIGHT_LEAST, WEIGHT_MOST = 0.001, 1_000.0


class ScopeKind(StrEnum):
    """What kind of thing is limited."""

    ALL = "all"
    CLASS = "class"
    USER = "user"
    QUEUE = "queue"
    RESOURCE = "resource"


# Which names belong to a scope: its own, and that of a user.
_TAKES = {
    ScopeKind.ALL: (False, False),
    ScopeKind.CLASS: (True, False),
    ScopeKind.USER: (False, True),
    ScopeKind.QUEUE: (True, True),
    ScopeKind.RESOURCE: (True, False),
}


class Scope(NamedTuple):
    """One thing that is limited; `name` is a class or a resource. Without a user it is what holds for every user."""

    kind: ScopeKind
    name: str = ""
    user: str = ""

    @classmethod
    def checked(cls, kind: str, name: str = "", user: str = "") -> Scope:
        """Make a scope of what somebody has written; raise InputError for what is none."""
        if kind not in ScopeKind.__members__.values():
            raise InputError(f"{kind!r} is nothing that has limits; there are {', '.join(ScopeKind)}")
        named, owned = _TAKES[ScopeKind(kind)]
        name, user = (
            value and check_name(f"{kind}, {what}", value) for what, value in (("a name", name), ("a user", user))
        )
        for what, value, taken, needed in (("a name", name, named, named), ("a user", user, owned, False)):
            if bool(value) and not taken:
                raise InputError(f"{kind} takes no {what[2:]}; {value!r} was given")
            if needed and not value:
                raise InputError(f"{kind} needs {what}")
        return cls(ScopeKind(kind), name, user)

    @property
    def every(self) -> Scope:
        """The scope that holds where this one says nothing: that of every user."""
        return self._replace(user="")

    @property
    def shared(self) -> bool:
        """Whether several classes meet in it."""
        return self.kind not in (ScopeKind.CLASS, ScopeKind.QUEUE)

    def line(self) -> str:
        """Name it in a sentence."""
        match self.kind:
            case ScopeKind.ALL:
                return "all flows"
            case ScopeKind.USER:
                return f"user {self.user!r}" if self.user else "every user"
            case ScopeKind.QUEUE:
                return f"queue of {f'user {self.user!r}' if self.user else 'every user'} in class {self.name!r}"
            case _:
                return f"{self.kind} {self.name!r}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What a scope is held to. `capacity` is how many units run at once, `rate` how many start in a time.

    A flow is one unit of everything but resources, of which it uses what its class says. `weight` is how large the
    share of a user is beside others of the same class (default 1). None leaves it as it is elsewhere.
    """

    capacity: int | None = None
    rate: Rate | None = None
    weight: float | None = None

    def __post_init__(self) -> None:
        """Refuse what limits nothing, or lets nothing start."""
        if self.capacity is not None:
            checked_units("capacity", self.capacity)
        if self.rate is not None and not isinstance(self.rate, Rate):
            raise InputError(f"rate: expected a theflow.Rate, got {self.rate!r}")
        if self.weight is not None:
            number = type(self.weight) in (int, float) and math.isfinite(self.weight)
            if not number or not WEIGHT_LEAST <= self.weight <= WEIGHT_MOST:
                raise InputError(
                    f"weight: expected a number from {WEIGHT_LEAST} to {WEIGHT_MOST:g}, got {self.weight!r}"
                )

    @property
    def empty(self) -> bool:
        """Whether it limits nothing."""
        return self == NO_LIMIT

    def over(self, other: Limit) -> Limit:
        """Return what holds where this is set, and the other where it says nothing."""
        if other.empty:
            return self
        return replace(
            self,
            capacity=other.capacity if self.capacity is None else self.capacity,
            rate=self.rate or other.rate,
            weight=other.weight if self.weight is None else self.weight,
        )

    def changes(self, was: Limit) -> str:
        """Say what is different from another limit: old and new."""
        pairs = (
            ("capacity", was.capacity, self.capacity),
            ("rate", was.rate and was.rate.line(), self.rate and self.rate.line()),
            ("weight", was.weight, self.weight),
        )
        return "; ".join(f"{name} {_shown(old)} -> {_shown(new)}" for name, old, new in pairs if old != new)


NO_LIMIT = Limit()


def _shown(value: object) -> str:
    return "none" if value is None else str(value)


class LimitRecord(NamedTuple):
    """A limit as somebody set it; `version` grows with every change of any limit. Empty limits were taken away."""

    scope: Scope
    limit: Limit
    version: int
    set_by: str
    reason: str
    set_at: int
