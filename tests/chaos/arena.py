"""One run: three runtimes and a submitter on a database, faults one after the other, and what is left to judge."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.chaos.actor import Actor
from tests.chaos.checker import Broken
from tests.chaos.faults import FAULTS, Site, seconds_of
from tests.chaos.ground import Ground
from tests.chaos.history import History
from tests.chaos.recorder import Recorder, recorded
from tests.chaos.schedule import Planned

TTL = 2.0
POLL = 0.25
MEMBERS = ("ann", "bob", "cid")
# Never killed: what it holds in the end is what living through all faults has cost.
KEEPER = "cid"
MORTAL = tuple(name for name in MEMBERS if name != KEEPER)
SUBMITTER = "submitter"
OPTIONS = {"ttl": TTL, "poll": POLL, "flows": 64, "threads": 8, "grace": 5.0, "claims": 1000}
# A flow ends within this time of another, or never: a machine may be slow, but it does not rest.
BOUND = TTL + POLL + 15.0


class Arena:
    """Holds the processes of a run."""

    def __init__(self, ground: Ground, folder: Path, seed: int, *, mutant: str = "", rate: float = 30.0) -> None:
        self.ground = ground
        self.folder = folder
        self._recorder = Recorder(folder, "nemesis")
        self._chance = random.Random(seed)  # noqa: S311 - a seed makes a run that can be repeated
        told = {"folder": str(folder), "mutant": mutant, "options": OPTIONS, "rate": rate, "seed": seed}
        self.members = {
            name: Actor("tests.chaos.member", told | {"actor": name, "name": name, "url": ground.url(name)})
            for name in MEMBERS
        }
        self.submitter = Actor("tests.chaos.submitter", told | {"actor": SUBMITTER, "url": ground.url(SUBMITTER)})

    def start(self) -> None:
        """Start everybody; wait until the runtimes have their names."""
        for actor in (*self.members.values(), self.submitter):
            actor.start()
        until = time.monotonic() + 30
        while len({event.actor for event in recorded(self.folder) if event.ev == "lives"}) < len(MEMBERS):
            if time.monotonic() > until:
                raise Broken("the runtimes do not start")
            time.sleep(0.05)

    def suffer(self, plan: Iterable[Planned]) -> None:
        """Do one fault after the other."""
        # What everybody holds is measured under some load, before the first.
        time.sleep(TTL)
        for fault in plan:
            self._measure()
            time.sleep(fault.pause)
            self._do(fault)

    def settle(self, bound: float) -> None:
        """End the load; wait until all flows have ended, as long as one does within this time of another."""
        # Some load after the last fault shows that everybody works again.
        time.sleep(TTL)
        self.submitter.finish()
        left, since = None, time.monotonic()
        while time.monotonic() - since < bound:
            now = self.ground.tables.open_flows()
            if now == 0:
                break
            if now is not None and (left is None or now < left):
                left, since = now, time.monotonic()
            time.sleep(0.1)
        # Time for the last beats, and for a last measure of what everybody holds.
        time.sleep(TTL)
        self._measure()

    def stop(self) -> None:
        """Stop the runtimes, as one does."""
        for name, member in self.members.items():
            if member.ended:
                raise Broken(f"runtime {name} has ended by itself: {self._last_words(name)}")
            self._recorder.write("alive", name=name)
        for name, member in self.members.items():
            if code := member.finish():
                raise Broken(f"runtime {name} stopped with exit code {code}: {self._last_words(name)}")

    def history(self) -> History:
        """What there is to judge."""
        tables = self.ground.tables
        return History(
            events=recorded(self.folder),
            audit=tables.audit(),
            flows=tables.flows(),
            tasks=tables.tasks(),
            logged=tables.logged(),
            founded=tables.founded,
            accounts=tables.accounts(),
            ttl=TTL,
        )

    def close(self) -> None:
        """End every process, whatever has happened."""
        for actor in (*self.members.values(), self.submitter):
            actor.kill()
        self._recorder.close()

    def _do(self, fault: Planned) -> None:
        target = self.members[fault.target]
        about: Mapping[str, Any] = {
            "number": fault.number,
            "kind": fault.kind,
            "target": fault.target,
            "pid": target.pid,
        }
        site = Site(target, self.ground, self._chance, self._recorder)
        self._recorder.write("fault", "invoke", **about)
        with FAULTS[fault.kind](site):
            time.sleep(seconds_of(fault.kind, TTL))
        self._recorder.write("fault", "ok", **about)

    def _measure(self) -> None:
        if connections := self.ground.connections():
            self._recorder.write("sample", connections=connections)

    def _last_words(self, name: str) -> str:
        return (self.folder / f"{name}.err").read_text(errors="replace")[-1500:]


@contextmanager
def opened(arena: Arena) -> Iterator[Arena]:
    """A run whose processes are started, and ended whatever happens."""
    try:
        arena.start()
        yield arena
    finally:
        arena.close()
