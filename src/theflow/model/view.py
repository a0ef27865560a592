"""What people are shown of flows, tasks, attempts and logs. Times are integer microseconds, UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from theflow.model.failure import Failure
from theflow.model.job import canonical
from theflow.model.limit import Limit, LimitRecord
from theflow.model.queue_pause import QueuePause
from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

Item = TypeVar("Item")
_DONE = {
    "cancel": "cancelled",
    "resume": "resumed",
    "revert": "reverted",
    "pause": "paused",
    "retry": "retried",
    "retry_from": "retried",
    "mark_failed": "marked failed",
    "edit_job": "edited",
    "replace": "replaced",
}
DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowSummary:
    """One line of a list of flows.

    `ending` says how the bodies of a flow ended that were told to: "clean", or "abandoned" if some were left behind; it
    is "expired" for a flow that had not started when its time (`expires_at`) was up. `unique` is the key of which one
    flow is active at a time.
    """

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
    ending: str | None = None
    unique: str | None = None
    expires_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskProgress:
    """How far the body of an attempt says that it has come: `ctx.progress(done, total, message)`.

    `done` may be more than `total`, for a body may find more to do than it thought; a `total` of None is unknown.
    """

    done: int | float
    total: int | float | None
    message: str
    at: int
    attempt: int

    def line(self) -> str:
        """The progress in one line."""
        of = "" if self.total is None else f"/{_shown(self.total)}"
        part = f" ({100 * self.done / self.total:.0f} %)" if self.total else ""
        return f"{_shown(self.done)}{of}{part} {self.message}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoLine:
    """What undoes a task of a flow that is reverted; `unknown` says that nobody knew whether the task was done."""

    name: str
    status: TaskStatus
    unknown: bool = False
    attempt: int = 0
    retry_at: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    error: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLine:
    """One task of a flow; `attempt` is the number of the newest attempt, 0 before the first.

    `progress` is the newest word of that attempt's body on how far it has come, None if it has said nothing.
    `undo` is there once its flow is reverted and the task is among those that are undone.
    """

    name: str
    status: TaskStatus
    after: tuple[str, ...] = ()
    attempt: int = 0
    result: Any = None
    retry_at: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    error: Failure | None = None
    progress: TaskProgress | None = None
    undo: UndoLine | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowLink:
    """A flow as its kin is shown it: `task` and `attempt` are those of the parent that the sub-flow belongs to."""

    flow_id: str
    offset: int
    flow_class: str
    user: str
    status: FlowStatus
    reason: str
    task: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """The flow above a flow, None for what people submit, and the sub-flows that it started, the oldest first."""

    parent: FlowLink | None = None
    children: tuple[FlowLink, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowTree:
    """A flow with all that it started, and what those started."""

    flow_id: str
    flow_class: str
    user: str
    status: FlowStatus
    reason: str = ""
    task: str = ""
    attempt: int = 0
    children: tuple[FlowTree, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What somebody asked of a flow, and why: `verb` is cancel, retry and so on, `payload` what goes with it.

    `answer` is what came of it, `done` or why not, and `handled_at` when; both are empty until a runtime has heard it.
    """

    verb: str
    asked_by: str
    reason: str
    asked_at: int
    payload: Mapping[str, Any] = field(default_factory=dict)
    handled_at: int | None = None
    answer: str = ""
    id: int = field(default=0, compare=False)

    @classmethod
    def of_queue(cls, verb: str, pause: QueuePause) -> Request:
        """Return what somebody did to a queue or a class, for the record."""
        return cls(
            verb=verb,
            asked_by=pause.asked_by,
            reason=pause.reason,
            asked_at=pause.asked_at,
            payload={"class": pause.flow_class, "user": pause.user},
            handled_at=pause.asked_at,
            answer=DONE,
        )

    @classmethod
    def of_limit(cls, record: LimitRecord, was: Limit) -> Request:
        """Return what somebody limited, for the record: old and new."""
        kind, name, user = record.scope
        return cls(
            verb="limit",
            asked_by=record.set_by,
            reason=record.reason,
            asked_at=record.set_at,
            payload={
                "kind": kind.value,
                "name": name,
                "user": user,
                "version": record.version,
                "changes": record.limit.changes(was),
            },
            handled_at=record.set_at,
            answer=DONE,
        )

    def line(self) -> str:
        """The request in one line."""
        to = f" to {self.payload['to']!r}" if self.payload.get("to") else ""
        words = f"{_DONE.get(self.verb, self.verb)}{to} by {self.asked_by}"
        return f"{words}: {self.reason}" if self.reason else words

    def passed_on(self, flow_id: str) -> Request:
        """What a flow that is asked this asks of its sub-flows."""
        return Request(verb=self.verb, asked_by=f"flow {flow_id}", reason=self.line()[:2000], asked_at=self.asked_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowDetail(FlowSummary):
    """A flow with its tasks in the order of their declaration.

    `waiting` says why the flow is not running, with numbers and ids; empty when it runs or has ended. `requests` is
    what people asked of it, the oldest first. `parent` is the flow that started it, `children` are those it started.
    `input` and `storage` are of the scheme's storage type if the client was given the scheme, else plain JSON values.
    """

    input: Any = None
    storage: Any = None
    tasks: tuple[TaskLine, ...] = ()
    waiting: tuple[str, ...] = ()
    runtime: str | None = None
    requests: tuple[Request, ...] = ()
    parent: FlowLink | None = None
    children: tuple[FlowLink, ...] = ()

    @property
    def forked_from(self) -> str | None:
        """The id of the flow that it was forked from, if it was."""
        return next((each.payload["from"] for each in self.requests if "from" in each.payload), None)

    @property
    def forks(self) -> tuple[str, ...]:
        """The ids of the flows that were forked from it."""
        return tuple(each.payload["to"] for each in self.requests if each.verb == "fork" and "to" in each.payload)

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

    def __post_init__(self) -> None:
        """Look for names as they are kept."""
        for name in ("flow_class", "user"):
            given = getattr(self, name)
            if type(given) is str:
                object.__setattr__(self, name, canonical(given))


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item]):
    """Items, newest first, and the key from which the next page goes on (None on the last one)."""

    items: tuple[Item, ...]
    next: int | None = None


def _shown(number: float) -> str:
    return str(number) if isinstance(number, int) else f"{number:.6g}"
