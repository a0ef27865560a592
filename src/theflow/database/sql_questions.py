"""What people and programs ask a SQL database about flows; nothing here writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from theflow.database import codec, rows
from theflow.database.batch import TaskRow
from theflow.database.dialect import Dialect, Row, Session
from theflow.database.records import ClassRecord, FlowRecord, QueuePlace, SchemeRecord, TaskRecord
from theflow.errors import DataRefused, RowRefused
from theflow.model.queue_pause import QueuePause
from theflow.model.status import FlowStatus
from theflow.model.throttle import Throttle, longest
from theflow.model.view import Attempt, FlowFilter, FlowSummary, LogLine

# By which index the flows of a status are found.
_FOUND_BY = {
    FlowStatus.PENDING: "filter_queued",
    FlowStatus.RUNNING: "filter_queued",
    FlowStatus.CANCELLING: "filter_queued",
    FlowStatus.REVERTING: "filter_queued",
    FlowStatus.WAITING: "filter_queued",
    FlowStatus.PAUSING: "filter_queued",
    FlowStatus.PAUSED: "filter_queued",
    FlowStatus.FAILED: "filter_troubled",
    FlowStatus.PARKED: "filter_troubled",
    FlowStatus.CANCELLED: "filter_troubled",
    FlowStatus.REVERTED: "filter_troubled",
    FlowStatus.REVERT_FAILED: "filter_troubled",
}


class SqlQuestions:
    """The questions of the RuntimeStore over a dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._views = dialect

    def find_flow(self, flow_id: str, now: int) -> FlowRecord | None:
        """Return a flow with its tasks and its place in the queue."""
        found = self._ask("find_flow", {"flow_id": flow_id})
        if not found:
            return None
        row = found[0]
        offset = row[0]
        with self._views.read() as session:
            tasks = tuple(
                TaskRecord(
                    row=TaskRow(*task[:11]),
                    runtime=task[11],
                    error=task[12],
                    progress=task[13],
                    part=task[14],
                    given=task[15],
                )
                for task in session.all("task_records", {"offset": offset})
            )
            place = _place(session, offset, now)
        return FlowRecord(summary=rows.summary(row[:18]), input=row[18], storage=row[19], tasks=tasks, place=place)

    def inputs(self, offsets: Sequence[int]) -> dict[int, str]:
        """Return the inputs of flows by their offsets, as JSON."""
        with self._views.read() as session:
            return {
                row[0]: row[1] for row in session.all("inputs", {"offsets": codec.encode_definition(list(offsets))})
            }

    def find_ids(self, prefix: str, limit: int) -> list[str]:
        """List flow ids that start with the prefix."""
        given = {"first": prefix, "beyond": _beyond(prefix), "limit": limit}
        return [row[0] for row in self._ask("find_ids", given)]

    def find_offset(self, offset: int) -> str | None:
        """Return the flow id of an offset."""
        found = self._ask("find_offset", {"offset": offset})
        return str(found[0][0]) if found else None

    def find_flows(self, flow_filter: FlowFilter, before: int | None, limit: int) -> list[FlowSummary]:
        """List flows below an offset, newest first."""
        try:
            filters, given = _filters(flow_filter)
            given |= {"before": 2**63 - 1 if before is None else before, "limit": limit}
            with self._views.read() as session:
                return [rows.summary(row) for row in session.filtered("find_flows", filters, "page", given)]
        except RowRefused:
            return []

    def count_flows(self, flow_filter: FlowFilter) -> int:
        """Count the flows that a list would show."""
        try:
            filters, given = _filters(flow_filter)
            with self._views.read() as session:
                (found,) = session.filtered("count_flows", filters, "whole_list", given | {"before": 2**63 - 1})
        except RowRefused:
            return 0
        return int(found[0])

    def unfinished(self, flow_class: str, versions: Sequence[int], now: int) -> int:
        """Count the flows of a class that run or are due, are not parked, and could be run by one of the versions."""
        given = {"flow_class": flow_class, "versions": codec.encode(list(versions)).decode(), "now": now}
        found = self._ask("unfinished", given)
        return int(found[0][0]) if found else 0

    def class_record(self, flow_class: str) -> ClassRecord:
        """Return the class; revision 0 where it was never registered."""
        with self._views.read() as session:
            return class_record(session, flow_class)

    def attempts(self, offset: int) -> list[Attempt]:
        """List the attempts of a flow that did not succeed, by task and number."""
        return [rows.attempt(row) for row in self._ask("attempts", {"offset": offset})]

    def logs(self, offset: int, task: str | None, after: int, limit: int) -> list[LogLine]:
        """List log records above an id, in order."""
        found = self._ask("logs", {"offset": offset, "task": task, "after": after, "limit": limit})
        return [rows.log_line(row) for row in found]

    def scheme(self, flow_class: str, version: int | None) -> SchemeRecord | None:
        """Return a saved snapshot; the newest where no version is given."""
        found = self._ask("scheme", {"flow_class": flow_class, "version": version})
        return SchemeRecord(flow_class=found[0][0], version=found[0][1], definition=found[0][2]) if found else None

    def _ask(self, name: str, given: Mapping[str, object]) -> list[Row]:
        """Return the rows of a statement; a value that no row can hold is in none of them."""
        try:
            with self._views.read() as session:
                return session.all(name, given)
        except RowRefused:
            return []


