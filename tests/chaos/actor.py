"""A process of a run: started, stopped, killed and started again, and recorded under one name all the while."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_PATIENCE = 30.0


class Actor:
    """Runs a module with one JSON argument."""

    def __init__(self, module: str, told: Mapping[str, Any]) -> None:
        self.name: str = told["actor"]
        self.folder = Path(told["folder"])
        self._module = module
        self._told = dict(told)
        self._process: subprocess.Popen[bytes] | None = None
        self._lives = 0

    def start(self, **told: Any) -> None:
        """Start a life of it; what is told anew is told to all that follow."""
        self._told.update(told)
        self._lives += 1
        words = [sys.executable, "-m", self._module, json.dumps(self._told)]
        with (self.folder / f"{self.name}.err").open("ab") as errors:
            self._process = subprocess.Popen(words, cwd=ROOT, stdout=errors, stderr=errors)

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    @property
    def lives(self) -> int:
        """How often it was started."""
        return self._lives

    @property
    def ended(self) -> bool:
        """Whether its process has ended."""
        return self._process is None or self._process.poll() is not None

    @property
    def stopped(self) -> bool:
        """Whether every thread of it has stopped."""
        states = []
        for stat in Path(f"/proc/{self.pid}/task").glob("*/stat"):
            try:
                states.append(stat.read_text().rpartition(")")[2].split()[0])
            except (FileNotFoundError, ProcessLookupError):
                # A thread that has just ended.
                continue
        return all(state in "Tt" for state in states)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def wait_until_stopped(self, seconds: float) -> bool:
        """Wait until it has stopped; False if it has not in time."""
        until = time.monotonic() + seconds
        while not self.stopped:
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
        return True

    def kill(self) -> None:
        """End it at once."""
        if not self.ended:
            self.send(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def finish(self) -> int:
        """Ask it to end, and wait for that; return its exit code."""
        assert self._process is not None
        self.send(signal.SIGTERM)
        return self._process.wait(_PATIENCE)
