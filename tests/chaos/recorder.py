"""What an actor of a run did and saw: a line of JSON each, in a file of its own, in the order of one clock for all."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from theflow.errors import CommitUnknown, Fenced, StoreError


@dataclass(frozen=True)
class Event:
    """One line. `phase` is invoke, then ok, fail, fenced or unknown; or info, where there is nothing to wait for."""

    mono: float
    ev: str
    phase: str = "info"
    actor: str = ""
    pid: int = 0
    about: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.about[name]


class Recorder:
    """Writes the lines of one actor; each in one go, so that a kill cuts none in two."""

    def __init__(self, folder: Path, actor: str) -> None:
        self._actor = actor
        self._handle = os.open(folder / f"{actor}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, ev: str, phase: str = "info", **about: Any) -> None:
        """Add a line. The clock is read last before it is written."""
        line = {"ev": ev, "phase": phase, "actor": self._actor, "pid": os.getpid(), "about": about}
        os.write(self._handle, json.dumps({"mono": time.monotonic(), **line}).encode() + b"\n")

    def close(self) -> None:
        """Write no more."""
        os.close(self._handle)

    @contextmanager
    def told(self, ev: str, **about: Any) -> Iterator[None]:
        """Write what is asked before it is asked, and what came of it afterwards."""
        self.write(ev, "invoke", **about)
        try:
            yield
        except StoreError as error:
            # Whether it happened is known of all but the first.
            phase = {CommitUnknown: "unknown", Fenced: "fenced"}.get(type(error), "fail")
            self.write(ev, phase, **about, error=str(error)[:300])
            raise
        self.write(ev, "ok", **about)


def recorded(folder: Path) -> list[Event]:
    """All that was recorded in a folder, in the order in which it happened."""
    lines = [line for path in folder.glob("*.jsonl") for line in path.read_text().splitlines()]
    return sorted((Event(**json.loads(line)) for line in lines), key=lambda event: event.mono)
