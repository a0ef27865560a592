"""A database on disk, real processes around it, and what their bodies left behind."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

import theflow
from tests.acceptance.flows import SCHEMES
from theflow import FlowHandle, JobMeta

ROOT = Path(__file__).parents[2]
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Effect:
    """A line that a body left: `moment` is start, or what it says."""

    moment: str
    queue: str
    offset: int
    task: str
    attempt: int
    pid: int
    at: float


class Life:
    """A process of the program, from its start to its end."""

    def __init__(self, folder: Path, words: list[str], **environment: str) -> None:
        number = len(list(folder.glob("*.err")))
        self._paths = (folder / f"{number}.out", folder / f"{number}.err")
        with self._paths[0].open("w") as out, self._paths[1].open("w") as err:
            self._process = subprocess.Popen(
                [sys.executable, *words], cwd=ROOT, stdout=out, stderr=err, env={**os.environ, **environment}
            )
        self.pid = self._process.pid

    @property
    def out(self) -> str:
        """What it has printed."""
        return self._paths[0].read_text()

    @property
    def err(self) -> str:
        """What it has logged."""
        return self._paths[1].read_text()

    def ready(self) -> Life:
        """Wait until it has its name."""
        until(lambda: "ready" in self.out or self.ended)
        assert "ready" in self.out, self.err
        return self

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def pause(self, gate: Path) -> None:
        """Stop it with SIGSTOP while it writes nothing, so that it does not hold up the whole database."""
        with gate.open() as handle:
            self._stop()
            # Asked twice: a thread that stood in line for the gate holds it once the first question is over.
            while not (_free(handle) and _free(handle)):
                self.send(signal.SIGCONT)
                time.sleep(0.01)
                self._stop()

    def _stop(self) -> None:
        """Send SIGSTOP and wait until every thread has stopped: one that still runs could go through the gate."""
        self.send(signal.SIGSTOP)
        threads = Path(f"/proc/{self.pid}/task")
        until(lambda: all(stat.read_text().rpartition(")")[2].split()[0] in "Tt" for stat in threads.glob("*/stat")))

    def wait(self, seconds: float = 20.0) -> int:
        """Wait for its end; return the exit code, negative for a signal."""
        return self._process.wait(seconds)

    def destroy(self) -> None:
        """End it whatever it does."""
        if not self.ended:
            self.send(signal.SIGKILL)
        self._process.wait()


class Stage:
    """One test's database, with the client and the processes that use it."""

    def __init__(self, disk: Path, folder: Path, url: str | None = None) -> None:
        self.folder = folder
        self.path = disk / "flows.db"
        self.gate = disk / "flows.db.theflow-lock"
        self.url = url or f"sqlite:///{self.path}"
        self.client = theflow.connect(self.url, SCHEMES)
        self._lives: list[Life] = []

    def submit(self, flow_class: str, user: str = "ann", **fields: Any) -> FlowHandle:
        """Submit one job."""
        return self.client.create_job(self.job(flow_class, user, **fields))

    def job(self, flow_class: str, user: str = "ann", **fields: Any) -> JobMeta:
        """A job whose bodies leave their lines here."""
        return JobMeta(flow_class=flow_class, user=user, input={"effects": str(self.folder / "effects"), **fields})

    def start(
        self,
        name: str = "worker",
        *,
        failpoint: str = "",
        burst: bool = False,
        without: tuple[str, ...] = (),
        **options: Any,
    ) -> Life:
        """Start a runtime in a process of its own."""
        told = {"url": self.url, "burst": burst, "without": without, "options": {"name": name, "poll": 0.05, **options}}
        return self.run(["-m", "tests.acceptance.flows", json.dumps(told)], THEFLOW_FAILPOINT=failpoint)

    def run(self, words: list[str], **environment: str) -> Life:
        """Start any Python process."""
        life = Life(self.folder, words, **environment)
        self._lives.append(life)
        return life

    def effects(self, flow: FlowHandle | None = None, moment: str = "start") -> list[Effect]:
        """The lines left so far, of one flow or of all."""
        path = self.folder / "effects"
        lines = path.read_text().splitlines() if path.exists() else []
        found = [Effect(**json.loads(each)) for each in lines]
        return [one for one in found if one.moment == moment and (flow is None or one.offset == flow.offset)]

    def started(self, flow: FlowHandle, count: int = 1) -> None:
        """Wait until so many bodies of a flow have begun."""
        until(lambda: len(self.effects(flow)) >= count)

    def offsets_by_queue(self) -> dict[str, list[int]]:
        """In which order each queue's bodies began."""
        found = defaultdict(list)
        for effect in self.effects():
            found[effect.queue].append(effect.offset)
        return found

    def close(self) -> None:
        """End every process and connection."""
        for life in self._lives:
            life.destroy()
        self.client.close()


def _free(gate: IO[str]) -> bool:
    try:
        fcntl.flock(gate, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(gate, fcntl.LOCK_UN)
    return True


def until(ask: Callable[[], Answer], seconds: float = 15.0) -> Answer:
    """Ask until the answer is true; fail when it never is."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.005)
    return answer
