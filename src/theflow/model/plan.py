"""How far a flow has come: one state a task, and counts that spare a walk over all of them. Replaced, never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from theflow.model.status import TaskStatus
from theflow.model.vector import Vector

_NOTHING: Mapping[Any, Any] = MappingProxyType({})


class TaskState(NamedTuple):
    """Where one task stands.

    `holds` counts the successes of tasks before it that are still missing, `missed` the tasks that can give none any
    more; `attempt` numbers the newest attempt; `failures` counts those that spent the retry policy; `base` is the
    plan's tick when the attempt started, so that a later write by a parallel task shows. `result` is JSON, kept while
    some task may ask for it. `deadline_at` is when the time of all attempts together is up, from the first start of a
    task that declares a deadline. `let` says of one that is read from disk that its condition was asked, and held.
    """

    status: TaskStatus = TaskStatus.PENDING
    holds: int = 0
    attempt: int = 0
    failures: int = 0
    base: int = 0
    retry_at: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    result: bytes | None = None
    deadline_at: int | None = None
    missed: int = 0
    let: bool = False

    @property
    def chosen(self) -> bool:
        """Whether it is known that it starts: it has begun before. One with an end has failed before it could."""
        return self.let or (bool(self.attempt) and self.ended_at is None)


class Fan(NamedTuple):
    """The parts of one task: children of a map, or the newest rounds of a repeated task.

    Part `first + n` has state `states[n]`; `items` are what children are made for, as JSON. `todo` lists the parts that
    are to be started, of which the first `at` have been. `running` counts those under way, `waiting` those of them that
    wait for a sub-flow. `failed` are those that failed for good, `dropped` counts those that came to nothing because
    they were needed no more; `closing` says that no more are.
    """

    states: Vector[TaskState]
    todo: Sequence[int]
    items: tuple[bytes, ...] = ()
    first: int = 0
    at: int = 0
    running: int = 0
    succeeded: int = 0
    failed: tuple[int, ...] = ()
    dropped: int = 0
    closing: bool = False
    waiting: int = 0

    @property
    def open(self) -> int:
        """How many parts have no outcome yet."""
        return len(self.states) - self.succeeded - len(self.failed) - self.dropped

    @property
    def last(self) -> int:
        """The index of its last part."""
        return self.first + len(self.states) - 1

    def state(self, index: int) -> TaskState:
        """Where a part stands."""
        return self.states[index - self.first]

    def put(self, index: int, state: TaskState, **counts: Any) -> Fan:
        """Return it with another state of a part, and other counts."""
        return self._replace(states=self.states.set(index - self.first, state), **counts)


class Rollback(NamedTuple):
    """How far a flow has come in undoing what it did.

    `doubts` names the tasks that can be undone and had an attempt of which nobody knows what it did; `to` the task
    after which all is undone, empty for everything. `states` has a state for each task once it is decided what to undo,
    SKIPPED where there is nothing; its `holds` counts the followers of the task that are not undone. `unknown` are the
    numbers of those whose outcome was not known. `open` counts what is not undone yet, `running` attempts under way,
    `waiting` those that will be made.
    """

    doubts: frozenset[str] = frozenset()
    to: str = ""
    states: Vector[TaskState] | None = None
    unknown: frozenset[int] = frozenset()
    open: int = 0
    running: int = 0
    waiting: int = 0


class FlowExecPlanState(NamedTuple):
    """The states of all tasks in the scheme's order, with the storage that they share.

    `open` counts tasks without an outcome, `running` attempts and sub-flows under way; `failed` names the tasks that
    failed for good. `fans` holds the parts of tasks that are done in parts, by the number of the task.
    `storage` maps each field of the storage to its JSON; `writes` remembers at which tick which task wrote a field.
    `undo` is there once a task is in doubt that can be undone, or the flow is reverted.
    """

    states: Vector[TaskState]
    open: int
    running: int = 0
    failed: tuple[str, ...] = ()
    storage: Mapping[str, bytes] = _NOTHING
    tick: int = 0
    writes: Mapping[str, tuple[int, str]] = _NOTHING
    fans: Mapping[int, Fan] = _NOTHING
    undo: Rollback | None = None

    @property
    def undo_states(self) -> Vector[TaskState]:
        """The states of what undoes the tasks, by their numbers; empty while nothing is to be undone."""
        return (self.undo and self.undo.states) or Vector()

    @property
    def left(self) -> int:
        """How much is still to be done: tasks without an outcome, and tasks to undo."""
        return self.open + (self.undo.open if self.undo else 0)

    @property
    def under_way(self) -> int:
        """How many attempts are under way."""
        return self.running + (self.undo.running if self.undo else 0)
