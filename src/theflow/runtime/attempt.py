"""One attempt under way: fills the parameters of a body, and turns what comes of it into an event."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Mapping
from typing import Any

from theflow.database import codec
from theflow.database.batch import ProgressRow
from theflow.database.store import Transaction
from theflow.errors import DataRefused, InputError, TransactionEnded
from theflow.model.binding import Parameter, Source
from theflow.model.failure import Failure
from theflow.model.merge import Edit
from theflow.model.message import Event, HookEnded, TaskFailed, TaskSucceeded
from theflow.model.pool import THREAD
from theflow.model.raised import asked_by, forbids_retry
from theflow.model.scheme import ON_FAILURE, ON_SUCCESS
from theflow.model.status import AttemptStatus
from theflow.model.task import Task
from theflow.runtime.arguments import item_of, result_of
from theflow.runtime.attempt_log import AttemptLog
from theflow.runtime.clock import Clock
from theflow.runtime.context import Context
from theflow.runtime.edits import edited
from theflow.runtime.failure_detail import failure_of
from theflow.runtime.inbox import Begun, Posted
from theflow.runtime.kin import input_built
from theflow.runtime.signs import Said, Signs

_NOTHING = object()
_HOOKS = (ON_SUCCESS, ON_FAILURE)
_CANCELLED = Failure.plain("Cancelled", "the flow was cancelled before the task was done", "cancelled")


class Attempt:
    """One attempt of a task. Whoever closes it first says how it ended; what comes later is not heard.

    `cancelled` says that its flow is to end: the body may still return, and is heard.
    """

    __slots__ = (
        "_clock",
        "_log",
        "_marked",
        "_signs",
        "_storage",
        "began",
        "cancelled",
        "closed",
        "runs",
        "started_at",
        "task",
        "transaction",
    )

    def __init__(self, task: Task, clock: Clock) -> None:
        self.task = task
        self._clock = clock
        self.closed = False
        # Only of a transactional task: what its body writes in, how often it was run whole, and since when.
        self.transaction: Transaction | None = None
        self.runs = 0
        self.began = 0.0
        self.cancelled = False
        self._marked = False
        self.started_at = 0
        self._storage: Any = _NOTHING
        self._log: AttemptLog | None = None
        self._signs: Signs | None = None

    @property
    def offset(self) -> int:
        """The offset of its flow."""
        return self.task.flow.data.job.offset

    @property
    def name(self) -> str:
        """The name of its task."""
        return self.task.name

    @property
    def attempt(self) -> int:
        """Its number."""
        return self.task.attempt

    @property
    def label(self) -> str:
        """What the log of the runtime calls it."""
        return f"flow_id={self.task.flow.flow_id} task={self.name} attempt={self.task.attempt}"

    @property
    def log(self) -> AttemptLog:
        """What its body logs."""
        if self._log is None:
            self._log = AttemptLog(self)
        return self._log

    @property
    def signs(self) -> Signs:
        """The signs of life that its body gives."""
        if self._signs is None:
            self._signs = Signs(self._clock)
        return self._signs

    def report(self, said: Said | None) -> None:
        """Hear from the body, in any thread, that it is alive, and how far it has come."""
        self.signs.hear(said)

    def due_progress(self) -> ProgressRow | None:
        """Return how far it has come, if that is worth a row now."""
        return None if self._signs is None else self._progress(self._signs.due(self.attempt))

    def last_progress(self) -> ProgressRow | None:
        """Return how far it has come, if that was not told yet."""
        return None if self._signs is None else self._progress(self._signs.rest(self.attempt))

    def _progress(self, said: str | None) -> ProgressRow | None:
        # A hook has no row of its own.
        return None if said is None or self._is_hook() else ProgressRow(said, self.offset, self.name, self.attempt)

    def taken_logs(self) -> list[Any]:
        """Return the records that have gathered."""
        return self._log.take() if self._log is not None else []

    def begun(self) -> Begun | None:
        """Say once that the body has begun; a hook's start is of no consequence."""
        if self._marked or self._is_hook():
            return None
        self._marked = True
        return Begun(self.name, self.task.attempt, self.started_at)

    def close(self) -> bool:
        """End the attempt; False if somebody else has ended it."""
        first = not self.closed
        self.closed = True
        return first

    def connection(self) -> Any:
        """Return what the body writes with; raise InputError where its task has no transaction."""
        if self.task.scheme.pool != THREAD:
            raise InputError(
                f"ctx.tx: task {self.name!r} of flow {self.task.flow.scheme.name!r} runs in pool "
                f"{self.task.scheme.pool!r}, where no transaction of its runtime reaches; write in a transactional "
                "task after it"
            )
        if self.transaction is None:
            raise InputError(
                f"ctx.tx: task {self.name!r} of flow {self.task.flow.scheme.name!r} is not transactional; declare it "
                "with transactional=True"
            )
        return self.transaction.connection

    def run_in(self, transaction: Transaction) -> None:
        """Begin to run the body whole, with a storage that no earlier run has touched."""
        self.transaction = transaction
        self.runs += 1
        self._storage = _NOTHING

    def revoke(self) -> None:
        """Take away from the body what it writes in, if it does."""
        if self.transaction is not None:
            self.transaction.revoke()

    def close_with(self, event: Event) -> Posted | None:
        """End the attempt with what came of it, and return the news of it; None if somebody else has ended it."""
        if self.closed:
            return None
        self.closed = True
        logs = self._log.take() if self._log is not None else ()
        progress = self.last_progress() if self._signs is not None else None
        return Posted(self.task.flow.data.job.offset, event, logs, None, None, progress)

    def arguments(self) -> dict[str, Any]:
        """Return what the body is called with; raise DataRefused where a stored value does not fit its type."""
        found: dict[str, Any] = {}
        for parameter in self.task.scheme.parameters:
            if parameter.source is Source.OTHER_RESULTS:
                found.update((name, result_of(self.task, name, parameter)) for name in self.task.scheme.others)
            else:
                found[parameter.name] = self._value(parameter)
        return found

    def storage(self) -> Any:
        """Return this attempt's own copy of the storage."""
        if self._storage is _NOTHING:
            flow = self.task.flow
            self._storage = codec.decode(codec.join(flow.plan.storage), flow.scheme.storage)
        return self._storage

    def succeeded(self, result: Any, now: int) -> Event:
        """Return the event of a body that returned; a result that cannot be stored fails its task."""
        task = self.task
        try:
            found = None if self._storage is _NOTHING else codec.changes(task.flow.plan.storage, self._storage)
            if task.scheme.child is not None:
                return input_built(task, result, found or (), self.started_at, now)
            data = codec.encode(result, "result")
            changes: Mapping[str, bytes | Edit | None] | None = None
            if found:
                changes = edited(task.flow, found)
                codec.decode(codec.encode(self._storage, "storage"), task.flow.scheme.storage)
        except DataRefused as error:
            return self._failed(failure_of(error), AttemptStatus.FAILED, now)
        name = task.name
        if name in _HOOKS:
            return HookEnded(name, None, self.started_at, now)
        return TaskSucceeded(name, task.attempt, data, changes, self.started_at, now)

    def raised(self, error: BaseException, now: int) -> Event:
        """Return the event of a body that raised."""
        if self.cancelled and isinstance(error, CancelledError):
            return self.ended_by_cancel(now)
        failure = failure_of(error)
        asked = asked_by(error, now)
        if asked is not None and not self._is_hook():
            status = AttemptStatus.THROTTLED if asked.scope else AttemptStatus.FAILED
            retryable = True
            return TaskFailed(self.name, self.attempt, failure, retryable, self.started_at, now, status, asked)
        # Whose rows may be there already is not run again by itself.
        retryable = task_retryable(self.task, error) and not isinstance(error, TransactionEnded)
        return self._failed(failure, AttemptStatus.FAILED, now, retryable=retryable)

    def ended_by_cancel(self, now: int) -> Event:
        """Return the event of a body that ended, or never began, because its flow was cancelled."""
        return self._failed(_CANCELLED, AttemptStatus.CANCELLED, now)

    def is_over(self) -> bool:
        """Whether nobody needs what the body still does: its flow is to end, or the attempt was ended without it."""
        return self.cancelled or self.closed

    def timed_out(self, now: int) -> Event:
        """Return the event of a body that took too long."""
        seconds = self.task.scheme.timeout
        late = f"task {self.name!r} took longer than its timeout of {seconds:g} s"
        failure = Failure.plain("TimedOut", late, "timed_out")
        retryable = task_retryable(self.task, TimeoutError())
        return self._failed(failure, AttemptStatus.TIMED_OUT, now, retryable=retryable)

    def fell_silent(self, now: int) -> Event:
        """Return the event of a body that has given no sign of life for too long."""
        told = (
            f"task {self.name!r} gave no sign of life for {self.task.scheme.heartbeat:g} s, its heartbeat; call "
            "ctx.heartbeat() or ctx.progress() more often, or give it more time"
        )
        retryable = task_retryable(self.task, TimeoutError())
        failure = Failure.plain("HeartbeatTimeout", told, "heartbeat_timeout")
        return self._failed(failure, AttemptStatus.TIMED_OUT, now, retryable=retryable)

    def overstayed(self, seconds: float, now: int) -> Event:
        """Return the event of a body that kept everybody else from writing for too long."""
        failure = Failure.plain(
            "TransactionTooLong",
            f"task {self.name!r} held the only right to write to its database for {seconds:g} s, and everybody else "
            "waited; do what takes long in a task before it, which is not transactional",
            "transaction_too_long",
        )
        retryable = task_retryable(self.task, TimeoutError())
        return self._failed(failure, AttemptStatus.TIMED_OUT, now, retryable=retryable)

    def _failed(self, failure: Failure, status: AttemptStatus, now: int, *, retryable: bool = False) -> Event:
        if self._is_hook():
            return HookEnded(self.name, failure, self.started_at, now)
        return TaskFailed(self.name, self.task.attempt, failure, retryable, self.started_at, now, status)

    def _is_hook(self) -> bool:
        return self.name in _HOOKS

    def _value(self, parameter: Parameter) -> Any:
        match parameter.source:
            case Source.STORAGE:
                return self.storage()
            case Source.CONTEXT:
                return Context(self.task, self.storage, self.connection, self.is_over, self.report)
            case Source.FAILURE:
                return self.task.flow.failure
            case Source.UNDO:
                return self.task.undo
            case Source.RESULT | Source.OTHER_RESULTS:
                return result_of(self.task, parameter.name, parameter)
            case Source.ITEM:
                return item_of(self.task, parameter)


def task_retryable(task: Task, error: BaseException) -> bool:
    """Whether the policy of a task tries an attempt again that ended with this exception."""
    return task.scheme.retry.accepts(error) and not forbids_retry(error)
