"""Run chaos: `python -m tests.chaos.run KIND ROUNDS`, or `--soak SECONDS` on each kind of database in turn.

A run that fails keeps its histories, and says where, and how to replay it.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain, cycle, islice
from pathlib import Path

from tests.acceptance.mounts import mounted
from tests.chaos.arena import BOUND, KEEPER, MEMBERS, MORTAL, SUBMITTER, Arena, opened
from tests.chaos.checker import check
from tests.chaos.faults import OF_PROCESSES
from tests.chaos.ground import FileGround, Ground, ServerGround
from tests.chaos.history import History
from tests.chaos.rules.liveness import seen
from tests.chaos.schedule import Planned, planned
from tests.database.private_server import private_mysql, private_postgres

DISK = "192m"
KINDS = ("sqlite", "postgres", "mysql")
ACTORS = (*MEMBERS, SUBMITTER)


@contextmanager
def ground_of(kind: str, folder: Path) -> Iterator[Ground]:
    """A database of a kind, for one run; LookupError where there can be none."""
    if kind == "sqlite":
        with mounted(folder / "disk", DISK) as disk, closing(FileGround(disk)) as ground:
            yield ground
    else:
        make = {"postgres": private_postgres, "mysql": private_mysql}[kind]
        with closing(ServerGround(make, kind, ACTORS)) as ground:
            yield ground


@dataclass(frozen=True)
class Run:
    """A run that can be repeated: rounds of faults, all that the database knows or only some kinds, by a seed."""

    kind: str
    rounds: int
    seed: int
    only: tuple[str, ...] = ()
    mutant: str = ""
    bound: float = BOUND

    def seen(self, folder: Path) -> Counter[str]:
        """Do it, keep what was recorded in a folder, and judge it; return what was seen."""
        with ground_of(self.kind, folder) as ground:
            kinds = self.only or (*OF_PROCESSES, *ground.kinds)
            plan = islice(planned(self.seed, kinds, MORTAL, KEEPER), self.rounds)
            arena = Arena(ground, folder, self.seed, mutant=self.mutant)
            history = suffered(arena, chain.from_iterable(plan), self.bound)
        check(history, self._least(kinds))
        return seen(history)

    def _least(self, kinds: Sequence[str]) -> dict[str, int]:
        """The least that it must have seen to prove anything."""
        least = {"submits": 20 * len(kinds), **{f"fault {kind}": self.rounds for kind in kinds}}
        least["takeovers"] = self.rounds * sum(kind in ("kill", "kill_new_name", "brink") for kind in kinds)
        least["fenced writes"] = sum(kind == "brink" for kind in kinds)
        lost = self.rounds * sum(kind in ("no_answer", "no_commit") for kind in kinds)
        least["commits unknown"] = 3 * lost
        least["transactions"] = 5 * len(kinds)
        least["transactions unknown"] = lost
        least["transactions left behind"] = sum(kind == "kill_new_name" for kind in kinds)
        return least


def chaos(run: Run) -> Counter[str]:
    """Do a run; its histories are kept if it fails."""
    folder = Path(tempfile.mkdtemp(prefix=f"theflow-chaos-{run.kind}-"))
    try:
        counts = run.seen(folder)
    except Exception as error:
        error.add_note(f"the histories are kept in {folder}; the seed is {run.seed}; replay it with")
        error.add_note(f"  CHAOS_SEED={run.seed} .venv/bin/python -m tests.chaos.run {run.kind} {run.rounds}")
        raise
    except BaseException:
        # Skipped, or interrupted: nothing to judge.
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder)
    return counts


def suffered(arena: Arena, plan: Iterable[Planned], bound: float) -> History:
    """Let a run suffer; its history is kept beside what the actors wrote."""
    with opened(arena):
        arena.suffer(plan)
        arena.settle(bound)
        try:
            arena.stop()
        finally:
            history = arena.history()
            keep(history, arena.folder)
    return history


def keep(history: History, folder: Path) -> None:
    """Write down what came from the database."""
    for name in ("audit", "flows", "tasks", "logged"):
        (folder / f"{name}.json").write_text(json.dumps(getattr(history, name)))


def soak(seconds: float, seed: int) -> None:
    """Run rounds on one database after the other, until the time is up; the seed of each is one more."""
    until = time.monotonic() + seconds
    for number, kind in enumerate(cycle(KINDS)):
        if number >= len(KINDS) and time.monotonic() > until:
            break
        told(Run(kind, 3, seed + number))


def told(run: Run) -> None:
    """Do a run, with its seed told before and what was seen after."""
    print(f"chaos on {run.kind}, {run.rounds} rounds of faults, seed {run.seed}", flush=True)  # noqa: T201
    counts = chaos(run)
    print("  " + ", ".join(f"{count} {what}" for what, count in sorted(counts.items())), flush=True)  # noqa: T201


def main(words: Sequence[str]) -> None:
    """Do what the command line says."""
    seed = int(os.environ.get("CHAOS_SEED") or time.time_ns() // 1_000_000)
    if words[0] == "--soak":
        soak(float(words[1]), seed)
    else:
        told(Run(words[0], int(words[1]), seed))


if __name__ == "__main__":
    main(sys.argv[1:])
