"""What people ask of a flow in the reference store, and when it is due by that."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from theflow.database.batch import AnswerRow
from theflow.database.memory_queue import MemoryJob
from theflow.model.job import JobMetaObject
from theflow.model.status import FlowStatus
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
