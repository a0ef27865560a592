"""Flows to begin a test with, and short names for what one tells the machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from theflow.model.decide import decide
from theflow.model.failure import Failure
from theflow.model.flow import Flow
from theflow.model.flow_data import FlowDataObject, TaskDataObject
from theflow.model.job import JobMeta, JobMetaObject
from theflow.model.message import Decision, Event, Recovered, Started, TaskFailed, TaskSucceeded
from theflow.model.scheme import FlowScheme
from theflow.model.status import FlowStatus, TaskStatus

BOOM = Failure.plain("ValueError", "boom")


def scheme_of(*hooks: str, **tasks: Mapping[str, Any] | list[str]) -> FlowScheme:
    """A scheme of tasks that do nothing, each given by its options or by what it comes after."""
    scheme = FlowScheme("order")
    for name, options in tasks.items():
        scheme.add(lambda: None, name=name, **({"after": options} if isinstance(options, list) else options))
    for hook in hooks:
        getattr(scheme, hook)(lambda: None)
    return scheme


def pending(scheme: FlowScheme, storage: Mapping[str, bytes] | None = None) -> Flow:
    """A flow that has not started."""
    return Flow.from_data(data(FlowStatus.PENDING, storage=storage or {}), scheme)


def started(scheme: FlowScheme, storage: Mapping[str, bytes] | None = None) -> Flow:
    """A flow whose first tasks run."""
    return decide(pending(scheme, storage), Started(), 0).flow


def recovered(scheme: FlowScheme, *tasks: TaskDataObject, status: FlowStatus = FlowStatus.RUNNING) -> Decision:
    """What the machine decides on a flow that was found on disk."""
    return decide(Flow.from_data(data(status, *tasks), scheme), Recovered(), 1000)


def data(status: FlowStatus, *tasks: TaskDataObject, storage: Mapping[str, bytes] | None = None, **rest: Any):
    """A flow on disk."""
    job = JobMetaObject(offset=7, flow_id="f-1", created_at=0, meta=JobMeta(flow_class="order"))
    return FlowDataObject(job=job, version=1, status=status, storage=storage or {}, tasks=tasks, **rest)


def on_disk(name: str, status: TaskStatus, attempt: int = 1, failures: int = 0, **rest: Any) -> TaskDataObject:
    """A task on disk."""
    known = {"result": None, "retry_at": None, "started_at": 1, "ended_at": None, **rest}
    return TaskDataObject(name=name, status=status, attempt=attempt, failures=failures, **known)


def succeeded(name: str, attempt: int = 1, changes: Mapping[str, bytes | None] | None = None) -> TaskSucceeded:
    """A body returned."""
    return TaskSucceeded(name, attempt, b'"done"', changes, started_at=1, ended_at=2)


def failed(name: str, attempt: int = 1, failure: Failure = BOOM, *, retryable: bool = True) -> TaskFailed:
    """A body raised."""
    return TaskFailed(name, attempt, failure, retryable=retryable, started_at=1, ended_at=2)


def tell(flow: Flow, *events: Event, now: int = 0) -> Flow:
    """The flow after several events."""
    for event in events:
        flow = decide(flow, event, now).flow
    return flow


def commands(decision: Decision, kind: Callable[..., Any]) -> list[Any]:
    """The commands of a kind."""
    return [command for command in decision.commands if isinstance(command, kind)]
