"""The words for where a flow, a task and an attempt stand."""

from __future__ import annotations

from enum import StrEnum


class FlowStatus(StrEnum):
    """Where a flow stands."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    PARKED = "parked"

    @property
    def ended(self) -> bool:
        """Whether the outcome is final. A parked flow waits for a person: it has not ended."""
        return self in _FLOW_ENDS


class TaskStatus(StrEnum):
    """Where a task of a flow stands."""

    PENDING = "pending"
    RUNNING = "running"
    RETRYING = "retrying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"

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
    LOST = "lost"
    INTERRUPTED = "interrupted"


_FLOW_ENDS = frozenset({FlowStatus.SUCCEEDED, FlowStatus.FAILED})
_TASK_ENDS = frozenset({TaskStatus.SUCCEEDED, TaskStatus.FAILED})
