"""How much time a flow, a task or a body may be given."""

from __future__ import annotations

import math

from theflow.errors import SchemeError
from theflow.model.control import Control

TIMEOUT_LIMIT = 366 * 86_400.0


def checked_seconds(where: str, what: str, seconds: float | None) -> float | None:
    """Return a time that is above nothing, if one is given; raise SchemeError for what is none."""
    if seconds is None:
        return None
    number = type(seconds) in (int, float) and math.isfinite(seconds)
    if not number or not 0 < seconds <= TIMEOUT_LIMIT:
        raise SchemeError(f"{where}: {what} is {seconds!r}; give it seconds above 0, at most {TIMEOUT_LIMIT:g}")
    return seconds


def checked_grace(flow: str, seconds: float) -> float:
    """Return how long bodies have that are told to end; raise SchemeError for what is no time."""
    if type(seconds) not in (int, float) or not 0 <= seconds <= TIMEOUT_LIMIT:
        raise SchemeError(
            f"flow {flow!r}: cancel_grace is {seconds!r}; give it seconds from 0, at most {TIMEOUT_LIMIT:g}"
        )
    return seconds


def check_deadline(where: str, deadline: float | None, control: Control) -> None:
    """Refuse a deadline of a task whose parts would each need their own."""
    if deadline is not None and control.divides:
        raise SchemeError(
            f"{where} has a deadline, and map or repeat; give it a timeout for each attempt, or its flow a deadline"
        )
