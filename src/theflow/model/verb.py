"""What people may ask of a flow, and where it must stand for that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from theflow.model.status import FlowStatus, TaskStatus

# What came of a request that no runtime heard in time.
ENDED_BEFORE = "not heard: the flow had ended"
CANCELLED_BEFORE = "not heard: the flow was cancelled"
EXPIRED_BEFORE = "not heard: the flow had not started in time"
# Why a flow ended that had not started when its time was up.
EXPIRED = "expired: it had not started when its time was up"
_PENDING, _RUNNING = FlowStatus.PENDING, FlowStatus.RUNNING
_RESTING = (FlowStatus.PARKED, FlowStatus.PAUSING, FlowStatus.PAUSED)
FITS: Mapping[str, tuple[FlowStatus, ...]] = {
    "revert": (
        _RUNNING,
        FlowStatus.WAITING,
        *_RESTING,
        FlowStatus.SUCCEEDED,
        FlowStatus.FAILED,
        FlowStatus.CANCELLED,
        FlowStatus.REVERTED,
        FlowStatus.REVERT_FAILED,
    ),
    "cancel": (_PENDING, _RUNNING, FlowStatus.WAITING, FlowStatus.CANCELLING, *_RESTING),
    "pause": (_PENDING, _RUNNING),
    "resume": _RESTING,
    "retry": (FlowStatus.FAILED, FlowStatus.CANCELLED),
    "retry_from": (FlowStatus.SUCCEEDED, FlowStatus.FAILED, FlowStatus.CANCELLED, FlowStatus.PARKED, FlowStatus.PAUSED),
    "skip": (_PENDING, _RUNNING, FlowStatus.FAILED, *_RESTING),
    "mark_done": (_PENDING, _RUNNING, FlowStatus.FAILED, *_RESTING),
    "mark_failed": (_PENDING, _RUNNING, *_RESTING),
    "edit_storage": (_PENDING, _RUNNING, FlowStatus.FAILED, FlowStatus.CANCELLED, *_RESTING),
    "run_now": (_PENDING, _RUNNING, *_RESTING),
    "edit_job": (_PENDING, FlowStatus.PAUSED),
    "fork": (_RUNNING, FlowStatus.SUCCEEDED, FlowStatus.FAILED, FlowStatus.CANCELLED, *_RESTING),
}

# Where a task must stand that a verb names.
_OPEN = (TaskStatus.PENDING, TaskStatus.RUNNING, TaskStatus.RETRYING)
_TASK_FITS: Mapping[str, tuple[TaskStatus, ...]] = {
    "retry": (TaskStatus.FAILED, TaskStatus.CANCELLED),
    "skip": (TaskStatus.PENDING, TaskStatus.RETRYING, TaskStatus.FAILED),
    "mark_done": (*_OPEN, TaskStatus.FAILED),
    "mark_failed": _OPEN,
    "run_now": (TaskStatus.RETRYING,),
}


def misfit(verb: str, flow_id: str, stand: FlowStatus) -> str:
    """Say why a verb does not fit where a flow stands; empty if it does."""
    fits = FITS[verb]
    if stand in fits:
        return ""
    return f"flow {flow_id} is {stand}; {verb} is for flows that are {_listed(fits)}"


def task_misfit(verb: str, name: str, stand: TaskStatus) -> str:
    """Say why a verb does not fit where a task stands; empty if it does."""
    fits = _TASK_FITS.get(verb)
    if fits is None or stand in fits:
        return ""
    return f"task {name!r} is {stand}; {verb} is for tasks that are {_listed(fits)}"


def _listed(words: Sequence[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else str(last)
