"""The client for async code: the same questions as coroutines, each asked in a thread so that the loop goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from theflow.database.records import RuntimeRecord
from theflow.errors import TheFlowError, WaitTimedOut
from theflow.model.job import JobMeta
from theflow.model.view import Attempt, FlowDetail, FlowFilter, FlowSummary, FlowTree, LogLine, Page
from theflow.runtime.async_operator import AsyncOperator
from theflow.runtime.client import FlowHandle
from theflow.runtime.definition import SchemeDefinition

_POLL_FIRST, _POLL_LAST = 0.005, 0.1


class AsyncClient(AsyncOperator):
    """What a Client does, without blocking the loop. It closes the client that it was given."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Give back the connections."""
        await asyncio.to_thread(self._client.close)

    async def create_job(self, meta: JobMeta) -> FlowHandle:
        """Submit a job; the `wait` of the handle blocks, so await `wait(handle.flow_id)` instead."""
        return await asyncio.to_thread(self._client.create_job, meta)

    async def create_jobs(self, metas: Iterable[JobMeta]) -> list[FlowHandle]:
        """Submit jobs in one transaction, all or none."""
        return await asyncio.to_thread(self._client.create_jobs, list(metas))

    async def try_create_jobs(self, metas: Iterable[JobMeta]) -> list[FlowHandle | TheFlowError]:
        """Submit jobs each for itself; in the place of one that is refused stands its error."""
        return await asyncio.to_thread(self._client.try_create_jobs, list(metas))

    async def fork(
        self, flow_id: str, from_task: str | None = None, *, reason: str = "", by: str | None = None
    ) -> FlowHandle:
        """Begin a new flow from a task of another."""
        return await asyncio.to_thread(self._client.fork, flow_id, from_task, reason=reason, by=by)

    async def get_flow(self, flow_id: str) -> FlowDetail:
        """Return a flow; raise FlowNotFound."""
        return await asyncio.to_thread(self._client.get_flow, flow_id)

    async def tree(self, flow_id: str) -> FlowTree:
        """Return a flow with all sub-flows that it started, and what those started."""
        return await asyncio.to_thread(self._client.tree, flow_id)

    async def get_ended(self, flow_id: str) -> FlowDetail | None:
        """Return the flow if it has ended, else None; raise FlowNotFound."""
        return await asyncio.to_thread(self._client.get_ended, flow_id)

    async def find_flows(
        self, flow_filter: FlowFilter | None = None, *, after: int | None = None, limit: int = 50
    ) -> Page[FlowSummary]:
        """List flows, newest first, a page at a time."""
        return await asyncio.to_thread(self._client.find_flows, flow_filter, after=after, limit=limit)

    async def wait(self, flow_id: str, timeout: float | None = None) -> FlowDetail:  # noqa: ASYNC109 - as in Client
        """Wait until the flow has ended; raise WaitTimedOut. No thread is held meanwhile."""
        pause = _POLL_FIRST
        try:
            async with asyncio.timeout(timeout):
                while True:
                    ended = await self.get_ended(flow_id)
                    if ended is not None:
                        return ended
                    await asyncio.sleep(pause)
                    pause = min(pause * 1.3, _POLL_LAST)
        except TimeoutError:
            raise WaitTimedOut(f"flow {flow_id} has not ended within {timeout} s; it goes on") from None

    async def logs(self, flow_id: str, *, task: str | None = None, after: int = 0, limit: int = 1000) -> list[LogLine]:
        """List what the bodies of a flow logged."""
        return await asyncio.to_thread(self._client.logs, flow_id, task=task, after=after, limit=limit)

    async def attempts(self, flow_id: str, *, task: str | None = None) -> list[Attempt]:
        """List every attempt of a flow."""
        return await asyncio.to_thread(self._client.attempts, flow_id, task=task)

    async def resolve(self, prefix: str) -> str:
        """Return the whole flow id that starts with `prefix`."""
        return await asyncio.to_thread(self._client.resolve, prefix)

    async def runtimes(self) -> list[RuntimeRecord]:
        """List the runtimes that count as alive."""
        return await asyncio.to_thread(self._client.runtimes)

    async def drain(self, name: str, *, undo: bool = False) -> None:
        """Tell a live runtime to admit no more flows, or again; raise InputError if none has the name."""
        await asyncio.to_thread(self._client.drain, name, undo=undo)

    async def definition(self, flow_class: str, version: int | None = None) -> SchemeDefinition | None:
        """Return the stored snapshot of a class."""
        return await asyncio.to_thread(self._client.definition, flow_class, version)
