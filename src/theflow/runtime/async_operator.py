"""What people may do to flows and queues by hand, for async code: said in a thread, so that the loop goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Unpack

from theflow.model.job import JobChanges
from theflow.model.limit import Limit, LimitRecord, Scope
from theflow.model.queue_pause import QueuePause
from theflow.model.status import FlowStatus
from theflow.model.view import FlowFilter, Request
from theflow.runtime.client import Client
from theflow.runtime.crowd import Applied, watched
from theflow.runtime.shaper import Explanation


class AsyncOperator:
    """The hands of an AsyncClient; what each verb means stands with the methods of Client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def cancel(self, flow_id: str, reason: str = "", *, by: str | None = None) -> FlowStatus:
        """Ask for a flow to end as it stands; return where it stands then."""
        return await asyncio.to_thread(self._client.cancel, flow_id, reason, by=by)

    async def pause(self, flow_id: str, reason: str = "", *, timers: str = "run", by: str | None = None) -> Request:
        """Ask for a flow to come to rest."""
        return await asyncio.to_thread(self._client.pause, flow_id, reason, timers=timers, by=by)

    async def resume(self, flow_id: str, reason: str = "", *, by: str | None = None) -> Request:
        """Let a parked or paused flow go on."""
        return await asyncio.to_thread(self._client.resume, flow_id, reason, by=by)

    async def revert(self, flow_id: str, to: str | None = None, reason: str = "", *, by: str | None = None) -> Request:
        """Ask for what a flow did to be undone, all of it or what came after the task `to`."""
        return await asyncio.to_thread(self._client.revert, flow_id, to, reason, by=by)

    async def retry(
        self, flow_id: str, tasks: Iterable[str] = (), *, reason: str = "", by: str | None = None
    ) -> Request:
        """Let a failed or cancelled flow go on: all its failed and cancelled tasks run again, or those named."""
        return await asyncio.to_thread(self._client.retry, flow_id, tasks, reason=reason, by=by)

    async def retry_from(self, flow_id: str, task: str, *, reason: str = "", by: str | None = None) -> Request:
        """Run a task again, and all that comes after it."""
        return await asyncio.to_thread(self._client.retry_from, flow_id, task, reason=reason, by=by)

    async def skip(
        self, flow_id: str, task: str, result: Any = None, *, reason: str = "", by: str | None = None
    ) -> Request:
        """Let a task count as succeeded, and not run."""
        return await asyncio.to_thread(self._client.skip, flow_id, task, result, reason=reason, by=by)

    async def mark_done(
        self, flow_id: str, task: str, result: Any = None, *, reason: str = "", by: str | None = None
    ) -> Request:
        """Let a task count as succeeded, also if it runs."""
        return await asyncio.to_thread(self._client.mark_done, flow_id, task, result, reason=reason, by=by)

    async def mark_failed(self, flow_id: str, task: str, reason: str, *, by: str | None = None) -> Request:
        """Let a task count as failed for good, also if it runs."""
        return await asyncio.to_thread(self._client.mark_failed, flow_id, task, reason, by=by)

    async def edit_storage(
        self, flow_id: str, fields: Mapping[str, Any], *, reason: str = "", by: str | None = None
    ) -> Request:
        """Set fields of the storage, all or none."""
        return await asyncio.to_thread(self._client.edit_storage, flow_id, fields, reason=reason, by=by)

    async def run_now(
        self, flow_id: str, task: str | None = None, *, reason: str = "", by: str | None = None
    ) -> Request:
        """Let a delayed flow, or the next attempts of a flow, be due now."""
        return await asyncio.to_thread(self._client.run_now, flow_id, task, reason=reason, by=by)

    async def edit_job(
        self, flow_id: str, *, reason: str = "", by: str | None = None, **changes: Unpack[JobChanges]
    ) -> Request:
        """Change a job whose flow has not begun."""
        return await asyncio.to_thread(self._client.edit_job, flow_id, reason=reason, by=by, **changes)

    async def heard(self, flow_id: str, request: Request, timeout: float | None = None) -> Request:  # noqa: ASYNC109 - as in Client
        """Wait until a request has its answer, and return it with that."""
        return await asyncio.to_thread(self._client.heard, flow_id, request, timeout)

    async def count(self, verb: str, flow_filter: FlowFilter) -> int:
        """Count the flows of a list that stand where the verb fits."""
        return await asyncio.to_thread(self._client.count, verb, flow_filter)

    async def apply(
        self,
        verb: str,
        flow_filter: FlowFilter,
        *,
        reason: str = "",
        by: str | None = None,
        watch: Callable[[Applied], None] = watched,
    ) -> Applied:
        """Ask the same of all flows of a list that stand where it fits; `watch` is called in another thread."""
        return await asyncio.to_thread(self._client.apply, verb, flow_filter, reason=reason, by=by, watch=watch)

    async def pause_queue(
        self, flow_class: str, user: str = "", *, reason: str = "", by: str | None = None
    ) -> QueuePause:
        """Let no flow of a class start, or none of one user in it."""
        return await asyncio.to_thread(self._client.pause_queue, flow_class, user, reason=reason, by=by)

    async def resume_queue(self, flow_class: str, user: str = "", *, reason: str = "", by: str | None = None) -> None:
        """Let the flows of a class, or of one user in it, start again."""
        await asyncio.to_thread(self._client.resume_queue, flow_class, user, reason=reason, by=by)

    async def pauses(self) -> Sequence[QueuePause]:
        """List the queues and classes that are paused."""
        return await asyncio.to_thread(self._client.pauses)

    async def set_limit(
        self, kind: str, name: str = "", user: str = "", *, limit: Limit, reason: str = "", by: str | None = None
    ) -> Limit:
        """Limit what runs or starts, from now on and everywhere; return what was set before."""
        return await asyncio.to_thread(self._client.set_limit, kind, name, user, limit=limit, reason=reason, by=by)

    async def check_limit(self, kind: str, name: str = "", user: str = "", *, limit: Limit) -> Scope:
        """Return what `set_limit` would limit."""
        return await asyncio.to_thread(self._client.check_limit, kind, name, user, limit=limit)

    async def prepare(self) -> None:
        """Create the database where there is none, as the first submit does."""
        await asyncio.to_thread(self._client.prepare)

    async def usage(self) -> Mapping[Scope, int]:
        """Count how many units are in use now."""
        return await asyncio.to_thread(self._client.usage)

    async def limits(self) -> list[LimitRecord]:
        """List the limits that are set."""
        return await asyncio.to_thread(self._client.limits)

    async def queue_requests(self) -> list[Request]:
        """List what people did to queues, classes and limits."""
        return await asyncio.to_thread(self._client.queue_requests)

    async def explain(self, flow_id: str) -> Explanation:
        """Say why a flow does not run."""
        return await asyncio.to_thread(self._client.explain, flow_id)
