"""The peers: how each is installed, and which workloads it can do with how many jobs."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.load import WorkLost
from bench.peers.kit import NodeKit, PythonKit, ready

HERE = Path(__file__).parent
PATIENCE = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a worker said of its run: how much was done, in which time, by which version at which settings."""

    done: int
    seconds: float
    version: str
    settings: Mapping[str, object]

    @classmethod
    def from_output(cls, output: str) -> Told:
        """Read the last line, which is JSON; libraries may have printed before it."""
        line = (output.splitlines() or [""])[-1]
        try:
            return cls(**json.loads(line))
        except (ValueError, TypeError) as error:
            raise WorkLost(f"a worker said {line!r} instead of its result") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Another system, with a worker in its own language; `jobs` are its workloads, each with a number of jobs.

    The slow have fewer jobs than the quick: speeds are compared, not times.
    """

    name: str
    worker: Path
    kit: PythonKit | NodeKit
    jobs: Mapping[str, int]

    def install(self, room: Path) -> None:
        """See to it that the worker can run."""
        ready(self.kit, room / self.name)

    def measure(self, room: Path, workload: str, url: str, jobs: int) -> Told:
        """Fill a fresh database with jobs, then have them done by one worker process; believe nothing but the count."""
        self._run(room, "fill", workload, url, str(jobs))
        told = Told.from_output(self._run(room, "work", workload, url, str(jobs)))
        if told.done != jobs:
            raise WorkLost(f"{self.name} did {told.done} of {jobs} jobs")
        return told

    def _run(self, room: Path, *arguments: str) -> str:
        folder = room / self.name
        done = subprocess.run(
            [*self.kit.command(folder, self.worker), *arguments],
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            env={**os.environ, **self.kit.environment(folder)},
        )
        if done.returncode:
            raise WorkLost(f"{self.name} {' '.join(arguments[:2])}: exit {done.returncode}\n{done.stderr[-2000:]}")
        return done.stdout


PEERS = {
    peer.name: peer
    for peer in (
        Peer(
            name="dbos",
            worker=HERE / "dbos_worker.py",
            kit=PythonKit(requirements=("dbos>=3.4,<4", "psycopg[binary]>=3.2")),
            jobs={"chain": 400, "drain": 1000, "submit": 500},
        ),
        Peer(
            name="pgqueuer",
            worker=HERE / "pgqueuer_worker.py",
            kit=PythonKit(requirements=("pgqueuer>=1.6,<2", "asyncpg>=0.30", "uvloop>=0.21")),
            jobs={"drain": 10_000, "submit": 1000},
        ),
        Peer(
            name="procrastinate",
            worker=HERE / "procrastinate_worker.py",
            kit=PythonKit(requirements=("procrastinate>=3.10,<4", "psycopg[binary,pool]>=3.2")),
            jobs={"drain": 2000, "submit": 1000},
        ),
        Peer(
            name="graphile",
            worker=HERE / "graphile_worker.js",
            kit=NodeKit(requirements=("graphile-worker@^0.17.0", "pg@^8.11.0")),
            jobs={"drain": 10_000, "submit": 1000},
        ),
    )
}
