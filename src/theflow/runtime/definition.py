"""The snapshot of a scheme as it is stored: its tasks and their order, without the code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from theflow.database import codec
from theflow.database.store import SchemeRecord
from theflow.model.retry import Retry
from theflow.model.scheme import FlowScheme, TaskScheme


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemeDefinition:
    """A class of flows as the database knows it. `tasks` gives each name with the names that it comes after."""

    flow_class: str
    version: int
    tasks: tuple[tuple[str, tuple[str, ...]], ...]
    concurrency: int = 1
    detail: str = ""

    @classmethod
    def of(cls, scheme: FlowScheme) -> SchemeDefinition:
        """Take the snapshot of a scheme."""
        plain = {
            "description": scheme.description,
            "concurrency": scheme.concurrency,
            "orchestration": type(scheme.orchestration).__name__,
            "storage": str(getattr(scheme.storage, "__qualname__", scheme.storage)),
            "hooks": sorted(scheme.hooks),
            "tasks": [_task(task) for task in scheme.tasks.values()],
        }
        return cls(
            flow_class=scheme.name,
            version=scheme.version,
            tasks=tuple((task.name, task.after) for task in scheme.tasks.values()),
            concurrency=scheme.concurrency,
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
            detail=record.definition,
        )

    def record(self) -> SchemeRecord:
        """Return the row to store."""
        return SchemeRecord(flow_class=self.flow_class, version=self.version, definition=self.detail)


def _task(task: TaskScheme[..., Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {"name": task.name, "after": list(task.after)}
    if task.retry.attempts > 1:
        plain["retry"] = _retry(task.retry)
    if task.timeout is not None:
        plain["timeout"] = task.timeout
    if task.at_most_once:
        plain["at_most_once"] = True
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
