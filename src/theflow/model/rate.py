"""How many units may start in a time: a token bucket, kept as the one moment up to which it is paid for.

That is the generic cell rate algorithm: a bucket of `burst` tokens into which one falls every `gap` is full at any
moment after `paid_until`, and lacks one token for each gap before it. One integer has no rounding to lose tokens by,
and a clock that jumps can only fill the bucket or empty it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from theflow.errors import InputError

UNITS_LIMIT = 2**31 - 1
PERIOD_LEAST, PERIOD_LIMIT = 0.001, 366 * 86_400.0
_NANO = 1_000_000_000
_NANO_IN_MICRO = 1000
# By so much the clocks of runtimes may differ without anybody starting more, in nanoseconds.
_APART = 5 * _NANO


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many `units` in `per` seconds; `burst` of them may start at once after a rest (default: as many as `units`).

    Raises InputError for what is no rate.
    """

    units: int
    per: float = 1.0
    burst: int = 0
    gap: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        """Refuse what is no rate."""
        checked_units("the units of a rate", self.units)
        if (
            type(self.per) not in (int, float)
            or not math.isfinite(self.per)
            or not PERIOD_LEAST <= self.per <= PERIOD_LIMIT
        ):
            raise InputError(f"per: expected seconds from {PERIOD_LEAST} to {PERIOD_LIMIT:g}, got {self.per!r}")
        if self.burst != 0:
            checked_units("the burst of a rate", self.burst)
        object.__setattr__(self, "burst", self.burst or self.units)
        object.__setattr__(self, "gap", max(round(self.per * _NANO / self.units), 1))

    def ready_at(self, paid_until: int, now: int, units: int) -> int | None:
        """Return when so many tokens are there, in microseconds; None if the bucket never holds as many.

        `paid_until` is in nanoseconds, as `pay` returned it; 0 is a bucket that was never used.
        """
        if units > self.burst:
            return None
        at = self.bounded(paid_until, now) + (units - self.burst) * self.gap
        return max(now, -(-at // _NANO_IN_MICRO))

    def pay(self, paid_until: int, now: int, units: int) -> int:
        """Take so many tokens; return up to when the bucket is paid for then."""
        return max(self.bounded(paid_until, now), now * _NANO_IN_MICRO) + units * self.gap

    def tokens(self, paid_until: int, now: int) -> float:
        """How many tokens are there."""
        lacking = max(self.bounded(paid_until, now) - now * _NANO_IN_MICRO, 0)
        return max(self.burst - lacking / self.gap, 0.0)

    def bounded(self, paid_until: int, now: int) -> int:
        """Return up to when a bucket can be paid for: it is empty at most, whatever rate or clock was in force before.

        Where that is less than is saved it has to be saved, or the bucket would be empty at every later moment too.
        """
        empty = now * _NANO_IN_MICRO + self.burst * self.gap
        return empty if paid_until > empty + _APART else paid_until

    def line(self) -> str:
        """Say it in a few words."""
        return f"{self.units} in {self.per:g} s, at most {self.burst} at once"


def checked_units(what: str, units: int) -> int:
    """Return a count of units; raise InputError for 0, less, too many, and what is no int."""
    if type(units) is not int or not 1 <= units <= UNITS_LIMIT:
        hint = "; to let nothing start, pause it instead" if units == 0 else ""
        raise InputError(f"{what}: expected an int from 1 to {UNITS_LIMIT}, got {units!r}{hint}")
    return units
