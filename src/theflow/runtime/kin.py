"""What a turn writes of sub-flows: those that begin, and those whose parents go on no more."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from theflow.database import codec
from theflow.database.batch import AbandonRow, SubflowRow
from theflow.errors import DataRefused
from theflow.model.child import ChildScheme
from theflow.model.flow import Flow
from theflow.model.flow_data import FlowDataPartial
from theflow.model.job import JobMeta, check_name
from theflow.model.message import Command, EndSubflows, InputBuilt, StartSubflow
from theflow.model.part import split_part
from theflow.model.task import Task
from theflow.model.task_scheme import TaskScheme
from theflow.model.view import Request

REASON_LIMIT = 2000
SPARE = "its task needs it no more"


def input_built(task: Task, result: object, changes: Collection[str], started_at: int, now: int) -> InputBuilt:
    """Return what a sub-flow begins with; raise InputError where its class does not take that, or more was done."""
    if changes:
        raise DataRefused(
            f"storage.{next(iter(changes))}",
            f"task {task.name!r} only builds the input of a sub-flow; change the storage in another task",
        )
    child = _child_of(task.scheme)
    try:
        known = child.storage is not None
        data = codec.encode_input(result, child.storage) if known else codec.encode_object(result)
    except DataRefused as error:
        where = f"input of sub-flow class {child.flow_class!r}"
        raise DataRefused(error.path, f"{error.problem} ({where})") from None
    user = check_name("the user of a sub-flow", child.user_for(result, task.flow.data.job.meta.user))
    return InputBuilt(task.name, task.attempt, data, user, started_at, now)


def subflow_id(parent: str, task: str, attempt: int) -> str:
    """Return the id of the sub-flow of an attempt at a task, or a part of one: the same, however often it is asked."""
    return str(uuid5(NAMESPACE_OID, f"{parent}/{task}/{attempt}"))


def subflow_rows(flow: Flow, commands: Sequence[Command], now: int) -> list[SubflowRow]:
    """Return the sub-flows that are to be saved with the decision that their tasks wait for them."""
    return [_subflow_row(flow, command, now) for command in commands if isinstance(command, StartSubflow)]


def abandon_row(flow: Flow, now: int) -> AbandonRow:
    """Return what a flow that goes on no more asks of its sub-flows."""
    return AbandonRow(flow.offset, _end(flow, flow.reason[:REASON_LIMIT], now))


def spare_rows(flow: Flow, commands: Sequence[Command], now: int) -> list[AbandonRow]:
    """Return what a flow that goes on asks of those sub-flows that it needs no more."""
    names = [name for command in commands if isinstance(command, EndSubflows) for name in command.names]
    return [AbandonRow(flow.offset, _end(flow, SPARE, now), tuple(names))] if names else []


def _end(flow: Flow, reason: str, now: int) -> Request:
    return Request(verb="cancel", asked_by=f"flow {flow.flow_id}", reason=reason, asked_at=now)


def _child_of(scheme: TaskScheme[..., Any]) -> ChildScheme:
    assert scheme.child is not None  # noqa: S101 - only the task of a sub-flow starts one
    return scheme.child


def _subflow_row(flow: Flow, order: StartSubflow, now: int) -> SubflowRow:
    tasks = flow.scheme.tasks
    child = _child_of(tasks[order.name if order.name in tasks else (split_part(order.name) or ("",))[0]])
    meta = JobMeta(
        flow_class=child.flow_class,
        user=order.user,
        description=f"task {order.name!r} of flow {flow.flow_id}",
        priority=flow.data.job.meta.priority,
    )
    flow_id = subflow_id(flow.flow_id, order.name, order.attempt)
    partial = FlowDataPartial.pending(meta, flow_id=flow_id, data=order.input, version=child.version, now=now)
    return SubflowRow(flow.offset, order.name, order.attempt, flow.data.depth + 1, partial)
