"""Why a task is undone: what a compensation is told."""

from __future__ import annotations

from dataclasses import dataclass

# The name of what undoes a task is that of the task, and this.
SUFFIX = "/undo"
# What is recorded when a flow begins to undo a task, as a JSON list of one: whether the outcome of the task was known.
KNOWN = b'[{"unknown":false}]'
UNKNOWN = b'[{"unknown":true}]'
# The same as it is read back.
UNKNOWN_ITEMS = (UNKNOWN[1:-1],)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """A parameter of a compensation annotated `Undo` gets one of these.

    `reason` says why the flow is reverted. `unknown` says that nobody knows whether the task was done: an attempt was
    lost with its process, ran out of time or was cancelled while it ran. `task` is the name of the task to undo.
    """

    reason: str
    unknown: bool
    task: str
