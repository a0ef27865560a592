"""Run schedules: `python -m tests.simulation.replay SEED [STEPS]` tells one, `--soak SECONDS` runs new ones."""

from __future__ import annotations

import sys
import time
from collections import Counter

from tests.simulation.explorer import STEPS, Explorer
from tests.simulation.machines import simulated


def explore(seeds: range, steps: int = STEPS) -> Counter[str]:
    """Run a schedule for each seed; say how often each thing was seen. A seed that fails prints how to replay it."""
    seen: Counter[str] = Counter()
    with simulated():
        for seed in seeds:
            explorer = Explorer(seed, steps)
            try:
                seen += explorer.run().history.seen
            except BaseException as error:
                error.add_note("\n".join(explorer.story))
                error.add_note(f"seed {seed}: replay it with  python -m tests.simulation.replay {seed} {steps}")
                raise
            seen["schedule"] += 1
    return seen


def soak(seconds: float) -> None:
    """Run schedules that were never run before, each longer than those of the tests, until the time is up."""
    until = time.monotonic() + seconds
    first = time.time_ns() // 1_000_000 * 1000
    total: Counter[str] = Counter()
    while time.monotonic() < until:
        total += explore(range(first, first + 200), STEPS * 4)
        first += 200
    print(f"from seed {first}:", ", ".join(f"{count} {what}" for what, count in sorted(total.items())))  # noqa: T201


def main(words: list[str]) -> None:
    """Do what the command line says."""
    if words[0] == "--soak":
        soak(float(words[1]))
        return
    seed, steps = int(words[0]), int(words[1]) if len(words) > 1 else STEPS
    print(explore(range(seed, seed + 1), steps))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
