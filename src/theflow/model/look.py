"""What is read before flows are let in: the heads of the queues at one moment, and what is in use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from theflow.model.limit import Scope

# The virtual time that one flow of a user of weight 1 takes.
STEP = 1_000_000


class Candidate(NamedTuple):
    """A pending flow at the head of its queue; `verbs` counts what people asked of it that is still to be done.

    `level` is 0 for what people submit, one less for each flow above it. `charged` says that it was let in before, and
    has paid for that; `units` is how much of a rate it takes.
    """

    offset: int
    flow_class: str
    user: str
    version: int | None
    priority: int = 0
    run_at: int | None = None
    claims: int = 0
    verbs: int = 0
    level: int = 0
    charged: int = 0
    units: int = 1

    def due(self, now: int) -> bool:
        """Whether its time has come."""
        return self.run_at is None or self.run_at <= now


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The queues at one moment: candidates, and the offsets that hold a place of each (class, user) queue.

    Queues that are throttled have no candidates; at `again_at` the first of them may have some again.

    `resting` are those (offset and level) that keep a place while they wait for sub-flows. They keep it from whatever
    stands on their level or above it, and not from what is deeper: that may be what they wait for.

    `usage` counts the units in use where something counts them, `paid` gives up to when each bucket is paid for, in
    nanoseconds. `turns` are the virtual times of users of whom flows were let in before others', as far as they are
    above `virtual`, that of the class. Where there were more heads than were read, `horizon` is the rank of the last.
    """

    now: int
    candidates: tuple[Candidate, ...]
    live: Mapping[tuple[str, str], tuple[int, ...]]
    again_at: int | None = None
    resting: Mapping[tuple[str, str], tuple[tuple[int, int], ...]] = field(default_factory=dict)
    usage: Mapping[Scope, int] = field(default_factory=dict)
    paid: Mapping[Scope, int] = field(default_factory=dict)
    turns: Mapping[str, int] = field(default_factory=dict)
    virtual: int = 0
    horizon: tuple[int, int] | None = None

    def rest_of(self, queue: tuple[str, str], level: int) -> tuple[int, ...]:
        """List the offsets that keep a place of a queue against a flow on this level while they wait."""
        return tuple(offset for offset, other in self.resting.get(queue, ()) if other <= level)

    def turn_of(self, user: str) -> int:
        """Return the virtual time at which a user comes next."""
        return max(self.turns.get(user, 0), self.virtual)


class Settlement(NamedTuple):
    """What an admission leaves behind beside its claims: buckets as they are paid for now, and the turns of users.

    `virtual` is how far the class is. `past` says that the turns of before mean nothing any more, `shared` that it was
    decided under limits that several classes share.
    """

    paid: tuple[tuple[Scope, int], ...] = ()
    turns: tuple[tuple[str, int], ...] = ()
    virtual: int = 0
    past: bool = False
    shared: bool = False


NOTHING_LEFT = Settlement()
