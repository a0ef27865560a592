"""The words for where a flow, a task and an attempt stand."""

from __future__ import annotations

from enum import StrEnum


class FlowStatus(StrEnum):
    """Where a flow stands."""

    PENDING = "pending"
    RUNNING = "running"
    CANCELLING = "cancelling"
    REVERTING = "reverting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REVERTED = "reverted"
    REVERT_FAILED = "revert_failed"
    PARKED = "parked"
    PAUSING = "pausing"
    PAUSED = "paused"
    WAITING = "waiting"

    @property
    def ended(self) -> bool:
        """Whether it has its outcome. A parked or paused flow waits for a person, a waiting one for its sub-flows."""
        return self in _FLOW_ENDS


class TaskStatus(StrEnum):
    """Where a task of a flow stands."""

    PENDING = "pending"
    RUNNING = "running"
    RETRYING = "retrying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    WAITING = "waiting"

    @property
    def ended(self) -> bool:
        """Whether the task has its one outcome, which never changes."""
        return self in _TASK_ENDS


class AttemptStatus(StrEnum):
    """How one attempt of a task ended."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    THROTTLED = "throttled"
    LOST = "lost"
    INTERRUPTED = "interrupted"


# How an attempt ends of which nobody knows what it did. One that raised has said so itself.
IN_DOUBT = frozenset({AttemptStatus.TIMED_OUT, AttemptStatus.CANCELLED, AttemptStatus.LOST, AttemptStatus.INTERRUPTED})
# Where a flow stands that is to rest, or does.
PAUSES = (FlowStatus.PAUSING, FlowStatus.PAUSED)
# Where a flow may still come to a good end, in the hands of a runtime.
GOING_ON = (FlowStatus.RUNNING, *PAUSES)
# Where a flow stands that has done something, or may have, and that nobody has asked to end.
BEGUN = (*GOING_ON, FlowStatus.WAITING, FlowStatus.PARKED)
# Where a flow may stand of which a task has failed for good.
FAILED_ONCE = frozenset({FlowStatus.FAILED, FlowStatus.REVERTING, FlowStatus.REVERTED, FlowStatus.REVERT_FAILED})
# What was done is undone after an end, too: that is a new run of it, which somebody asks for.
_FLOW_ENDS = frozenset(
    {
        FlowStatus.SUCCEEDED,
        FlowStatus.FAILED,
        FlowStatus.CANCELLED,
        FlowStatus.REVERTED,
        FlowStatus.REVERT_FAILED,
    }
)
_TASK_ENDS = frozenset({TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.CANCELLED, TaskStatus.SKIPPED})
