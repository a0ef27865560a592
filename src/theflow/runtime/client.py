"""Submit, query and wait: what a program needs that runs no engine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from types import TracebackType
from typing import Any, NamedTuple, Self

from theflow.database import codec
from theflow.database.records import FlowRecord, Fork, RuntimeRecord
from theflow.database.store import RuntimeStore
from theflow.errors import FlowNotFound, InputError, StoreUnavailable, TheFlowError, WaitTimedOut
from theflow.model.job import JobMeta, canonical
from theflow.model.scheme import FlowScheme
from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus
from theflow.model.submission import Outcome, Submitted
from theflow.model.view import DONE, Attempt, FlowDetail, FlowFilter, FlowSummary, FlowTree, LogLine, Page
from theflow.runtime.clock import Clock, SystemClock
from theflow.runtime.crowd import Crowd
from theflow.runtime.flow_detail import flow_detail
from theflow.runtime.flow_tree import tree_of
from theflow.runtime.forking import forked
from theflow.runtime.ids import FlowIds
from theflow.runtime.submissions import Submissions

PAGE_LIMIT = 1000
_POLL_FIRST, _POLL_LAST = 0.002, 0.05


def _nobody() -> None:
    """Ring for a runtime in another process: it finds out by itself."""


class FlowHandle(NamedTuple):
    """A flow that was submitted. `created` is False if a key of the job belonged to it already.

    `outcome` says more: "created", "existing", or "replaced" for a flow that was pending and does this job now.
    """

    flow_id: str
    offset: int
    created: bool
    client: Client
    outcome: Outcome = Outcome.CREATED

    def __repr__(self) -> str:
        return f"FlowHandle(flow_id={self.flow_id!r}, offset={self.offset}, outcome={self.outcome.value!r})"

    def wait(self, timeout: float | None = None) -> FlowDetail:
        """Wait until the flow has ended; raise WaitTimedOut after `timeout` seconds."""
        return self.client.wait(self.flow_id, timeout)

    def get(self) -> FlowDetail:
        """Return the flow as it stands now."""
        return self.client.get_flow(self.flow_id)

    def cancel(self, reason: str = "") -> FlowStatus:
        """Ask for the flow to end; return where it stands then."""
        return self.client.cancel(self.flow_id, reason)

    def resume(self, reason: str = "") -> None:
        """Let the flow go on if it is parked; raise InputError if it is not."""
        self.client.resume(self.flow_id, reason)

    def revert(self, to: str | None = None, reason: str = "") -> None:
        """Ask for what the flow did to be undone, all of it or what came after a task."""
        self.client.revert(self.flow_id, to, reason)


class Client(Crowd):
    """Made by `theflow.connect`. Threads may share it; async code uses AsyncClient, which never blocks the loop."""

    def __init__(
        self,
        store: RuntimeStore,
        schemes: Iterable[FlowScheme] = (),
        clock: Clock | None = None,
        ring: Callable[[], None] = _nobody,
    ) -> None:
        super().__init__(store, _newest(schemes), clock or SystemClock(), ring)
        self._ids = FlowIds()
        self._submissions = Submissions(store, self._schemes, self._clock)
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give back the connections; may be called twice."""
        self._closed.set()
        self._store.close()

    def create_job(self, meta: JobMeta, *, connection: object | None = None) -> FlowHandle:
        """Submit a job; when this returns, the job and its pending flow are on disk.

        With `connection` they are once its transaction is committed: see `create_jobs`.

        Raises InputError (with the path of the bad field) and StoreError; then nothing was stored.
        """
        return self.create_jobs((meta,), connection=connection)[0]

    def create_jobs(self, metas: Iterable[JobMeta], *, connection: object | None = None) -> list[FlowHandle]:
        """Submit jobs in one transaction, all or none; the handles stand in the order of the jobs.

        With `connection` (a SQLAlchemy Connection or Session, or a connection of the driver) that transaction is the
        caller's: the jobs are there if and only if he commits. Raises InputError if the connection is to another
        database, or commits each statement by itself.
        """
        return [self._handle(each) for each in self._saved(self._submissions.save(metas, connection), connection)]

    def try_create_jobs(
        self, metas: Iterable[JobMeta], *, connection: object | None = None
    ) -> list[FlowHandle | TheFlowError]:
        """Submit jobs each for itself: in the place of one that is refused stands its error, and the others are saved.

        Where the database itself refuses a row, the others may be saved in several transactions.
        """
        tried = self._saved(self._submissions.try_save(metas, connection), connection)
        return [self._handle(each) if each.error is None else each.error for each in tried]

    def fork(
        self, flow_id: str, from_task: str | None = None, *, reason: str = "", by: str | None = None
    ) -> FlowHandle:
        """Begin a new flow from a task of another: what is finished before it is taken over, and the storage of now.

        Without a task all that is finished is taken over, so that it begins where the other stands. The other goes on
        as it is; both have on record which came from which (`forked_from`, `forks`).
        """
        record = self._record(flow_id)
        kept = self._kept(record, from_task)
        now = self._clock.now()
        (new_id,) = self._ids.make_many(now, 1)
        partial = forked(record, new_id, now)
        begun = self._request("fork", reason, by, {"from": flow_id, "task": from_task or ""})
        noted = replace(begun, payload={"to": new_id, "task": from_task or ""}, handled_at=now, answer=DONE)
        job = self._store.fork(Fork(record.summary.offset, partial, kept, begun, noted))
        self._ring()
        return FlowHandle(job.flow_id, job.offset, created=True, client=self)

    def get_flow(self, flow_id: str) -> FlowDetail:
        """Return a flow with its tasks, its storage, and why it waits if it does; raise FlowNotFound."""
        return self._detail(self._record(flow_id))

    def tree(self, flow_id: str) -> FlowTree:
        """Return a flow with all sub-flows that it started, and what those started; raise FlowNotFound."""
        return tree_of(self._store, self._record(flow_id).summary)

    def get_ended(self, flow_id: str) -> FlowDetail | None:
        """Return the flow if it has ended, and nothing asked of it is unheard, else None; raise FlowNotFound."""
        if not _is_over(self._record(flow_id)):
            return None
        # Its row was read before its place in the queue: what was heard between the two may have let it go on.
        record = self._record(flow_id)
        return self._detail(record) if _is_over(record) else None

    def find_flows(
        self, flow_filter: FlowFilter | None = None, *, after: int | None = None, limit: int = 50
    ) -> Page[FlowSummary]:
        """List flows, newest first; `after` is the `next` of the page before. `limit` is 1 to 1000."""
        if type(limit) is not int or not 1 <= limit <= PAGE_LIMIT:
            raise InputError(f"limit: expected an int from 1 to {PAGE_LIMIT}, got {limit!r}")
        if after is not None and not 0 <= after < 2**63:
            raise InputError(f"after: expected the `next` of an earlier page, got {after!r}")
        found = self._store.find_flows(flow_filter or FlowFilter(), after, limit + 1)
        more = len(found) > limit
        return Page(items=tuple(found[:limit]), next=found[limit - 1].offset if more else None)

    def wait(self, flow_id: str, timeout: float | None = None) -> FlowDetail:
        """Wait until the flow has succeeded, failed or been cancelled; raise WaitTimedOut after `timeout` seconds.

        A parked flow has not ended: it waits for a person, and `wait` waits with it.
        """
        deadline = None if timeout is None else self._clock.monotonic() + timeout
        pause = _POLL_FIRST
        token: object = None
        while not self._closed.is_set():
            try:
                seen = self._store.change_token(self._clock.now())
                if seen != token:
                    ended = self.get_ended(flow_id)
                    if ended is not None:
                        return ended
                    token, pause = seen, _POLL_FIRST
            except StoreUnavailable:
                # It may be back before the time is up; if not, that the flow did not end in time is true as well.
                pause = _POLL_LAST
            left = None if deadline is None else deadline - self._clock.monotonic()
            if left is not None and left <= 0:
                raise WaitTimedOut(f"flow {flow_id} has not ended within {timeout:g} s; it goes on")
            self._closed.wait(pause if left is None else min(pause, left))
            pause = min(pause * 1.2, _POLL_LAST)
        raise InputError(f"the client was closed while it waited for flow {flow_id}; the flow goes on")

    def logs(self, flow_id: str, *, task: str | None = None, after: int = 0, limit: int = 1000) -> list[LogLine]:
        """List what the bodies of a flow logged, in order; `after` is the id of the last line already read."""
        if type(limit) is not int or not 1 <= limit <= PAGE_LIMIT:
            raise InputError(f"limit: expected an int from 1 to {PAGE_LIMIT}, got {limit!r}")
        return self._store.logs(self._record(flow_id).summary.offset, task, after, limit)

    def attempts(self, flow_id: str, *, task: str | None = None) -> list[Attempt]:
        """List every attempt of a flow's tasks and hooks that is on disk, by task and number."""
        record = self._record(flow_id)
        found = self._store.attempts(record.summary.offset)
        for one in record.tasks:
            row = one.row
            known = any(attempt.task == row.name and attempt.number == row.attempt for attempt in found)
            if not known and row.attempt and row.status in (TaskStatus.SUCCEEDED, TaskStatus.RUNNING):
                found.append(
                    Attempt(
                        task=row.name,
                        number=row.attempt,
                        status=AttemptStatus(row.status),
                        started_at=row.started_at,
                        ended_at=row.ended_at,
                        runtime=one.runtime,
                    )
                )
        wanted = [attempt for attempt in found if task is None or attempt.task == task]
        return sorted(wanted, key=lambda attempt: (attempt.task, attempt.number))

    def resolve(self, prefix: str) -> str:
        """Return the whole flow id that starts with `prefix`, or that has the offset written `#812`."""
        if prefix.startswith("#") and prefix[1:].isdecimal():
            found = self._store.find_offset(min(int(prefix[1:]), 2**63 - 1))
            ids = [] if found is None else [found]
        else:
            ids = self._store.find_ids(prefix.lower(), 6) if prefix else []
        if not ids:
            raise FlowNotFound(f"no flow has an id that starts with {prefix!r}; `theflow ls` shows those there are")
        if len(ids) > 1:
            raise InputError(
                f"several flows have ids that start with {prefix!r}: {', '.join(ids[:5])}; give more of it"
            )
        return ids[0]

    def runtimes(self) -> list[RuntimeRecord]:
        """List the runtimes that count as alive."""
        return self._store.runtimes()

    def drain(self, name: str, *, undo: bool = False) -> None:
        """Tell a live runtime, wherever it is, to admit no more flows; it finishes those it holds, and stays.

        With `undo` it admits again. It hears of it within a poll. Raises InputError if no live runtime has the name.
        """
        if not self._store.set_draining(canonical(name), draining=not undo):
            known = ", ".join(repr(one.holder.name) for one in self._store.runtimes()) or "none"
            raise InputError(f"no live runtime has the name {name!r}; those alive: {known}")
        self._ring()

    def _saved(self, submitted: list[Submitted], connection: object | None) -> list[Submitted]:
        if submitted and connection is None:
            self._ring()
        return submitted

    def _handle(self, submitted: Submitted) -> FlowHandle:
        job, outcome = submitted.job, submitted.outcome
        if job is None:
            raise LookupError(outcome)
        return FlowHandle(job.flow_id, job.offset, outcome is Outcome.CREATED, self, outcome)

    def _detail(self, record: FlowRecord) -> FlowDetail:
        summary = record.summary
        scheme = self._schemes.get(summary.flow_class)
        if scheme is not None and summary.version not in (None, scheme.version):
            scheme = None
        definition = self.definition(summary.flow_class, summary.version)
        requests = self._store.requests(summary.offset)
        kin = self._store.kin(summary.offset)
        waiting = tuple(reason.text for reason in self._reasons(record, requests, kin))
        return flow_detail(record, definition, Any if scheme is None else scheme.storage, waiting, requests, kin)


def _is_over(record: FlowRecord) -> bool:
    """Whether a flow has ended; one of which something is asked that is still to be heard may have another end."""
    return record.summary.status.ended and (record.place is None or not record.place.verbs)


def _newest(schemes: Iterable[FlowScheme]) -> dict[str, FlowScheme]:
    found: dict[str, FlowScheme] = {}
    for scheme in schemes:
        if not isinstance(scheme, FlowScheme):
            raise InputError(f"schemes holds {scheme!r}, which is no FlowScheme")
        codec.check_storage(scheme.name, scheme.storage)
        if not scheme.tasks:
            raise InputError(f"flow {scheme.name!r} has no task")
        known = found.get(scheme.name)
        if known is None or known.version < scheme.version:
            found[scheme.name] = scheme
    return found
