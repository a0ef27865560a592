"""What a runtime tells those who watch it: one value for each thing that has happened and is on disk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from theflow.model.message import Recovered, RunTask, Started
from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus
from theflow.runtime.work import FlowWork


class Progress(NamedTuple):
    """Something that happened to a flow.

    `kind` is admitted, recovered, task_started, task_succeeded, task_retrying, task_failed, task_lost, flow_succeeded,
    flow_failed or flow_parked.
    """

    flow_id: str
    offset: int
    flow_class: str
    user: str
    kind: str
    task: str = ""
    attempt: int = 0
    detail: str = ""


_OUTCOMES = {
    TaskStatus.SUCCEEDED: "task_succeeded",
    TaskStatus.FAILED: "task_failed",
    TaskStatus.RETRYING: "task_retrying",
}


def progress_of(work: FlowWork) -> Iterator[Progress]:
    """Say what a turn did to a flow, in an order that makes sense to people."""
    flow = work.flow
    names = flow.scheme.orchestration.names
    if work.came is not None:
        yield _arrival(work, work.came)
    details: dict[str, str] = {}
    for ended in work.attempts:
        if ended.failure is not None:
            details[ended.name] = ended.failure.line()
        if ended.status is AttemptStatus.LOST:
            yield _about(work, "task_lost", ended.name, ended.attempt, "its process ended while it ran")
    for number in sorted(work.touched):
        state = flow.plan.states[number]
        kind = _OUTCOMES.get(state.status)
        if kind is not None:
            yield _about(work, kind, names[number], state.attempt, details.get(names[number], ""))
    for command in work.commands:
        if type(command) is RunTask:
            yield _about(work, "task_started", command.task.name, command.task.attempt)
    if flow.status is not work.before.status and (flow.status.ended or flow.status is FlowStatus.PARKED):
        yield _about(work, f"flow_{flow.status.value}", detail=flow.reason)


def _arrival(work: FlowWork, came: Started | Recovered) -> Progress:
    if type(came) is Started:
        return _about(work, "admitted")
    kept = sum(state.status is TaskStatus.SUCCEEDED for state in work.before.plan.states)
    return _about(work, "recovered", detail=f"{kept} of {len(work.before.plan.states)} tasks kept")


def _about(work: FlowWork, kind: str, task: str = "", attempt: int = 0, detail: str = "") -> Progress:
    job = work.flow.data.job
    return Progress(job.flow_id, job.offset, job.meta.flow_class, job.meta.user, kind, task, attempt, detail)
