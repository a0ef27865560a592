"""Run schedules: `python -m tests.simulation.replay SEED [STEPS]` tells one, `--soak SECONDS` runs new ones.

`--operated SEED [STEPS]` tells one in which people have their hands on the flows.
"""

from __future__ import annotations

import sys
import time
from collections import Counter

from tests.simulation.explorer import STEPS, Explorer
from tests.simulation.machines import simulated
from tests.simulation.operated import OperatedExplorer


def explore(seeds: range, steps: int = STEPS, kind: type[Explorer] = Explorer) -> Counter[str]:
    """Run a schedule for each seed; say how often each thing was seen. A seed that fails prints how to replay it."""
    seen: Counter[str] = Counter()
    with simulated():
        for seed in seeds:
            explorer = kind(seed, steps)
            try:
                seen += explorer.run().history.seen
            except BaseException as error:
                error.add_note("\n".join(explorer.story))
                word = "--operated " if kind is OperatedExplorer else ""
                error.add_note(f"seed {seed}: replay it with  python -m tests.simulation.replay {word}{seed} {steps}")
                raise
            seen["schedule"] += 1
    return seen


def soak(seconds: float) -> None:
    """Run schedules that were never run before, each longer than those of the tests, until the time is up."""
    until = time.monotonic() + seconds
    first = time.time_ns() // 1_000_000 * 1000
    total: Counter[str] = Counter()
    while time.monotonic() < until:
        total += explore(range(first, first + 100), STEPS * 4)
        total += explore(range(first + 100, first + 200), STEPS * 4, OperatedExplorer)
        first += 200
    print(f"from seed {first}:", ", ".join(f"{count} {what}" for what, count in sorted(total.items())))  # noqa: T201


def main(words: list[str]) -> None:
    """Do what the command line says."""
    if words[0] == "--soak":
        soak(float(words[1]))
        return
    kind = OperatedExplorer if words[0] == "--operated" else Explorer
    seed, *others = map(int, words[kind is OperatedExplorer :])
    print(explore(range(seed, seed + 1), others[0] if others else STEPS, kind))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
