"""Times and durations as people read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from theflow.cli.session import TimeStyle

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
MINUTE = 60
# Up to how many seconds a unit is shown, its letter, and how many seconds it has.
UNITS = ((60, "s", 1), (3_600, "m", 60), (48 * 3_600, "h", 3_600), (60 * 86_400, "d", 86_400))


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Shows times in one style, as seen from one point in time (microseconds UTC)."""

    style: TimeStyle
    now: int

    def show(self, at: int | None) -> str:
        """A time in the chosen style; empty if there is none."""
        if at is None:
            return ""
        return iso(at) if self.style is TimeStyle.ISO else self._relative(at)

    def both(self, at: int | None) -> str:
        """A time in full, and how long ago that is."""
        if at is None:
            return ""
        return iso(at) if self.style is TimeStyle.ISO else f"{iso(at)}  ({self._relative(at)})"

    def lasted(self, started: int | None, ended: int | None) -> str:
        """How long something took, or has taken until now."""
        if started is None:
            return ""
        return duration((self.now if ended is None else ended) - started)

    def _relative(self, at: int) -> str:
        seconds = abs(self.now - at) // SECOND
        if seconds < 1:
            return "now"
        for limit, letter, size in UNITS:
            if seconds < limit:
                amount = f"{seconds // size}{letter}"
                return f"{amount} ago" if at < self.now else f"in {amount}"
        return iso(at)[:10]


def iso(at: int) -> str:
    """A time as ISO 8601 in UTC, to the microsecond."""
    try:
        return (EPOCH + timedelta(microseconds=at)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    except OverflowError:
        return f"{at} µs after 1970"


def duration(microseconds: int) -> str:
    """A duration in the unit that suits it."""
    seconds = max(microseconds, 0) / SECOND
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms"
    if seconds < MINUTE:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(int(seconds), MINUTE)
    return f"{minutes}m{rest:02}s" if minutes < MINUTE else f"{minutes // 60}h{minutes % 60:02}m"
