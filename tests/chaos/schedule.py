"""Which faults come in which order, and whom they hit: the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import count
from typing import NamedTuple


class Planned(NamedTuple):
    """A fault that is to come, after a pause."""

    number: int
    kind: str
    target: str
    pause: float


def planned(seed: int, kinds: Sequence[str], mortal: Sequence[str], keeper: str) -> Iterator[list[Planned]]:
    """Rounds without end: each kind once, in an order of its own. The keeper is never killed, and lives through it."""
    chance = random.Random(seed)  # noqa: S311 - a seed makes a run that can be repeated
    number = count(1)
    while True:
        found = []
        for kind in chance.sample(list(kinds), len(kinds)):
            targets = [*mortal] if kind.startswith("kill") else [*mortal, keeper]
            found.append(Planned(next(number), kind, chance.choice(targets), chance.uniform(0.4, 1.2)))
        yield found
