"""A claimed flow as a SQL database has it: its row, its tasks, and what was asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from theflow.database import rows
from theflow.database.dialect import Session
from theflow.database.sql_kin import awaited_children
from theflow.model.flow_data import FlowDataObject, newest_revert
from theflow.model.status import FAILED_ONCE, FlowStatus, TaskStatus

# Claims, and what was asked of a flow: whether to end, how much else, and whether it is here for nothing else.
FIRST_CLAIM = (1, 0, 0, 0)


def claimed_flow(session: Session, row: Sequence[Any], counts: Sequence[int]) -> FlowDataObject:
    """Read a claimed flow; of one that has just been submitted the row is all there is."""
    status = row[6]
    claims, asked, verbs, reopened = counts
    if status == "pending" and not verbs:
        return rows.flow_data(row, claims, (), None)
    place = {"offset": row[0]}
    tasks = session.all("tasks_of", place)
    error = session.one("first_failure", place) if status in FAILED_ONCE else None
    data = rows.flow_data(row, claims, tasks, None if error is None else error[0])
    if any(task[2] == TaskStatus.WAITING for task in tasks):
        data = data._replace(children=awaited_children(session, row[0]))
    if status == FlowStatus.REVERTING:
        data = data._replace(revert=newest_revert([rows.request(found) for found in session.all("requests_of", place)]))
    if not (asked or verbs):
        return data
    requests = tuple(rows.request(found) for found in session.all("open_requests", place))
    if verbs and status == FlowStatus.PARKED:
        data = data._replace(status=FlowStatus.PARKED)
    data = data._replace(requests=requests, reopened=bool(reopened))
    return data.asked_to_end(requests) if asked else data
