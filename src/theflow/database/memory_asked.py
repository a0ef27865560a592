"""What people ask of a flow in the reference store, and when it is due by that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from theflow.database.batch import AnswerRow
from theflow.database.codec import encode
from theflow.database.memory_queue import MemoryJob
from theflow.model.flow_data import FlowDataPartial
from theflow.model.job import JobMetaObject
from theflow.model.status import FlowStatus
from theflow.model.submission import KeyHolder
from theflow.model.view import Request


@dataclass(slots=True, kw_only=True)
class MemoryAsked:
    """The row of a flow, and the requests that stand with it. Statuses are text, as a damaged row may say anything."""

    job: JobMetaObject
    input: str
    version: int | None
    run_at: int | None
    status: str = FlowStatus.PENDING
    storage: str | None = None
    reason: str = ""
    started_at: int | None = None
    ended_at: int | None = None
    ending: str | None = None
    paused_at: int | None = None
    unique: str | None = None
    expires_at: int | None = None
    requests: list[Request] = field(default_factory=list)

    def pause(self, request: Request) -> None:
        """Rest before it has started."""
        self.status, self.reason, self.paused_at = FlowStatus.PAUSED, request.line(), request.asked_at

    def hasten(self, now: int, job: MemoryJob) -> None:
        """Be due now."""
        if self.run_at is not None and self.run_at > now:
            self._move(now)
        if job.run_at is not None and job.run_at > now:
            job.run_at = now

    def replace(self, flow: FlowDataPartial) -> None:
        """Do another job from the start."""
        self.input, self.version, self.run_at = flow.input.decode(), flow.version, flow.run_at
        given = flow.meta
        meta = replace(self.job.meta, description=given.description, labels=dict(given.labels), priority=given.priority)
        self.job = self.job._replace(meta=replace(meta, run_at=flow.run_at))

    def edit(self, changes: Mapping[str, Any], job: MemoryJob) -> None:
        """Be another job in what is given."""
        meta = self.job.meta
        priority, run_at = changes.get("priority", meta.priority), changes.get("run_at", self.run_at)
        if "input" in changes:
            self.input = encode(changes["input"]).decode()
        meta = replace(meta, description=changes.get("description", meta.description), priority=priority)
        self.job = self.job._replace(meta=meta)
        self._move(run_at)
        job.priority, job.run_at = priority, changes.get("run_at", job.run_at)

    def expire(self, now: int, reason: str) -> bool:
        """End if it has not begun."""
        if self.started_at is not None or self.status not in (FlowStatus.PENDING, FlowStatus.PAUSED):
            return False
        self.status, self.reason, self.ended_at, self.ending = FlowStatus.CANCELLED, reason, now, "expired"
        return True

    def to_holder(self, job: MemoryJob | None) -> KeyHolder:
        """Read the flow as what its unique key belongs to."""
        known = self.status in FlowStatus.__members__.values()
        return KeyHolder(
            offset=self.job.offset,
            flow_id=self.job.flow_id,
            status=FlowStatus(self.status) if known else FlowStatus.PARKED,
            begun=self.started_at is not None,
            held=job is not None and job.owner is not None,
            asked=job is not None and job.asked,
            verbs=0 if job is None else job.verbs,
            created_at=self.job.created_at,
        )

    def _move(self, run_at: int | None) -> None:
        self.run_at = run_at
        self.job = self.job._replace(meta=replace(self.job.meta, run_at=run_at))

    @property
    def open_requests(self) -> list[Request]:
        """What was asked of it and is still to be done."""
        return [request for request in self.requests if request.handled_at is None]

    def answer(self, row: AnswerRow) -> bool:
        """Write what came of a request; False if that was said before."""
        for number, request in enumerate(self.requests):
            if request.id == row.id and request.handled_at is None:
                self.requests[number] = replace(request, handled_at=row.at, answer=row.answer)
                return True
        return False

    def drop_requests(self, now: int, answer: str) -> None:
        """Write that nobody hears what was asked before."""
        for request in self.open_requests:
            self.answer(AnswerRow(self.job.offset, request.id, now, answer, counted=False))
