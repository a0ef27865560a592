"""What people are shown of flows, tasks, attempts and logs. Times are integer microseconds, UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from theflow.model.failure import Failure
from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowSummary:
    """One line of a list of flows."""

    flow_id: str
    offset: int
    flow_class: str
    version: int | None
    user: str
    status: FlowStatus
    description: str
    labels: Mapping[str, str]
    reason: str
    created_at: int
    run_at: int | None
    started_at: int | None
    ended_at: int | None
    priority: int = 0
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLine:
    """One task of a flow; `attempt` is the number of the newest attempt, 0 before the first."""

    name: str
    status: TaskStatus
    after: tuple[str, ...] = ()
    attempt: int = 0
    result: Any = None
    retry_at: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    error: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowDetail(FlowSummary):
    """A flow with its tasks in the order of their declaration.

    `waiting` says why the flow is not running, with numbers and ids; empty when it runs or has ended.
    `input` and `storage` are of the scheme's storage type if the client was given the scheme, else plain JSON values.
    """

    input: Any = None
    storage: Any = None
    tasks: tuple[TaskLine, ...] = ()
    waiting: tuple[str, ...] = ()
    runtime: str | None = None

    def task(self, name: str) -> TaskLine:
        """Return the task of that name; raise KeyError if there is none."""
        for line in self.tasks:
            if line.name == name:
                return line
        raise KeyError(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt of a task (or of the hook `on_success` / `on_failure`)."""

    task: str
    number: int
    status: AttemptStatus
    started_at: int | None
    ended_at: int | None
    runtime: str
    error: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One record that a task's body logged; `id` grows within a flow and is the cursor for reading on."""

    id: int
    task: str
    attempt: int
    at: int
    level: str
    logger: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the doctor found: `level` is ok, warning or error; `mend` says what to do, empty if nothing."""

    level: str
    what: str
    mend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowFilter:
    """Which flows to list; what is None does not filter. `labels` must all be equal."""

    status: FlowStatus | None = None
    flow_class: str | None = None
    user: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    id_prefix: str | None = None
    created_after: int | None = None
    created_before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item]):
    """Items, newest first, and the key from which the next page goes on (None on the last one)."""

    items: tuple[Item, ...]
    next: int | None = None
