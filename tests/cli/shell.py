"""The command line as a test calls it: in this process against a real database, or as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from theflow.cli.root import root

COMMAND = (sys.executable, "-m", "theflow")


@dataclass(frozen=True)
class Answer:
    """What a call printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as one document."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Shell:
    """A directory with its own database."""

    folder: Path

    def __call__(self, *words: str, stdin: str = "") -> Answer:
        """Run a command in this process; an exception that is none of theflow's fails the test."""
        result = CliRunner().invoke(root, words, input=stdin, prog_name="theflow")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Answer(result.exit_code, result.stdout, result.stderr)

    def start(self, *words: str, **settings: Any) -> subprocess.Popen[str]:
        """Start a command as a process of its own."""
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(
            [*COMMAND, *words], cwd=self.folder, text=True, env=os.environ.copy(), **pipes | settings
        )

    def submit(self, *words: str) -> str:
        """Submit a job; return the id of its flow."""
        answer = self("submit", *words)
        assert answer.code == 0, answer.err
        return answer.out.strip()
