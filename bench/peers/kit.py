"""An environment of its own for each peer, with the peer installed: what runs there never meets our packages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

TAIL = 5


class Missing(Exception):
    """A peer cannot be had here; the message says what to do."""


class Kit(Protocol):
    """How a peer is installed and its worker run."""

    def install(self, folder: Path) -> None:
        """Install the peer into a folder; raise Missing where that cannot be done."""

    def command(self, folder: Path, worker: Path) -> list[str]:
        """Return what starts a worker."""

    def environment(self, folder: Path) -> Mapping[str, str]:
        """Return what the worker must find in its environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonKit:
    """A virtual environment."""

    requirements: tuple[str, ...]

    def install(self, folder: Path) -> None:
        """Make the environment and install by pip."""
        _call([sys.executable, "-m", "venv", str(folder)])
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _call([*pip, *self.requirements])

    def command(self, folder: Path, worker: Path) -> list[str]:
        """Start the worker by the interpreter of the environment, with nothing of ours on its path."""
        return [str(folder / "bin" / "python"), "-P", str(worker)]

    def environment(self, folder: Path) -> Mapping[str, str]:  # noqa: ARG002 - the interpreter knows its folder
        """Need nothing."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeKit:
    """A folder of npm packages."""

    requirements: tuple[str, ...]
    path: str = field(default_factory=lambda: os.environ.get("PATH", ""))

    def install(self, folder: Path) -> None:
        """Install by npm."""
        for program in ("node", "npm"):
            if shutil.which(program, path=self.path) is None:
                raise Missing(f"{program} is not here; install it (apt-get install nodejs npm)")
        folder.mkdir(parents=True, exist_ok=True)
        # A manifest of its own keeps npm from looking for one further up.
        (folder / "package.json").write_text("{}\n")
        _call(["npm", "install", "--no-fund", "--no-audit", "--prefix", str(folder), *self.requirements])

    def command(self, folder: Path, worker: Path) -> list[str]:  # noqa: ARG002 - node is the machine's
        """Start the worker by node."""
        return ["node", str(worker)]

    def environment(self, folder: Path) -> Mapping[str, str]:
        """Name the packages of the folder: the worker's file is not beside them."""
        return {"NODE_PATH": str(folder / "node_modules")}


def ready(kit: PythonKit | NodeKit, folder: Path) -> None:
    """Install unless the same requirements were installed before."""
    wanted, note = "\n".join(kit.requirements), folder / "installed"
    if note.exists() and note.read_text() == wanted:
        return
    kit.install(folder)
    note.write_text(wanted)


def _call(command: Sequence[str]) -> None:
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise Missing(f"{' '.join(command)}: " + " | ".join(done.stdout.splitlines()[-TAIL:]))
