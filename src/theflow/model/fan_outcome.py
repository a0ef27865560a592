"""When a task that is done in parts is done, and what it then is worth."""

from __future__ import annotations

import json
from typing import Any

from theflow.model.control import Control
from theflow.model.failure import Failure
from theflow.model.mapping import SETTLE
from theflow.model.part import part_name
from theflow.model.plan import Fan
from theflow.model.status import TaskStatus
from theflow.model.task_scheme import TaskScheme


def met(control: Control, fan: Fan) -> bool:
    """Whether the join of a map is satisfied; a list without items always is."""
    if control.map is None:
        return False
    children = len(fan.states)
    if control.map.join == SETTLE:
        return not fan.open
    return fan.succeeded >= control.map.needed(children) or not children


def out_of_reach(control: Control, fan: Fan) -> bool:
    """Whether more parts have failed than may."""
    if control.map is None:
        return bool(fan.failed)
    children = len(fan.states)
    return children - len(fan.failed) - fan.dropped < control.map.needed(children)


def spare(control: Control, fan: Fan) -> bool:
    """Whether nobody needs what is still under way of a task: it has been told so, or would be told now."""
    return fan.closing or met(control, fan) or out_of_reach(control, fan)


def outcome_result(control: Control, fan: Fan) -> bytes | None:
    """Return the result as JSON: that of the last round, or a list with an entry per child.

    An entry is the child's result, or null where it has none; with `settle` it is an object with `result` or `error`.
    """
    if control.map is None:
        return fan.states[len(fan.states) - 1].result
    if control.map.join == SETTLE:
        entries = [
            state.result if _failed(state) else b'{"result":' + (state.result or b"null") + b"}" for state in fan.states
        ]
    else:
        entries = [state.result if state.status is TaskStatus.SUCCEEDED else None for state in fan.states]
    return b"[" + b",".join([entry or b"null" for entry in entries]) + b"]"


def error_result(failure: Failure) -> bytes:
    """Return what stands for the result of a child that failed."""
    error = {"type": failure.type, "message": failure.message}
    return json.dumps({"error": error}, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def outcome_failure(scheme: TaskScheme[..., Any], fan: Fan) -> Failure:
    """Say why it failed: the first of its parts that did, and how many."""
    if not fan.failed:
        few = f"task {scheme.name!r} has {len(fan.states)} children, and needs more"
        return Failure.plain("TooFewChildren", few, "too_few_children")
    first = part_name(scheme.name, fan.failed[0])
    if scheme.control.map is None:
        return Failure.plain("RoundFailed", f"{first!r} failed", "round_failed")
    told = f"{first!r} failed; {len(fan.failed)} of {len(fan.states)} children did"
    return Failure.plain("ChildFailed", told, "child_failed")


def exhausted(rounds: int) -> Failure:
    """Say that a repetition came to its end without its condition."""
    return Failure.plain(
        "RepeatExhausted",
        f"its condition did not hold after {rounds} rounds, which is the most allowed",
        "repeat_exhausted",
    )


def _failed(state: Any) -> bool:
    return bool(state.status is TaskStatus.FAILED)
