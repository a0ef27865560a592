"""What the machine is told (events), and what it owes (commands)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from theflow.model.failure import Failure
from theflow.model.flow import Flow
from theflow.model.merge import Edit
from theflow.model.raised import Asked
from theflow.model.status import AttemptStatus, FlowStatus
from theflow.model.task import Task
from theflow.model.throttle import Throttle


@dataclass(frozen=True, slots=True)
class Started:
    """The flow was admitted for the first time."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """The flow was admitted again, after its runtime died, was stopped, or let it go."""


class TaskSucceeded(NamedTuple):
    """A body returned. `result` is JSON; `changes` maps each field of the storage it changed to JSON, None if gone.

    A field that declares how it merges comes as an Edit.
    """

    name: str
    attempt: int
    result: bytes
    changes: Mapping[str, bytes | Edit | None] | None
    started_at: int
    ended_at: int


class TaskFailed(NamedTuple):
    """A body raised or ran out of time; `retryable` says whether its policy takes such an error.

    `asked` is what the body asked for by raising it.
    """

    name: str
    attempt: int
    failure: Failure
    retryable: bool
    started_at: int
    ended_at: int
    status: AttemptStatus = AttemptStatus.FAILED
    asked: Asked | None = None


class TaskChosen(NamedTuple):
    """The condition of a task holds, and its list is known: `items` is JSON per child, None without a map."""

    name: str
    items: tuple[bytes, ...] | None = None


class TaskSkipped(NamedTuple):
    """The condition of a task does not hold."""

    name: str


class QuestionFailed(NamedTuple):
    """What was asked before a task may start, or go on, raised."""

    name: str
    failure: Failure


class RoundJudged(NamedTuple):
    """The condition that ends a repetition was asked after a round: whether the task goes on."""

    name: str
    again: bool


class InputBuilt(NamedTuple):
    """The body of a sub-flow's task returned what its sub-flow is to begin with: JSON, for a user."""

    name: str
    attempt: int
    input: bytes
    user: str
    started_at: int
    ended_at: int


class SubflowEnded(NamedTuple):
    """The sub-flow of an attempt has ended; `storage` is JSON of the storage that it left."""

    name: str
    attempt: int
    flow_id: str
    status: FlowStatus
    storage: bytes
    reason: str


class RetryDue(NamedTuple):
    """The wait before the next attempt is over."""

    name: str
    attempt: int


class DeadlinePassed(NamedTuple):
    """The time is up that a task had for all its attempts, or, without a name, the whole flow."""

    name: str | None
    at: int


class GraceOver(NamedTuple):
    """The time is up that bodies had to end after they were told to."""

    at: int


class HookEnded(NamedTuple):
    """The hook returned (no failure) or raised."""

    name: str
    failure: Failure | None
    started_at: int
    ended_at: int


class Park(NamedTuple):
    """The flow cannot go on before a person looks at it."""

    reason: str


class Cancel(NamedTuple):
    """Somebody asked for the flow to end as it stands; `reason` says who, and why."""

    reason: str


class Revert(NamedTuple):
    """Somebody asked for the flow to be undone: all that came after the task `to`, everything if that is empty."""

    to: str
    reason: str


@dataclass(frozen=True, slots=True)
class Resume:
    """A person lets a parked or paused flow go on."""


class Pause(NamedTuple):
    """Somebody asked for the flow to come to rest: nothing more starts; `reason` says who, and why."""

    reason: str


class Retry(NamedTuple):
    """Somebody asked for tasks that have failed or were cancelled to be tried again; for all if none is named."""

    names: tuple[str, ...]


class RetryFrom(NamedTuple):
    """Somebody asked for a task and all that comes after it to run again."""

    name: str


class Skip(NamedTuple):
    """Somebody asked for a task not to run: it counts as succeeded with this JSON result."""

    name: str
    result: bytes


class MarkDone(NamedTuple):
    """Somebody says that a task is done, with this JSON result, also if its body runs: nobody hears that any more."""

    name: str
    result: bytes


class MarkFailed(NamedTuple):
    """Somebody says that a task has failed for good, also if its body runs."""

    name: str
    failure: Failure


class EditStorage(NamedTuple):
    """Somebody has set fields of the storage; `changes` maps them to JSON."""

    changes: Mapping[str, bytes]


