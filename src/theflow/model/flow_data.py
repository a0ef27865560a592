"""Steps 3 and 4: a pending flow before and after the database knows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from theflow.model.failure import Failure
from theflow.model.job import JobMeta, JobMetaObject, check_order
from theflow.model.status import BEGUN, FlowStatus, TaskStatus
from theflow.model.view import DONE, Request


class FlowDataPartial(NamedTuple):
    """A pending flow that has no offset yet. `input` is JSON; `version` is None where the scheme is not known."""

    flow_id: str
    meta: JobMeta
    input: bytes
    version: int | None
    run_at: int | None
    created_at: int
    expires_at: int | None = None

    @classmethod
    def pending(cls, meta: JobMeta, *, flow_id: str, data: bytes, version: int | None, now: int) -> FlowDataPartial:
        """Make the pending flow of a job, with its input as JSON; what counts from the submit counts from `now`."""
        run_at = meta.starts_after(now)
        if meta.expires_at is None and meta.expires_in is None:
            return cls(flow_id, meta, data, version, run_at, now)
        expires_at = meta.starts_before(now)
        check_order(run_at, expires_at)
        return cls(flow_id, meta, data, version, run_at, now, expires_at)

    @property
    def plain(self) -> bool:
        """Whether it is saved with nothing but its rows: nearly every job is."""
        return self.meta.unique is None and self.expires_at is None


class TaskDataObject(NamedTuple):
    """One task of a flow as the database knows it; a task without a row has not started.

    `runtime` is the incarnation that wrote it last, `given` the list of a map that was recorded once, as JSON per item.
    `doubt` says that it had an attempt of which nobody knows what it did; `let` names the tasks after it whose
    condition was asked at its end, and held.
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
    given: tuple[bytes, ...] | None = None
    deadline_at: int | None = None
    doubt: bool = False
    let: tuple[str, ...] = ()


class ChildDataObject(NamedTuple):
    """A sub-flow as the flow that waits for it knows it: of which attempt of which task, and where it stands."""

    task: str
    attempt: int
    flow_id: str
    status: FlowStatus
    storage: bytes
    reason: str


class FlowDataObject(NamedTuple):
    """A flow as the database knows it. `claims` counts since its last outcome; `damage` says what could not be read.

    `revert` is what somebody asked for if the flow is being undone, `requests` what people asked of it that is still to
    be done; `reopened` says that it is in the queue for nothing else, as it has ended. `depth` counts the flows above a
    sub-flow; `children` are the sub-flows of a flow that waited for some. `expires_at` is until when it had to start.
    """

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
    depth: int = 0
    children: tuple[ChildDataObject, ...] = ()
    revert: Request | None = None
    requests: tuple[Request, ...] = ()
    reopened: bool = False
    expires_at: int | None = None

    def expired(self, now: int) -> bool:
        """Whether it was not to start any more when it was taken in hand; nothing of it has begun then."""
        if self.expires_at is None or self.tasks or self.status.ended:
            return False
        return (now if self.started_at is None else self.started_at) >= self.expires_at

    def asked_to_end(self, requests: Sequence[Request]) -> FlowDataObject:
        """Return the flow as it stands once somebody has asked a runtime that held it to end it."""
        if self.status not in BEGUN:
            return self
        reasons = [request.line() for request in requests if request.verb == "cancel"]
        return self._replace(status=FlowStatus.CANCELLING, reason=reasons[-1] if reasons else self.reason)


def newest_revert(requests: Sequence[Request]) -> Request | None:
    """Return the newest request to undo the flow that was not refused: a flow that is reverting goes by it."""
    asked = [each for each in requests if each.verb == "revert" and each.answer in ("", DONE)]
    return asked[-1] if asked else None
