"""What the machine is told (events), and what it owes (commands)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from theflow.model.failure import Failure
from theflow.model.status import AttemptStatus
from theflow.model.task import Task


@dataclass(frozen=True, slots=True)
class Started:
    """The flow was admitted for the first time."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """The flow was admitted again, after its runtime died, was stopped, or let it go."""


class TaskSucceeded(NamedTuple):
    """A body returned. `result` is JSON; `changes` maps each field of the storage it changed to JSON, None if gone."""

    name: str
    attempt: int
    result: bytes
    changes: Mapping[str, bytes | None] | None
    started_at: int
    ended_at: int


class TaskFailed(NamedTuple):
    """A body raised or ran out of time; `retryable` says whether its policy takes such an error."""

    name: str
    attempt: int
    failure: Failure
    retryable: bool
    started_at: int
    ended_at: int
    status: AttemptStatus = AttemptStatus.FAILED


class RetryDue(NamedTuple):
    """The wait before the next attempt is over."""

    name: str
    attempt: int


class HookEnded(NamedTuple):
    """The hook returned (no failure) or raised."""

    name: str
    failure: Failure | None
    started_at: int
    ended_at: int


class Park(NamedTuple):
    """The flow cannot go on before a person looks at it."""

    reason: str


class RunTask(NamedTuple):
    """Start the body of a task. It is owed only after the commit that decided it."""

    task: Task


class SetTimer(NamedTuple):
    """Tell the machine `RetryDue` at that time, not earlier."""

    name: str
    attempt: int
    at: int


class RunHook(NamedTuple):
    """Start the hook of that name."""

    name: str


@dataclass(frozen=True, slots=True)
class Release:
    """Nothing is owed to the flow any more: forget it, and take its job out of the queue."""


class AttemptEnded(NamedTuple):
    """An attempt that did not succeed, for the record."""

    name: str
    attempt: int
    status: AttemptStatus
    failure: Failure | None
    started_at: int | None
    ended_at: int | None


Event: TypeAlias = Started | Recovered | TaskSucceeded | TaskFailed | RetryDue | HookEnded | Park
Command: TypeAlias = RunTask | SetTimer | RunHook | Release
