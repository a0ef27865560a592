"""A queue, or a whole class of flows, of which somebody lets nothing start."""

from __future__ import annotations

from typing import NamedTuple


class QueuePause(NamedTuple):
    """Who paused what, when and why; `user` is empty where the whole class is paused. What runs already goes on.

    Where a flow has failed that its queue waits for, `flow` is its offset: what stands before it may start, and itself.
    """

    flow_class: str
    user: str
    asked_by: str
    reason: str
    asked_at: int
    flow: int = 0

    def keeps(self, offset: int, level: int) -> bool:
        """Whether it keeps a flow at this offset of its queue; a sub-flow may be what the failed one waits for."""
        return not self.flow or (self.flow < offset and not level)

    def line(self, now: int) -> str:
        """Say it in one line, for somebody whose flow waits."""
        what = f"queue of user {self.user!r} in class" if self.user else "class"
        why = f": {self.reason}" if self.reason else ""
        ago = max(now - self.asked_at, 0) // 1_000_000
        return f"{what} {self.flow_class!r} was paused by {self.asked_by} {ago} s ago{why}"
