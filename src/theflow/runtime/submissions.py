"""Saves jobs for a client: all of several or none, or each for itself; and makes edits of what is pending."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from theflow.database import codec
from theflow.database.store import RuntimeStore
from theflow.errors import DataRefused, InputError, RowRefused, TheFlowError
from theflow.model.flow_data import FlowDataPartial
from theflow.model.job import DESCRIPTION_LIMIT, JobChanges, JobMeta, check_priority, check_text, microseconds
from theflow.model.scheme import FlowScheme
from theflow.model.submission import Outcome, Submission, Submitted
from theflow.runtime.clock import Clock
from theflow.runtime.ids import FlowIds
from theflow.runtime.process import this_person

JOBS_LIMIT = 100_000


class Submissions:
    """What a client submits. Times that count from the submit go by the clock of the database, where it has one."""

    def __init__(self, store: RuntimeStore, schemes: Mapping[str, FlowScheme], clock: Clock) -> None:
        self._store = store
        self._schemes = schemes
        self._clock = clock
        self._ids = FlowIds()

    def save(self, metas: Iterable[JobMeta], connection: object | None) -> list[Submitted]:
        """Save all jobs in one transaction, or none."""
        wanted = _counted(metas)
        if not wanted:
            return []
        flows = self._pending(wanted, connection, _raise)
        if connection is None:
            self._store.prepare()
        if not all(flow.plain for flow in flows):
            return self._store.submit(self._submission(flows, connection, whole=True))
        if connection is None:
            jobs = self._store.create_jobs(flows)
        else:
            jobs = self._store.create_jobs_within(connection, flows)
        return [
            Submitted(Outcome.CREATED if job.flow_id == flow.flow_id else Outcome.EXISTING, job)
            for job, flow in zip(jobs, flows, strict=True)
        ]

    def try_save(self, metas: Iterable[JobMeta], connection: object | None) -> list[Submitted]:
        """Save each job that can be saved; return in order what became of them."""
        wanted = _counted(metas)
        refused: dict[int, TheFlowError] = {}
        flows = self._pending(wanted, connection, refused.__setitem__) if wanted else []
        if connection is None:
            self._store.prepare()
        saved = iter(self._save_each(flows, connection) if flows else ())
        return [
            Submitted(Outcome.EXISTING, error=refused[number]) if number in refused else next(saved)
            for number in range(len(wanted))
        ]

    def _save_each(self, flows: Sequence[FlowDataPartial], connection: object | None) -> list[Submitted]:
        try:
            return self._store.submit(self._submission(flows, connection, whole=False))
        except RowRefused as error:
            if len(flows) == 1:
                return [Submitted(Outcome.EXISTING, error=error)]
        middle = len(flows) // 2
        return [*self._save_each(flows[:middle], connection), *self._save_each(flows[middle:], connection)]

    def _submission(self, flows: Sequence[FlowDataPartial], connection: object | None, *, whole: bool) -> Submission:
        return Submission(flows, this_person(), flows[0].created_at, whole, connection)

    def _pending(
        self, wanted: Sequence[JobMeta], connection: object | None, refuse: Callable[[int, InputError], None]
    ) -> list[FlowDataPartial]:
        """Make the pending flows of jobs; `refuse` is told of those that cannot have one."""
        now = self._now(wanted, connection)
        flows: list[FlowDataPartial] = []
        for number, (meta, flow_id) in enumerate(zip(wanted, self._ids.make_many(now, len(wanted)), strict=True)):
            try:
                flows.append(self._flow(meta, flow_id, now, number))
            except InputError as error:
                refuse(number, error)
        return flows

    def _now(self, wanted: Sequence[JobMeta], connection: object | None) -> int:
        if not any(type(meta) is JobMeta and meta.relative for meta in wanted):
            return self._clock.now()
        if connection is None:
            self._store.prepare()
        now = self._store.now()
        return self._clock.now() if now is None else now

    def _flow(self, meta: JobMeta, flow_id: str, now: int, number: int) -> FlowDataPartial:
        if type(meta) is not JobMeta:
            raise InputError(f"job {number}: expected a theflow.JobMeta, got {type(meta).__name__}")
        scheme = self._schemes.get(meta.flow_class)
        try:
            data, version = encoded(meta.input, scheme), None if scheme is None else scheme.version
        except DataRefused as error:
            place = f"job {number}, " if number else ""
            raise DataRefused(error.path, f"{error.problem} (input of {place}class {meta.flow_class!r})") from None
        return FlowDataPartial.pending(meta, flow_id=flow_id, data=data, version=version, now=now)


def encoded(given: Any, scheme: FlowScheme | None) -> bytes:
    """Return an input as JSON, checked against the storage of its class where that is known here."""
    return codec.encode_object(given) if scheme is None else codec.encode_input(given, scheme.storage)


def changes_of(scheme: FlowScheme | None, given: JobChanges) -> Mapping[str, Any]:
    """Return what an edit changes as plain values, each checked as a job is."""
    unknown = given.keys() - JobChanges.__annotations__.keys()
    if unknown:
        raise TypeError(f"edit_job changes no {', '.join(sorted(unknown))}")
    if not given:
        raise InputError("edit_job: nothing is changed; give input, priority, run_at or description")
    changes: dict[str, Any] = {**given}
    if "input" in given:
        changes["input"] = codec.decode(encoded(given["input"], scheme))
    if "priority" in given:
        check_priority(given["priority"])
    if "run_at" in given:
        changes["run_at"] = microseconds(given["run_at"])
    if "description" in given:
        check_text("description", given["description"], DESCRIPTION_LIMIT)
    return changes


def _counted(metas: Iterable[JobMeta]) -> list[JobMeta]:
    wanted = list(metas)
    if len(wanted) > JOBS_LIMIT:
        raise InputError(f"{len(wanted)} jobs in one call; submit at most {JOBS_LIMIT} at once")
    return wanted


def _raise(_: int, error: InputError) -> None:
    raise error
