"""Steps 3 and 4: a pending flow before and after the database knows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from theflow.model.failure import Failure
from theflow.model.job import JobMeta, JobMetaObject, microseconds
from theflow.model.status import FlowStatus, TaskStatus


class FlowDataPartial(NamedTuple):
    """A pending flow that has no offset yet. `input` is JSON; `version` is None where the scheme is not known."""

    flow_id: str
    meta: JobMeta
    input: bytes
    version: int | None
    run_at: int | None
    created_at: int

    @classmethod
    def pending(cls, meta: JobMeta, *, flow_id: str, data: bytes, version: int | None, now: int) -> FlowDataPartial:
        """Make the pending flow of a job, with its input as JSON."""
        run_at = None if meta.run_at is None else microseconds(meta.run_at)
        return cls(flow_id, meta, data, version, run_at, now)


class TaskDataObject(NamedTuple):
    """One task of a flow as the database knows it; a task without a row has not started.

    `runtime` is the incarnation that wrote it last.
    """

    name: str
    status: TaskStatus
    attempt: int
    failures: int
    result: bytes | None
    retry_at: int | None
    started_at: int | None
    ended_at: int | None
    runtime: int = 0


class FlowDataObject(NamedTuple):
    """A flow as the database knows it. `claims` counts since its last outcome; `damage` says what could not be read."""

    job: JobMetaObject
    version: int | None
    status: FlowStatus
    storage: Mapping[str, bytes]
    reason: str = ""
    run_at: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    tasks: tuple[TaskDataObject, ...] = ()
    failure: Failure | None = None
    claims: int = 0
    damage: str = ""
