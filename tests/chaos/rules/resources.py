"""C10: a runtime that lived through all faults holds in the end what it held before the first."""

from __future__ import annotations

from collections.abc import Iterator

from tests.chaos.history import History

# What may come late and stay: the thread that tells others of changes, and connections of the pool that reads.
_POOL = {"threads": 1, "handles": 9, "connections": 9}


def kept_resources(history: History) -> Iterator[str]:
    """Compare the most of the time before the first fault with the end, for each who was there at both."""
    first = min((event.mono for event in history.of("fault", "invoke")), default=float("inf"))
    samples: dict[tuple[str, int, str], list[tuple[float, int]]] = {}
    for event in history.of("sample"):
        for what in _POOL:
            if what in event.about:
                samples.setdefault((event.actor, event.pid, what), []).append((event.mono, event[what]))
    for (actor, _, what), found in samples.items():
        before = [count for mono, count in found if mono < first]
        if before and found[-1][1] > max(before) + _POOL[what]:
            yield f"{actor} held {max(before)} {what} before the first fault, and {found[-1][1]} in the end"
