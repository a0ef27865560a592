"""Which queues of the reference store are throttled."""

from __future__ import annotations

from theflow.model.throttle import Throttle, longest


class MemoryThrottles:
    """The longest of those that were asked for, by class and user; "" is the whole class."""

    def __init__(self) -> None:
        self._until: dict[tuple[str, str], int] = {}

    def add(self, throttle: Throttle) -> None:
        """Let a queue or a class wait, if it does not wait longer already."""
        flow_class, user, until = throttle
        self._until[flow_class, user] = max(until, self._until.get((flow_class, user), until))

    def until(self, flow_class: str) -> int:
        """Return when nothing of a class is throttled any more."""
        return max((until for (name, _), until in self._until.items() if name == flow_class), default=0)

    def of(self, flow_class: str, user: str) -> Throttle | None:
        """Return what lets a queue wait longest, over or not."""
        return longest(*(Throttle(flow_class, one, self._until.get((flow_class, one), 0)) for one in (user, "")))

    def again_at(self, flow_class: str, now: int) -> int | None:
        """Return when a queue may go on, at the earliest; None if none waits."""
        whole = self._until.get((flow_class, ""), 0)
        ends = [until for (name, _), until in self._until.items() if name == flow_class and until > now]
        return whole if whole > now else min(ends, default=None)

    def keep_out(self, flow_class: str, user: str, now: int) -> bool:
        """Whether no flow of the queue may start."""
        throttle = self.of(flow_class, user)
        return throttle is not None and throttle.until > now
