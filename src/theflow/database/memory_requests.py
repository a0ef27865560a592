"""What people ask of a flow in the reference store: it is done at once, or left for the runtime that holds the flow."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from itertools import count

from theflow.database.batch import AnswerRow
from theflow.database.memory_flow import MemoryFlow
from theflow.database.memory_queue import MemoryJob, MemoryQueue
from theflow.database.records import Incarnation, SchemeRecord, Told
from theflow.database.rows import undoes_on_cancel
from theflow.model.status import BEGUN, FlowStatus
from theflow.model.submission import BeforeIt, edit_misfit
from theflow.model.verb import CANCELLED_BEFORE, ENDED_BEFORE, misfit
from theflow.model.view import DONE, Request


class MemoryRequests:
    """The requests of the reference store, under its lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flows: dict[int, MemoryFlow] = {}
        self._queue = MemoryQueue()
        self._schemes: dict[tuple[str, int], SchemeRecord] = {}
        self._writes = 0
        self._request_ids = count(1)

    def ask(self, wanted: Sequence[tuple[int, Request]]) -> list[Told]:
        """Ask things of flows in one transaction, each on its own: done at once, left for a runtime, or refused."""
        with self._lock:
            order = sorted(range(len(wanted)), key=lambda number: wanted[number][0])
            told = {number: self._tell(*wanted[number]) for number in order}
            self._writes += any(each.id for each in told.values())
            return [told[number] for number in range(len(wanted))]

    def asked(self, incarnation: Incarnation) -> list[tuple[int, Request]]:
        """List what somebody asked of the flows that the incarnation holds and is still to be done, in order."""
        with self._lock:
            found = [job.offset for job in self._queue.held_by(incarnation.id) if job.asked or job.verbs]
            return [(offset, each) for offset in sorted(found) for each in self._flows[offset].open_requests]

    def requests(self, offset: int) -> list[Request]:
        """List what was asked of a flow, the oldest first."""
        with self._lock:
            flow = self._flows.get(offset)
            return [] if flow is None else list(flow.requests)

    def _answer(self, rows: Sequence[AnswerRow]) -> None:
        for row in rows:
            job = self._queue.get(row.offset)
            if self._flows[row.offset].answer(row) and row.counted and job is not None and job.verbs:
                job.verbs -= 1
                job.reopened = False

    def _tell(self, offset: int, request: Request) -> Told:
        flow, job = self._flows.get(offset), self._queue.get(offset)
        if flow is None:
            return Told(None)
        if request.verb == "cancel":
            return self._cancel(flow, job, request)
        if request.verb == "resume" and job is not None and job.owner is None and job.parked:
            flow.resume(request.asked_at, job)
            job.parked, job.claims = False, 0
            return self._done(flow, request)
        to_end = job is not None and job.asked and not flow.stand.ended
        refusal = misfit(request.verb, flow.job.flow_id, FlowStatus.CANCELLING if to_end else flow.stand)
        if refusal:
            return Told(flow.stand, refusal=refusal)
        if request.verb == "edit_job" and job is not None:
            return self._edit(flow, job, request)
        if flow.stand is FlowStatus.PENDING and job is not None:
            if request.verb == "pause" and job.owner is None:
                flow.pause(request)
                job.parked = True
                return self._done(flow, request)
            if request.verb == "run_now":
                flow.hasten(request.asked_at, job)
                return self._done(flow, request)
        return self._leave(flow, job, request)

    def _edit(self, flow: MemoryFlow, job: MemoryJob, request: Request) -> Told:
        stand = BeforeIt(flow.job.flow_id, flow.started_at is not None, flow.storage is not None, flow.expires_at)
        refusal = edit_misfit(stand, request.payload)
        if job.owner is not None or refusal:
            return Told(flow.stand, refusal=refusal or f"flow {flow.job.flow_id} is in hand; it begins")
        flow.edit(request.payload, job)
        return self._done(flow, request)

    def _leave(self, flow: MemoryFlow, job: MemoryJob | None, request: Request) -> Told:
        if job is not None:
            job.verbs += 1
            job.parked, job.resting = False, False
        elif flow.stand.ended:
            flow.drop_requests(request.asked_at, ENDED_BEFORE)
            self._queue.reopen(MemoryJob.again(flow.job, flow.version))
        else:
            why = f"flow {flow.job.flow_id} is {flow.stand} and has no job: its rows are damaged"
            return Told(flow.stand, refusal=why)
        return Told(flow.stand, self._note(flow, request))

    def _cancel(self, flow: MemoryFlow, job: MemoryJob | None, request: Request) -> Told:
        if job is None or flow.stand.ended or flow.stand is FlowStatus.REVERTING:
            return Told(flow.stand, refusal=misfit(request.verb, flow.job.flow_id, flow.stand))
        if job.owner is None and not (flow.stand in BEGUN and self._undoes(flow)):
            return self._cancel_free(flow, job, request)
        if job.asked:
            return Told(FlowStatus.CANCELLING)
        job.asked = True
        if job.owner is None:
            job.parked, job.resting, job.claims = False, False, 0
        return Told(FlowStatus.CANCELLING, self._note(flow, request))

    def _cancel_free(self, flow: MemoryFlow, job: MemoryJob, request: Request) -> Told:
        """Cancel a flow that nobody holds; it ends now, unless flows below it have to end first that somebody holds."""
        below = request.passed_on(flow.job.flow_id)
        stands = [self._tell(child.job.offset, below).stand for child in self._open_children(job.offset)]
        if any(stand is not None and not stand.ended for stand in stands):
            if job.asked:
                return Told(FlowStatus.CANCELLING)
            flow.status, flow.reason = FlowStatus.CANCELLING, request.line()
            job.asked, job.woken, job.parked, job.resting = True, False, False, True
            return self._done(flow, request)
        flow.cancel(request)
        if job.verbs or job.asked:
            flow.drop_requests(request.asked_at, CANCELLED_BEFORE)
        self._queue.remove(job.offset)
        self._wake_parent(flow)
        return self._done(flow, request)

    def _undoes(self, flow: MemoryFlow) -> bool:
        known = self._schemes.get((flow.job.meta.flow_class, flow.version or 0))
        return known is not None and undoes_on_cancel(known.definition)

    def _open_children(self, parent: int) -> list[MemoryFlow]:
        flows = self._flows.values()
        return [flow for flow in flows if flow.parent and flow.parent[0] == parent and not flow.stand.ended]

    def _wake_parent(self, flow: MemoryFlow) -> None:
        job = self._queue.get(flow.parent[0]) if flow.parent else None
        if job is not None:
            job.woken, job.resting = True, False

    def _done(self, flow: MemoryFlow, request: Request) -> Told:
        done = replace(request, handled_at=request.asked_at, answer=DONE)
        return Told(flow.stand, self._note(flow, done), done=True)

    def _note(self, flow: MemoryFlow, request: Request) -> int:
        number = next(self._request_ids)
        flow.requests.append(replace(request, id=number))
        return number
