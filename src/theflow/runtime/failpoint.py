"""Places where a test lets the process die: THEFLOW_FAILPOINT=name:n kills it with SIGKILL at the n-th passing."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping

from theflow.errors import InputError

NAMES = (
    "before_claim_commit",
    "after_claim_commit",
    "mid_body",
    "before_outcome_commit",
    "after_outcome_commit",
    "before_transaction_commit",
    "after_transaction_commit",
    "after_obey",
    "during_release",
)


class Failpoints:
    """Counts passings; without an armed name it does nothing."""

    def __init__(self, name: str = "", passings: int = 0) -> None:
        self._name = name
        self._left = passings

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Failpoints:
        """Read THEFLOW_FAILPOINT."""
        text = environment.get("THEFLOW_FAILPOINT", "")
        if not text:
            return cls()
        name, _, count = text.partition(":")
        if name not in NAMES or not (count or "1").isdigit():
            raise InputError(f"THEFLOW_FAILPOINT={text}: write name:count, with a name of {', '.join(NAMES)}")
        return cls(name, int(count or 1))

    def reach(self, name: str) -> None:
        """Pass a place; die here if it is the armed one and its time has come."""
        if name != self._name:
            return
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
