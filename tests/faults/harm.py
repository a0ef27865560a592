"""What a process does to itself before it runs: the faults that cannot be done to it from outside."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Mapping
from typing import Any

from theflow.database.server_session import ServerSession
from theflow.runtime.clock import SystemClock
from theflow.runtime.failpoint import Failpoints


class SkewedClock(SystemClock):
    """A wall clock that is wrong by some seconds, or stands still."""

    def __init__(self, seconds: float, *, frozen: bool) -> None:
        self._skew = int(seconds * 1_000_000)
        self._frozen = time.time_ns() // 1000 if frozen else None

    def now(self) -> int:
        """Microseconds since 1970, UTC, or so it says."""
        return (super().now() if self._frozen is None else self._frozen) + self._skew


def signal_at(place: str, number: int) -> None:
    """Send a signal to this process when it first passes a failpoint."""
    reach = Failpoints.reach
    left = [number]

    def passing(points: Failpoints, name: str) -> None:
        if name == place and left:
            os.kill(os.getpid(), left.pop())
        reach(points, name)

    Failpoints.reach = passing


def stop_inside(statement: str) -> None:
    """Stop with SIGSTOP in the middle of the first transaction in which a statement ran."""
    many = ServerSession.many
    left = [signal.SIGSTOP]

    def ran(session: ServerSession, name: str, rows: Any) -> int:
        changed = many(session, name, rows)
        if name == statement and rows and left:
            os.kill(os.getpid(), left.pop())
        return changed

    ServerSession.many = ran


def harmed(told: Mapping[str, Any]) -> SkewedClock:
    """Do what is told; return the clock to run by."""
    if "signal_at" in told:
        signal_at(told["signal_at"], signal.SIGTERM)
    if "stop_inside" in told:
        stop_inside(told["stop_inside"])
    if "memory" in told:
        resource.setrlimit(resource.RLIMIT_AS, (told["memory"], told["memory"]))
    return SkewedClock(told.get("skew", 0.0), frozen=told.get("frozen", False))
