"""What would have to happen for a flow that waits: a line for each reason, to read or to type."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from theflow.cli.limits import shell_words
from theflow.model.reason import Reason
from theflow.model.view import FlowDetail

if TYPE_CHECKING:
    from collections.abc import Callable


def hint_of(reason: Reason, flow: FlowDetail) -> str:
    """Say what lets a flow go on that waits for this reason; empty if nothing is known."""
    found = _HINTS.get(reason.code)
    return found(reason, flow) if found else ""


def _limit(reason: Reason, option: str = "") -> str:
    if reason.scope is None:
        return ""
    if reason.needs is not None:
        option = f"--{reason.needs.part} {reason.needs.units}"
    return f"theflow shape set {shell_words(reason.scope)} {option}"


def _queue_or_class(_: Reason, flow: FlowDetail) -> str:
    return f"theflow shape resume {shlex.quote(flow.flow_class)} [--of {shlex.quote(flow.user)}]"


def _paused(reason: Reason, flow: FlowDetail) -> str:
    if flow.status.value in ("paused", "pausing"):
        return f"theflow resume {flow.flow_id}"
    return _queue_or_class(reason, flow)


def _full(reason: Reason, _: FlowDetail) -> str:
    return f"wait until something ends, or {_limit(reason)}"


_HINTS: dict[str, Callable[[Reason, FlowDetail], str]] = {
    "not_due": lambda _, flow: f"wait, or theflow run-now {flow.flow_id}",
    "retry": lambda _, flow: f"wait, or theflow run-now {flow.flow_id}",
    "no_class": lambda *_: "theflow run TARGET, with a TARGET that defines this class",
    "no_version": lambda *_: "theflow run TARGET, with a TARGET that defines this version of the class",
    "no_label": lambda *_: "theflow run TARGET --label LABEL, on a machine that has what the class requires",
    "paused": _paused,
    "queue_full": _full,
    "behind": lambda _, flow: (
        f"wait for those before it, or theflow ls --class {shlex.quote(flow.flow_class)} "
        f"--user {shlex.quote(flow.user)}"
    ),
    "throttled": lambda *_: "wait: a body was told by what it calls to come back later",
    "full": _full,
    "no_resource": lambda reason, _: _limit(reason),
    "too_large": lambda reason, _: _limit(reason),
    "rate": lambda reason, _: f"wait for tokens, or {_limit(reason, '--rate UNITS/SECONDS')}",
    "no_place": lambda *_: "theflow run TARGET on one more machine, or with a larger --flows",
    "others_turn": lambda *_: "wait: those of whom less was let in go first",
    "suspect": lambda _, flow: f"theflow show {flow.flow_id}: look why whatever ran it has died",
    "parked": lambda _, flow: f"mend what the reason says, then theflow resume {flow.flow_id}",
    "subflow": lambda *_: "theflow why ID, with the id of the sub-flow",
    "cancelled": lambda *_: "wait, or see theflow runtimes for who has to hear of it",
    "next": lambda *_: "nothing: it starts by itself",
}
CODES = tuple(_HINTS)
