"""Who admits nothing for a while, because a body was told to come back later: a queue, or a whole class."""

from __future__ import annotations

from typing import NamedTuple


class Throttle(NamedTuple):
    """Until that moment no flow of the user in the class starts; none of the whole class where `user` is empty."""

    flow_class: str
    user: str
    until: int

    def line(self, now: int) -> str:
        """Say who waits, and for how long still."""
        queue = f"queue of user {self.user!r} in class" if self.user else "class"
        return f"{queue} {self.flow_class!r} is throttled for {max(self.until - now, 0) / 1_000_000:.1f} s more"


def longest(*throttles: Throttle) -> Throttle | None:
    """Return the one that lasts longest; None where none ever was."""
    found = max(throttles, key=lambda throttle: throttle.until)
    return found if found.until else None
