"""How far a look into the queues of a class goes."""

from __future__ import annotations

from collections import Counter
from math import ceil

from theflow.model.look import Look

# How many flows of one queue are read at once.
_MOST_OF_A_QUEUE = 256
_FURTHER = 4


class Reach:
    """How many queues a look reads, and how much of each: what may be let in, shared out among the users.

    `widest` is how many flows of a queue may run at once: of what stands behind them nothing could start. The share of
    one user may be `spread` times that of another.
    """

    __slots__ = ("_most", "_places", "_spread", "limit", "per_queue")

    def __init__(self, places: int, users: int, widest: int, spread: float = 1.0) -> None:
        self._spread = spread
        self._most = min(widest, _MOST_OF_A_QUEUE)
        self._places = places
        self.limit = places
        self.per_queue = self._share(users)

    def further(self, look: Look, admitted: int) -> bool:
        """Reach further after a look that left places free; False if there is nothing more to see."""
        self._places -= admitted
        if look.horizon is not None:
            if not admitted:
                # All heads in sight have to wait: look past them.
                self.limit *= _FURTHER
            return True
        if not admitted:
            return False
        users = Counter(candidate.user for candidate in look.candidates)
        if max(users.values()) < self.per_queue or self.per_queue == self._most < _MOST_OF_A_QUEUE:
            return False
        longest = sum(count == self.per_queue for count in users.values())
        self.per_queue = max(self._share(longest), self.per_queue)
        return True

    def _share(self, users: int) -> int:
        largest = self._places * self._spread / (max(users, 1) - 1 + self._spread)
        return min(max(ceil(largest), 1), self._most)
