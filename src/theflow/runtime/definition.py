"""The snapshot of a scheme as it is stored: its tasks and their order, without the code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from theflow.database import codec
from theflow.database.records import SchemeRecord
from theflow.model.pool import THREAD
from theflow.model.retry import Retry
from theflow.model.scheme import FlowScheme
from theflow.model.shape import Shape
from theflow.model.task_scheme import TaskScheme
from theflow.runtime.shape_record import plain_shape, shape_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemeDefinition:
    """A class of flows as the database knows it. `tasks` gives each name with the names that it comes after."""

    flow_class: str
    version: int
    tasks: tuple[tuple[str, tuple[str, ...]], ...]
    concurrency: int = 1
    shape: Shape = field(default_factory=Shape)
    detail: str = ""

    @classmethod
    def of(cls, scheme: FlowScheme) -> SchemeDefinition:
        """Take the snapshot of a scheme."""
        plain: dict[str, Any] = {
            "description": scheme.description,
            "concurrency": scheme.concurrency,
            "orchestration": type(scheme.orchestration).__name__,
            "storage": str(getattr(scheme.storage, "__qualname__", scheme.storage)),
            "deadline": scheme.deadline,
            "cancel_grace": scheme.cancel_grace,
            "hooks": sorted(scheme.hooks),
            "tasks": [_task(task, scheme.undos.get(task.name)) for task in scheme.tasks.values()],
            **({"on_failure": "rollback"} if scheme.reverts_on_failure else {}),
            **({"on_cancel": "rollback"} if scheme.reverts_on_cancel else {}),
            **plain_shape(scheme.shape),
        }
        if scheme.merges:
            plain["merges"] = {name: rule.value for name, rule in scheme.merges.items()}
        return cls(
            flow_class=scheme.name,
            version=scheme.version,
            tasks=tuple((task.name, task.after) for task in scheme.tasks.values()),
            concurrency=scheme.concurrency,
            shape=scheme.shape,
            detail=codec.encode_definition(plain),
        )

    @classmethod
    def from_record(cls, record: SchemeRecord) -> SchemeDefinition:
        """Read a stored snapshot."""
        plain = codec.decode(record.definition)
        return cls(
            flow_class=record.flow_class,
            version=record.version,
            tasks=tuple((task["name"], tuple(task["after"])) for task in plain["tasks"]),
            concurrency=plain["concurrency"],
            shape=shape_of(plain),
            detail=record.definition,
        )

    def behind(self, name: str) -> set[str]:
        """Name a task and all that comes after it."""
        found = {name}
        # Tasks stand in the order of their declaration, which need not be that of the graph.
        while more := {task for task, after in self.tasks if task not in found and not found.isdisjoint(after)}:
            found |= more
        return found

    def record(self) -> SchemeRecord:
        """Return the row to store."""
        return SchemeRecord(flow_class=self.flow_class, version=self.version, definition=self.detail)


def _task(task: TaskScheme[..., Any], undo: TaskScheme[..., Any] | None) -> dict[str, Any]:
    plain: dict[str, Any] = {"name": task.name, "after": list(task.after)}
    if undo is not None:
        plain["undo"] = {name: value for name, value in _task(undo, None).items() if name not in ("name", "after")}
    if task.retry.attempts > 1:
        plain["retry"] = _retry(task.retry)
    if task.timeout is not None:
        plain["timeout"] = task.timeout
    if task.deadline is not None:
        plain["deadline"] = task.deadline
    if task.heartbeat is not None:
        plain["heartbeat"] = task.heartbeat
    if task.at_most_once:
        plain["at_most_once"] = True
    if task.child is not None:
        plain["subflow"] = task.child.flow_class
    if task.transactional:
        plain["transactional"] = True
    if task.pool != THREAD:
        plain["pool"] = task.pool
    return plain


def _retry(retry: Retry) -> dict[str, Any]:
    return {
        "attempts": retry.attempts,
        "delay": retry.delay,
        "factor": retry.factor,
        "max_delay": retry.max_delay,
        "jitter": retry.jitter,
        "on": [kind.__qualname__ for kind in retry.on],
        "never": [kind.__qualname__ for kind in retry.never],
    }
