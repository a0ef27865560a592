"""Runtimes in processes of their own, started together, and killed at will."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bench.child import CHECKOUT
from bench.load import WorkLost

ELSEWHERE = ("sh", "-c", 'hostname elsewhere && exec "$@"', "sh")


class Member:
    """A process of bench.child that says a line of JSON now and then, and waits for lines where it should."""

    def __init__(self, arguments: Sequence[str], prefix: Sequence[str] = ()) -> None:
        self._process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "bench.child", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            text=True,
        )

    def hear(self) -> dict[str, float]:
        """Wait for its next line."""
        line = self._process.stdout.readline()
        if not line:
            raise WorkLost(f"a runtime process ended with {self._process.wait()} before it had said all")
        return json.loads(line)

    def tell(self) -> None:
        """Let it go on."""
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def end(self) -> None:
        """See to it that it is gone."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def crew(*members: Member) -> Iterator[tuple[Member, ...]]:
    """Leave none of them behind."""
    try:
        yield members
    finally:
        for member in members:
            member.end()


def elsewhere() -> list[str] | None:
    """Return what runs a command under another host name, so that it looks as on another machine; None if forbidden."""
    for unshare in (["unshare", "--uts"], ["unshare", "--map-root-user", "--uts"]):
        command = [*unshare, *ELSEWHERE]
        if (
            shutil.which("unshare")
            and not subprocess.run([*command, "true"], check=False, capture_output=True).returncode
        ):
            return command
    return None
