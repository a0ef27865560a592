"""How many connections a runtime needs of a server, counted in one place, and whether the server can ever give them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from theflow.errors import StoreUnusable

# Kept for one purpose each: outcomes and claims, beats, questions.
RESERVED = ("engine", "pulse", "watch")
# The pool of those that read: one will do, more serve the clients of the same process.
READERS = 8


class Limit(NamedTuple):
    """What somebody may open at most, whoever else is there, and how to raise it."""

    allowed: int
    what: str
    mend: str


class Need(NamedTuple):
    """What a runtime opens: `least` while it works alone, `most` when many threads of its process read and write."""

    least: int
    most: int

    @classmethod
    def of(cls, news: int, bodies: int = 0) -> Need:
        """Count the connections, of which so many are for being called, and for transactional bodies at once."""
        kept = len(RESERVED) + news
        return cls(kept + 1 + min(bodies, 1), kept + READERS + bodies)

    def check(self, where: str, limits: Iterable[Limit]) -> None:
        """Raise StoreUnusable if a limit is too low for a runtime, even if nobody else were there."""
        for limit in sorted(limits):
            if limit.allowed < self.least:
                raise StoreUnusable(
                    f"{limit.what} allows {limit.allowed} connections to {where}, and a runtime needs {self.least} "
                    f"(up to {self.most}); {limit.mend}"
                )