class RunNow(NamedTuple):
    """Somebody asked for a task not to wait for its next attempt any longer; for all that wait if none is named."""

    name: str


@dataclass(frozen=True, slots=True)
class Dismiss:
    """Nothing came of what was asked of a flow that has ended, and nothing is owed to it."""


class RunTask(NamedTuple):
    """Start the body of a task. It is owed only after the commit that decided it."""

    task: Task


class StartSubflow(NamedTuple):
    """Save the sub-flow of a task in the commit that lets the task wait for it. Nothing is owed afterwards."""

    name: str
    attempt: int
    input: bytes
    user: str


class EndSubflows(NamedTuple):
    """Ask the sub-flows of these parts to end, in the commit that lets them be needed no more."""

    names: tuple[str, ...]


class SetTimer(NamedTuple):
    """Tell the machine `RetryDue` at that time, not earlier."""

    name: str
    attempt: int
    at: int


class SetAlarm(NamedTuple):
    """Tell the machine this event at its time, not earlier."""

    event: DeadlinePassed | GraceOver


class RunHook(NamedTuple):
    """Start the hook of that name."""

    name: str


class Ask(NamedTuple):
    """Find out whether a task starts, and over which list; or, for a round, whether there is another one.

    It has no effects, so it is asked before anything is saved; the answer is an event.
    """

    task: Task


class StopParts(NamedTuple):
    """Tell the bodies of these parts that they are needed no more."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StopBodies:
    """Tell the bodies of the flow that are under way that it is cancelled."""


@dataclass(frozen=True, slots=True)
class LeaveBodies:
    """Hear no more of the bodies of the flow that are under way: it goes out of this runtime's hands."""


class LeaveTask(NamedTuple):
    """Hear no more of the body of one task: its attempt has ended without it."""

    name: str


@dataclass(frozen=True, slots=True)
class Release:
    """Nothing is owed to the flow any more: forget it, and take its job out of the queue."""


class AttemptEnded(NamedTuple):
    """An attempt that did not succeed, for the record, and who else is to wait because of it."""

    name: str
    attempt: int
    status: AttemptStatus
    failure: Failure | None
    started_at: int | None
    ended_at: int | None
    throttle: Throttle | None = None


Answer: TypeAlias = TaskChosen | TaskSkipped | QuestionFailed | RoundJudged
Verb: TypeAlias = Pause | Resume | Retry | RetryFrom | Skip | MarkDone | MarkFailed | EditStorage | RunNow | Dismiss
Event: TypeAlias = (
    Started
    | Recovered
    | TaskSucceeded
    | TaskFailed
    | InputBuilt
    | SubflowEnded
    | RetryDue
    | DeadlinePassed
    | GraceOver
    | HookEnded
    | Park
    | Cancel
    | Revert
    | Verb
    | Answer
)
Command: TypeAlias = (
    RunTask
    | Ask
    | StartSubflow
    | EndSubflows
    | SetTimer
    | SetAlarm
    | RunHook
    | StopBodies
    | StopParts
    | LeaveBodies
    | LeaveTask
    | Release
)


class Decision(NamedTuple):
    """What an event led to: the new flow, what is owed, the tasks whose rows changed, the attempts that ended badly.

    `parts` are those whose rows changed, as number of the task and index of the part; None for the task itself, with
    what was given to it. `touched` has the numbers of tasks; ~number stands for what undoes a task. `let` are the
    numbers of tasks of which must be on record that their condition held.
    """

    flow: Flow
    commands: list[Command]
    touched: list[int]
    attempts: list[AttemptEnded]
    parts: tuple[tuple[int, int | None], ...] = ()
    let: tuple[int, ...] = ()

    def then(self, later: Decision) -> Decision:
        """Return both as one: the flow is that of the later one."""
        return Decision(
            later.flow,
            self.commands + later.commands,
            self.touched + later.touched,
            self.attempts + later.attempts,
            self.parts + later.parts,
            self.let + later.let,
        )


_RELEASE = Release()


def owed(flow: Flow) -> Command:
    """Return what is owed to a flow that has ended."""
    hooks = flow.scheme.hooks
    return RunHook(flow.hook) if hooks and flow.hook in hooks else _RELEASE
