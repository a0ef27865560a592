"""What people may do to flows, classes and runtimes by hand; each word of theirs stays on record, with who and why."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Unpack

from theflow.database import codec
from theflow.database.records import FlowRecord
from theflow.database.store import RuntimeStore
from theflow.errors import DataRefused, FlowNotFound, InputError, WaitTimedOut
from theflow.model.job import JobChanges, canonical, check_name, check_text
from theflow.model.scheme import FlowScheme
from theflow.model.status import FlowStatus, TaskStatus
from theflow.model.verb import misfit, task_misfit
from theflow.model.view import Request
from theflow.runtime.clock import Clock
from theflow.runtime.definition import SchemeDefinition
from theflow.runtime.process import this_person
from theflow.runtime.submissions import changes_of
from theflow.runtime.verbs import checked_fields, checked_result

REASON_LIMIT = 2000
TIMERS = ("run", "hold")
_SHOWN = 20
_POLL_FIRST, _POLL_LAST = 0.005, 0.1


class Operator:
    """The hands of a Client. `by` says who asks: by default the user of this process.

    What a verb asks is on disk when its method returns. Where a runtime has to do it, that hears of it within its poll:
    `heard` waits for its answer. Every method raises FlowNotFound, and InputError where the verb does not fit.
    """

    def __init__(
        self, store: RuntimeStore, schemes: Mapping[str, FlowScheme], clock: Clock, ring: Callable[[], None]
    ) -> None:
        self._store = store
        self._schemes = schemes
        self._clock = clock
        self._ring = ring

    def cancel(self, flow_id: str, reason: str = "", *, by: str | None = None) -> FlowStatus:
        """Ask for a flow to end as it stands; once this returns, that is on disk. Return where the flow stands then.

        CANCELLED: nobody held it, and it has ended. CANCELLING: the runtime that holds it hears of it within its poll,
        starts nothing more and tells the bodies that run; `wait` waits for the end. Anything else is how the flow had
        ended before, and stands. To ask twice is harmless. What it did is undone by a runtime if its class says so.
        """
        summary = self._record(flow_id).summary
        stand = self._store.ask([(summary.offset, self._request("cancel", reason, by))])[0].stand
        if stand is None:
            raise FlowNotFound(f"no flow has the id {flow_id!r} any more")
        self._ring()
        return stand

    def pause(self, flow_id: str, reason: str = "", *, timers: str = "run", by: str | None = None) -> Request:
        """Ask for a flow to come to rest: bodies under way end as they like, and nothing more starts.

        It is `pausing` until then, and `paused` once nothing of it runs; it holds nobody of its queue back. With
        `timers` "run" the waits for retries, and the delay of one that has not begun, go on passing; with "hold" what
        was left of them when it came to rest is left when it is resumed.
        """
        if timers not in TIMERS:
            raise InputError(f"timers: {timers!r}; give run or hold")
        return self._ask(flow_id, self._request("pause", reason, by, {"timers": timers}))

    def resume(self, flow_id: str, reason: str = "", *, by: str | None = None) -> Request:
        """Let a parked or paused flow go on where it was, first in its queue, with its claims counted anew.

        One that could not be undone (REVERT_FAILED) goes on being undone.
        """
        stuck = self._record(flow_id).summary.status is FlowStatus.REVERT_FAILED
        return self._ask(flow_id, self._request("revert" if stuck else "resume", reason, by))

    def revert(self, flow_id: str, to: str | None = None, reason: str = "", *, by: str | None = None) -> Request:
        """Ask for what a flow did to be undone, also after it succeeded: all of it, or what came after the task `to`.

        `wait` waits for the end, REVERTED or REVERT_FAILED.
        """
        if to is None:
            return self._ask(flow_id, self._request("revert", reason, by))
        if self._record(flow_id).summary.status is FlowStatus.REVERT_FAILED:
            raise InputError(
                f"flow {flow_id} is revert_failed; what was begun is to be done first: revert it without `to`"
            )
        return self._ask(flow_id, self._request("revert", reason, by, {"to": to}), to)

    def retry(self, flow_id: str, tasks: Iterable[str] = (), *, reason: str = "", by: str | None = None) -> Request:
        """Let a failed or cancelled flow go on: its failed and cancelled tasks run again, or those that are named.

        What has succeeded stays so. Attempts are numbered on, and their policy starts anew.
        """
        names = [tasks] if isinstance(tasks, str) else list(tasks)
        return self._ask(flow_id, self._request("retry", reason, by, {"tasks": names} if names else {}), *names)

    def retry_from(self, flow_id: str, task: str, *, reason: str = "", by: str | None = None) -> Request:
        """Run a task of a flow again, and all that comes after it; the storage stays as it is now."""
        return self._ask(flow_id, self._request("retry_from", reason, by, {"task": task}), task)

    def skip(self, flow_id: str, task: str, result: Any = None, *, reason: str = "", by: str | None = None) -> Request:
        """Let a task count as succeeded with this result, and not run: one that has not begun, waits, or has failed."""
        return self._settle("skip", flow_id, (task, result), reason, by)

    def mark_done(
        self, flow_id: str, task: str, result: Any = None, *, reason: str = "", by: str | None = None
    ) -> Request:
        """Let a task count as succeeded with this result, also if it runs: its body is told to end, and not heard."""
        return self._settle("mark_done", flow_id, (task, result), reason, by)

    def mark_failed(self, flow_id: str, task: str, reason: str, *, by: str | None = None) -> Request:
        """Let a task count as failed for good, also if it runs: its body is told to end, and not heard."""
        return self._ask(flow_id, self._request("mark_failed", reason, by, {"task": task}), task)

    def edit_storage(
        self, flow_id: str, fields: Mapping[str, Any], *, reason: str = "", by: str | None = None
    ) -> Request:
        """Set fields of the storage of a flow, all or none; they must fit its type.

        Bodies that run keep their copies: one that changes the same field conflicts with the edit, as with a parallel
        task.
        """
        if not isinstance(fields, Mapping) or not fields:
            raise InputError("fields: give a mapping of at least one field of the storage to its new value")
        record = self._record(flow_id)
        scheme = self._scheme_of(record)
        if scheme is None:
            plain = codec.decode(codec.encode_object(dict(fields)))
        else:
            plain = _plain_fields(scheme, record, fields)
        return self._ask(flow_id, self._request("edit_storage", reason, by, {"fields": plain}))

    def run_now(self, flow_id: str, task: str | None = None, *, reason: str = "", by: str | None = None) -> Request:
        """Let a delayed flow be due now, or the next attempts of a flow: of one task, or of all that wait."""
        named = () if task is None else (task,)
        return self._ask(flow_id, self._request("run_now", reason, by, {"task": task} if task else {}), *named)

    def edit_job(
        self, flow_id: str, *, reason: str = "", by: str | None = None, **changes: Unpack[JobChanges]
    ) -> Request:
        """Change `input`, `priority`, `run_at` or `description` of a job whose flow has not begun; it keeps its place.

        It is done once this returns: no runtime begins with what was before. InputError if the flow has begun.
        """
        record = self._record(flow_id)
        checked = changes_of(self._scheme_of(record), changes)
        return self._ask(flow_id, self._request("edit_job", reason, by, checked))

    def heard(self, flow_id: str, request: Request, timeout: float | None = None) -> Request:
        """Wait until a request has its answer, and return it with that; raise WaitTimedOut after `timeout` seconds.

        Its `answer` is `done`, or says why nothing was done.
        """
        offset = self._record(flow_id).summary.offset
        deadline = None if timeout is None else self._clock.monotonic() + timeout
        pause = _POLL_FIRST
        while True:
            found = [each for each in self._store.requests(offset) if each.id == request.id]
            if found and found[0].handled_at is not None:
                return found[0]
            if deadline is not None and self._clock.monotonic() >= deadline:
                raise WaitTimedOut(f"nobody has heard within {timeout:g} s what was asked of flow {flow_id}; it stands")
            threading.Event().wait(pause)
            pause = min(pause * 1.2, _POLL_LAST)

    def definition(self, flow_class: str, version: int | None = None) -> SchemeDefinition | None:
        """Return the stored snapshot of a class, the newest without a version; None if no runtime ever had it."""
        record = self._store.scheme(canonical(flow_class), version)
        return None if record is None else SchemeDefinition.from_record(record)

    def _settle(self, verb: str, flow_id: str, task: tuple[str, Any], reason: str, by: str | None) -> Request:
        name, result = task
        scheme = self._scheme_of(self._record(flow_id))
        data = codec.encode(result, "result") if scheme is None else checked_result(scheme, name, result)
        given = {"task": name, "result": codec.decode(data)}
        return self._ask(flow_id, self._request(verb, reason, by, given), name)

    def _ask(self, flow_id: str, request: Request, *tasks: str) -> Request:
        """Refuse what can be seen not to fit, and leave the rest with the flow."""
        record = self._record(flow_id)
        for name in tasks:
            self._check_task(record, request.verb, name)
        told = self._store.ask([(record.summary.offset, request)])[0]
        if told.stand is None:
            raise FlowNotFound(f"no flow has the id {flow_id!r} any more")
        if told.refusal:
            raise InputError(told.refusal)
        self._ring()
        return next(each for each in self._store.requests(record.summary.offset) if each.id == told.id)

    def _kept(self, record: FlowRecord, from_task: str | None) -> tuple[str, ...]:
        """Name the finished tasks that a fork takes over, those before the one where it begins."""
        summary = record.summary
        refusal = misfit("fork", summary.flow_id, summary.status)
        if refusal:
            raise InputError(refusal)
        again: set[str] = set()
        if from_task is not None:
            self._check_task(record, "fork", from_task)
            definition = self.definition(summary.flow_class, summary.version)
            again = {from_task} if definition is None else definition.behind(from_task)
        over = (TaskStatus.SUCCEEDED, TaskStatus.SKIPPED)
        # What undoes a task, and the parts of one, belong to the run that they were for.
        done = [task.row.name for task in record.tasks if not task.part and task.row.status in over]
        return tuple(name for name in done if name not in again)

    def _check_task(self, record: FlowRecord, verb: str, name: str) -> None:
        summary = record.summary
        refusal = misfit(verb, summary.flow_id, summary.status)
        definition = self.definition(summary.flow_class, summary.version)
        names = [] if definition is None else [task for task, _ in definition.tasks]
        if refusal:
            raise InputError(refusal)
        if definition is not None and name not in names:
            known = ", ".join(repr(each) for each in names[:_SHOWN]) + ", ..." * (len(names) > _SHOWN)
            raise InputError(f"class {summary.flow_class!r} has no task {name!r}; its tasks are {known}")
        rows = {task.row.name: task.row.status for task in record.tasks}
        stand = rows.get(name, TaskStatus.PENDING)
        if stand in TaskStatus.__members__.values():
            refusal = task_misfit(verb, name, TaskStatus(stand))
        if refusal:
            raise InputError(f"flow {summary.flow_id}: {refusal}")

    def _request(self, verb: str, reason: str, by: str | None, payload: Mapping[str, Any] | None = None) -> Request:
        check_text("reason", reason, REASON_LIMIT)
        who = check_name("by", this_person() if by is None else by)
        return Request(verb=verb, asked_by=who, reason=reason, asked_at=self._clock.now(), payload=payload or {})

    def _scheme_of(self, record: FlowRecord) -> FlowScheme | None:
        """Return the scheme of a flow if this client was given it."""
        scheme = self._schemes.get(record.summary.flow_class)
        return scheme if scheme is not None and record.summary.version in (None, scheme.version) else None

    def _record(self, flow_id: str) -> FlowRecord:
        record = self._store.find_flow(flow_id, self._clock.now())
        if record is None:
            raise FlowNotFound(f"no flow has the id {flow_id!r}; `theflow ls` shows those there are")
        return record


def _plain_fields(scheme: FlowScheme, record: FlowRecord, fields: Mapping[str, Any]) -> Any:
    try:
        storage = codec.split(record.storage)
    except DataRefused as error:
        raise InputError(f"flow {record.summary.flow_id}: its storage cannot be read: {error.problem}") from None
    return codec.decode(codec.join(checked_fields(scheme, storage, fields)))
