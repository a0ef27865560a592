"""How long tests wait for processes: on a busy machine an import takes seconds, and no claim is about that."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tests.runtime import works

Answer = TypeVar("Answer")
LONG = 60


def until(ask: Callable[[], Answer]) -> Answer:
    """Ask until the answer is true; fail when it never is."""
    return works.until(ask, LONG)
