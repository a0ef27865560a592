"""One attempt under way: fills the parameters of a body, and turns what comes of it into an event."""

from __future__ import annotations

from typing import Any

from theflow.database import codec
from theflow.errors import DataRefused
from theflow.model.binding import Parameter, Source
from theflow.model.failure import Failure
from theflow.model.message import Event, HookEnded, TaskFailed, TaskSucceeded
from theflow.model.scheme import ON_FAILURE, ON_SUCCESS
from theflow.model.status import AttemptStatus
from theflow.model.task import Task
from theflow.runtime.attempt_log import AttemptLog
from theflow.runtime.context import Context
from theflow.runtime.failure_detail import failure_of
from theflow.runtime.inbox import Begun

_NOTHING = object()


class Attempt:
    """One attempt of a task. Whoever closes it first says how it ended; what comes later is not heard."""

    __slots__ = ("_log", "_marked", "_storage", "closed", "started_at", "task")

    def __init__(self, task: Task) -> None:
        self.task = task
        self.closed = False
        self._marked = False
        self.started_at = 0
        self._storage: Any = _NOTHING
        self._log: AttemptLog | None = None

    @property
    def offset(self) -> int:
        """The offset of its flow."""
        return self.task.flow.data.job.offset

    @property
    def name(self) -> str:
        """The name of its task."""
        return self.task.scheme.name

    @property
    def attempt(self) -> int:
        """Its number."""
        return self.task.attempt

    @property
    def log(self) -> AttemptLog:
        """What its body logs."""
        if self._log is None:
            self._log = AttemptLog(self)
        return self._log

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

    def arguments(self) -> dict[str, Any]:
        """Return what the body is called with; raise DataRefused where a stored value does not fit its type."""
        found: dict[str, Any] = {}
        for parameter in self.task.scheme.parameters:
            if parameter.source is Source.OTHER_RESULTS:
                found.update((name, self._result(name, parameter)) for name in self.task.scheme.others)
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
            data = codec.encode(result, "result")
            changes = None
            if self._storage is not _NOTHING:
                changes = codec.changes(task.flow.plan.storage, self._storage)
                if changes:
                    codec.decode(codec.encode(self._storage, "storage"), task.flow.scheme.storage)
        except DataRefused as error:
            return self._failed(failure_of(error), AttemptStatus.FAILED, now)
        if self._is_hook():
            return HookEnded(self.name, None, self.started_at, now)
        return TaskSucceeded(self.name, task.attempt, data, changes, self.started_at, now)

    def raised(self, error: BaseException, now: int) -> Event:
        """Return the event of a body that raised."""
        retryable = task_retryable(self.task, error)
        return self._failed(failure_of(error), AttemptStatus.FAILED, now, retryable=retryable)

    def timed_out(self, now: int) -> Event:
        """Return the event of a body that took too long."""
        seconds = self.task.scheme.timeout
        failure = Failure.plain("TimedOut", f"task {self.name!r} took longer than its timeout of {seconds:g} s")
        retryable = task_retryable(self.task, TimeoutError())
        return self._failed(failure, AttemptStatus.TIMED_OUT, now, retryable=retryable)

    def _failed(self, failure: Failure, status: AttemptStatus, now: int, *, retryable: bool = False) -> Event:
        if self._is_hook():
            return HookEnded(self.name, failure, self.started_at, now)
        return TaskFailed(self.name, self.task.attempt, failure, retryable, self.started_at, now, status)

    def _is_hook(self) -> bool:
        return self.name in (ON_SUCCESS, ON_FAILURE)

    def _value(self, parameter: Parameter) -> Any:
        match parameter.source:
            case Source.STORAGE:
                return self.storage()
            case Source.CONTEXT:
                return Context(self.task, self.storage)
            case Source.FAILURE:
                return self.task.flow.failure
            case Source.RESULT | Source.OTHER_RESULTS:
                return self._result(parameter.name, parameter)

    def _result(self, name: str, parameter: Parameter) -> Any:
        data = self.task.result_of(name)
        if data is None:
            return None
        try:
            return codec.decode(data, Any if parameter.annotation is None else parameter.annotation)
        except DataRefused as error:
            raise DataRefused(
                error.path.replace("$", f"result of {name}", 1), f"{error.problem} (task {self.name!r})"
            ) from None


def task_retryable(task: Task, error: BaseException) -> bool:
    """Whether the policy of a task tries an attempt again that ended with this exception."""
    return task.scheme.retry.accepts(error)