def class_record(session: Session, flow_class: str) -> ClassRecord:
    """Read the number that guards admissions of a class."""
    row = session.one("class_record", {"name": flow_class})
    if row is None:
        return ClassRecord(flow_class=flow_class, revision=0)
    found = session.all("class_pauses", {"name": flow_class}) if row[2] else ()
    return ClassRecord(
        flow_class=row[0],
        revision=row[1],
        pauses=tuple(QueuePause._make(each) for each in found),
        throttled_until=row[3] or 0,
        turn=row[4],
        shared=row[5] or 0,
        limits=row[6] or 0,
    )


def _place(session: Session, offset: int, now: int) -> QueuePlace | None:
    job = session.one("job_place", {"offset": offset})
    if job is None:
        return None
    parked, claims, owner, flow_class, user, asked, verbs, queue_until, class_until, level, charged = job
    queue = {"flow_class": flow_class, "user_name": user, "offset": offset, "level": level, "now": now}
    ahead = session.one("jobs_ahead", queue) or (0, None)
    live = tuple(row[0] for row in session.all("jobs_live", queue))
    return QueuePlace(
        offset=offset,
        owner=owner,
        parked=parked == 1,
        claims=claims,
        ahead=ahead[0],
        first_ahead=ahead[1],
        live=live,
        asked=bool(asked),
        verbs=verbs,
        throttle=longest(Throttle(flow_class, user, queue_until or 0), Throttle(flow_class, "", class_until or 0)),
        level=level,
        charged=bool(charged),
    )


def _filters(flow_filter: FlowFilter) -> tuple[list[str], dict[str, Any]]:
    """Return the names of the filters that a list has, and what they are given."""
    given: dict[str, Any] = {}
    filters = []
    for name, parameter, value in (
        ("class", "flow_class", flow_filter.flow_class),
        ("user", "user_name", flow_filter.user),
        ("id", "first", flow_filter.id_prefix),
        ("created_after", "created_after", flow_filter.created_after),
        ("created_before", "created_before", flow_filter.created_before),
        ("labels", "labels", _labels(flow_filter)),
    ):
        if value is not None:
            filters.append(f"filter_{name}")
            given[parameter] = value
    if flow_filter.id_prefix is not None:
        given["beyond"] = _beyond(flow_filter.id_prefix)
    if flow_filter.status is not None:
        filters.append(_FOUND_BY.get(flow_filter.status, "filter_ended"))
        given["status"] = flow_filter.status.value
    return filters, given


def _labels(flow_filter: FlowFilter) -> str | None:
    if not flow_filter.labels:
        return None
    try:
        return codec.encode(dict(flow_filter.labels)).decode()
    except DataRefused as error:
        raise RowRefused(str(error)) from None


def _beyond(prefix: str) -> str:
    """Return the smallest text above all texts with the prefix, as databases compare them byte by byte."""
    return prefix + "\U0010ffff"
