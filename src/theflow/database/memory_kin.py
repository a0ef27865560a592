"""Sub-flows in the reference store: begun in a turn of their parent, who is woken in the turn that ends them."""

from __future__ import annotations

from abc import abstractmethod

from theflow.database.batch import Batch, RestRow, SubflowRow
from theflow.database.memory_flow import MemoryFlow
from theflow.database.memory_requests import MemoryRequests
from theflow.database.records import Incarnation
from theflow.model.flow_data import ChildDataObject, FlowDataPartial
from theflow.model.job import JobMetaObject
from theflow.model.status import TaskStatus
from theflow.model.view import FlowLink, Kin


class MemoryKin(MemoryRequests):
    """What the reference store is asked of sub-flows, under its lock."""

    def woken(self, incarnation: Incarnation) -> list[tuple[int, ChildDataObject]]:
        """List the sub-flows that have ended and that flows which the incarnation holds wait for, by their parents."""
        with self._lock:
            held = [job.offset for job in self._queue.held_by(incarnation.id) if job.woken]
            found = ((offset, child) for offset in held for child in self._awaited(offset))
            return [(offset, child) for offset, child in found if child.status.ended]

    def kin(self, offset: int) -> Kin:
        """Return the flow above a flow, and those that it started, as people are shown them."""
        with self._lock:
            flow = self._flows.get(offset)
            parent = None
            if flow is not None and flow.parent is not None:
                parent = _link(self._flows[flow.parent[0]], flow.parent)
            children = [
                _link(each, each.parent) for each in self._flows.values() if each.parent and each.parent[0] == offset
            ]
            return Kin(parent=parent, children=tuple(children))

    @abstractmethod
    def _create_or_get(self, partial: FlowDataPartial) -> JobMetaObject:
        """Save a job with its pending flow."""

    # --- under the lock -------------------------------------------------------------------------------------------
    def _save_kin(self, batch: Batch) -> None:
        known = {flow.parent for flow in self._flows.values() if flow.parent}
        for row in batch.subflows:
            if (row.offset, row.name, row.attempt) not in known:
                self._adopt(row)
        for parent, request, names in batch.abandoned:
            for child in self._open_children(parent):
                if not names or (child.parent and child.parent[1] in names):
                    self._tell(child.job.offset, request)
        for rest in batch.resting:
            self._rest(rest)
        for offset in batch.ended_children:
            self._wake_parent(self._flows[offset])

    def _adopt(self, row: SubflowRow) -> None:
        offset = self._create_or_get(row.flow).offset
        flow, job = self._flows[offset], self._queue.get(offset)
        flow.depth, flow.parent = row.depth, (row.offset, row.name, row.attempt)
        if job is not None:
            job.level = -row.depth

    def _rest(self, row: RestRow) -> None:
        job = self._queue.get(row.offset)
        if job is not None:
            job.owner = None
            job.resting = not (job.woken or job.asked > row.heard or job.verbs)
            job.claims = max(job.claims - 1, 0)

    def _awaited(self, parent: int) -> tuple[ChildDataObject, ...]:
        waiting = {
            (parent, task.name, task.attempt)
            for task in self._flows[parent].tasks.values()
            if task.status == TaskStatus.WAITING
        }
        return tuple(_child(flow, flow.parent) for flow in self._flows.values() if flow.parent in waiting)


def _child(flow: MemoryFlow, parent: tuple[int, str, int] | None) -> ChildDataObject:
    _, task, attempt = parent or (0, "", 0)
    storage = flow.input if flow.storage is None else flow.storage
    left = storage.encode() if flow.stand.ended else b"null"
    return ChildDataObject(task, attempt, flow.job.flow_id, flow.stand, left, flow.reason)


def _link(flow: MemoryFlow, parent: tuple[int, str, int] | None) -> FlowLink:
    _, task, attempt = parent or (0, "", 0)
    meta = flow.job.meta
    return FlowLink(
        flow_id=flow.job.flow_id,
        offset=flow.job.offset,
        flow_class=meta.flow_class,
        user=meta.user,
        status=flow.stand,
        reason=flow.reason,
        task=task,
        attempt=attempt,
    )
