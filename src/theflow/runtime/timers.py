"""What the engine tells itself later, in the order of time."""

from __future__ import annotations

from collections.abc import Container, Iterator
from heapq import heapify, heappop, heappush
from itertools import count

from theflow.model.message import DeadlinePassed, GraceOver, RetryDue
from theflow.runtime.clock import Clock

Due = RetryDue | DeadlinePassed | GraceOver
# Fewer are not worth looking through for those of flows that are gone.
_FEW = 1000


class Timers:
    """Events with their times. Those of flows that ended long before are dropped now and then."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, int, Due]] = []
        self._numbers = count()
        self._most = _FEW

    def clear(self) -> None:
        """Forget all."""
        self._heap.clear()

    def set(self, at: int, offset: int, event: Due) -> None:
        """Tell a flow this event at that time, not earlier."""
        heappush(self._heap, (at, next(self._numbers), offset, event))

    def due(self, now: int) -> Iterator[tuple[int, Due]]:
        """Take what is due, with the offset of its flow."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            _, _, offset, event = heappop(heap)
            yield offset, event

    def patience(self, longest: float, clock: Clock) -> float:
        """Return the seconds until the first is due, at most `longest`."""
        return min(longest, (self._heap[0][0] - clock.now()) / 1_000_000) if self._heap else longest

    def forget_others(self, held: Container[int]) -> None:
        """Drop those of flows that are not held any more, once there are many: a deadline is long after most ends."""
        if len(self._heap) <= self._most:
            return
        self._heap = [timer for timer in self._heap if timer[2] in held]
        heapify(self._heap)
        self._most = max(_FEW, 2 * len(self._heap))
