"""Four runtimes at once under caps of every kind: never over one of them, and who is killed keeps none of it."""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from contextlib import closing

import pytest

import theflow
from tests.acceptance.capped import ONE_CAP, RATE, SCHEMES
from tests.acceptance.stage import Stage, until
from tests.database.ledger import DATABASES, opened
from theflow import JobMeta, Limit
from theflow.model.limit import Scope, ScopeKind
from theflow.wire import open_store

SECONDS = 4.0
CAPS = {
    Scope(ScopeKind.ALL): 6,
    Scope(ScopeKind.CLASS, "one"): ONE_CAP,
    Scope(ScopeKind.USER, "", "ann"): 3,
    Scope(ScopeKind.RESOURCE, "gpu"): 7,
    Scope(ScopeKind.RESOURCE, "licence"): 2,
}
USES = {"one": {"gpu": 1}, "two": {"gpu": 2, "licence": 1}}


class Capped:
    """A database with a backlog, limits, and four runtimes of their own."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.trail = stage.folder / "trail"
        self.killed: dict[int, int] = {}
        self.seen: Counter[Scope] = Counter()
        self.client = theflow.connect(stage.url, SCHEMES)
        self.store = open_store(stage.url)
        jobs = [
            JobMeta(flow_class=name, user=user, input={"trail": str(self.trail)})
            for _ in range(500)
            for name in USES
            for user in ("ann", "bob")
        ]
        self.client.create_jobs(jobs)
        for scope, most in CAPS.items():
            self.client.set_limit(*scope, limit=Limit(capacity=most))
        names = ("r1", "r2", "r3", "r4")
        self.lives = [stage.run(["-m", "tests.acceptance.capped", stage.url, name]) for name in names]

    def usage(self) -> Counter[Scope]:
        """What is in use, counted at one moment."""
        return Counter(dict(self.store.in_use("one", 0).usage))

    def watch(self, seconds: float) -> int:
        """Look all the time at what is in use; return how often."""
        looks, end = 0, time.monotonic() + seconds
        while time.monotonic() < end:
            used = self.usage()
            assert all(used[scope] <= most for scope, most in CAPS.items()), used
            self.seen |= used
            looks += 1
        return looks

    def kill(self, number: int) -> None:
        """Kill one of them."""
        life = self.lives[number]
        life.send(signal.SIGKILL)
        life.wait()
        self.killed[life.pid] = time.monotonic_ns()

    def lines(self) -> list[dict]:
        """What the bodies left, in order of time."""
        return sorted(map(json.loads, self.trail.read_text().splitlines()), key=lambda line: line["at"])

    def audit(self) -> Counter[Scope]:
        """Say how much of everything the bodies used at most, at any one moment."""
        used, most, running = Counter(), Counter(), {}
        ends = [{"moment": "killed", "pid": pid, "at": at} for pid, at in self.killed.items()]
        for line in sorted([*self.lines(), *ends], key=lambda line: line["at"]):
            gone = [key for key in running if key[0] == line["pid"]] if line["moment"] == "killed" else []
            if line["moment"] == "begin":
                running[line["pid"], line["offset"]] = taken = scopes_of(line)
                used.update(taken)
            elif line["moment"] == "end":
                gone = [(line["pid"], line["offset"])]
            for key in gone:
                used.subtract(running.pop(key))
            most |= used
        return most

    def close(self) -> None:
        """Give everything back."""
        self.client.close()
        self.store.close()


def scopes_of(line: dict) -> Counter[Scope]:
    """What a body uses while it runs."""
    resources = {Scope(ScopeKind.RESOURCE, name): units for name, units in USES[line["class"]].items()}
    own = [Scope(ScopeKind.ALL), Scope(ScopeKind.CLASS, line["class"]), Scope(ScopeKind.USER, "", line["user"])]
    return Counter(own) + Counter(resources)


@pytest.fixture(params=DATABASES)
def capped(request, tmp_path):
    """Four runtimes over each database that has tables."""
    url, _ = opened(request.param, tmp_path)
    with closing(Stage(tmp_path, tmp_path, url)) as stage, closing(Capped(stage)) as made:
        yield made


def test_four_runtimes_are_never_over_a_cap_though_one_is_killed_and_its_slots_come_back(capped):
    until(lambda: capped.trail.exists() and all("ready" in life.out for life in capped.lives), 60)
    assert capped.watch(SECONDS / 2) > 5
    capped.kill(0)
    capped.watch(SECONDS / 2)
    until(lambda: "r1" not in [each.holder.name for each in capped.client.runtimes()])
    for life in capped.lives[1:]:
        life.send(signal.SIGTERM)
    assert [life.wait() for life in capped.lives[1:]] == [0] * 3
    assert not +capped.usage()
    most = capped.audit()
    assert {scope: most[scope] for scope, cap in CAPS.items() if most[scope] > cap} == {}
    # The caps were reached, or nothing was shown.
    assert capped.seen[Scope(ScopeKind.ALL)] == CAPS[Scope(ScopeKind.ALL)]
    lines = [line for line in capped.lines() if line["moment"] == "begin" and line["class"] == "two"]
    seconds = (lines[-1]["at"] - lines[0]["at"]) / 1e9
    # Those that began twice were let in once.
    assert len({line["offset"] for line in lines}) <= RATE.burst + RATE.units * (seconds + 0.5)
