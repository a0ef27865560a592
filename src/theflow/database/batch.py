"""What the hot path writes: rows, and all those of one turn.

The order of their fields is the order of the parameters in the statement of the same purpose, so that a batch goes to
the driver as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from theflow.model.flow_data import FlowDataPartial
from theflow.model.queue_pause import QueuePause
from theflow.model.throttle import Throttle
from theflow.model.view import Request


class TaskRow(NamedTuple):
    """The state of a task, written at its outcome and at marks in between. `runtime` is the id of an incarnation.

    `let` is JSON of the names of the tasks after it whose condition was asked at its outcome, and held.
    """

    offset: int
    name: str
    status: str
    attempt: int
    failures: int
    result: str | None
    retry_at: int | None
    started_at: int | None
    ended_at: int | None
    runtime: int
    deadline_at: int | None = None
    let: str | None = None


class PartRow(NamedTuple):
    """A task row with more to it: one of the parts that a task was divided into, or a task that was.

    `part` is 0 for the task itself, n + 1 for its child n, below 0 for what undoes it. `given` is JSON of what was
    recorded once at its start; None leaves what is there.
    """

    offset: int
    name: str
    part: int
    status: str
    attempt: int
    failures: int
    result: str | None
    retry_at: int | None
    started_at: int | None
    ended_at: int | None
    runtime: int
    given: str | None


class SubflowRow(NamedTuple):
    """A sub-flow to be created for an attempt of a task of the flow at `offset`."""

    offset: int
    name: str
    attempt: int
    depth: int
    flow: FlowDataPartial


class AbandonRow(NamedTuple):
    """A flow that goes on no more, or without some: its sub-flows that are under way are asked to end.

    `names` are the tasks and parts of which they are; none if it is all of them.
    """

    offset: int
    request: Request
    names: tuple[str, ...] = ()


class RestRow(NamedTuple):
    """A flow of which nothing but sub-flows is under way; `heard` is 1 if it knows that it is to end."""

    heard: int
    offset: int


class AttemptRow(NamedTuple):
    """An attempt that did not succeed. `error` is JSON of a Failure."""

    offset: int
    name: str
    attempt: int
    status: str
    error: str | None
    runtime: int
    started_at: int | None
    ended_at: int | None


class FlowRow(NamedTuple):
    """What a decision changed of a flow. `storage` is JSON, None if it is as it was.

    `ending` says how the bodies ended that were told to, None where none was.
    """

    status: str
    storage: str | None
    reason: str
    ended_at: int | None
    ending: str | None
    offset: int


class LogRow(NamedTuple):
    """One log record of a task's body."""

    offset: int
    name: str
    attempt: int
    at: int
    level: str
    logger: str
    message: str


class ProgressRow(NamedTuple):
    """How far an attempt has come, as its body says. `progress` is JSON of a TaskProgress."""

    progress: str
    offset: int
    name: str
    attempt: int


class ClaimRow(NamedTuple):
    """A flow that a runtime takes, with the version of its class that it will run; `verbs` waited with it when seen.

    `uses` is JSON of the units of resources that it takes, empty for none.
    """

    offset: int
    version: int
    started_at: int
    verbs: int = 0
    uses: str = ""


class AnswerRow(NamedTuple):
    """What came of a request. `counted` says that it is counted with its job, as all are but a cancel."""

    offset: int
    id: int
    at: int
    answer: str
    counted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """All that one engine turn writes.

    `parked` names all flows that rest, `paused` those of them that have just come to rest, and when; `reopened` names
    tasks whose outcome is taken back, before anything else is written. `resting` are flows of which nothing but
    sub-flows is under way; `ended_children` are sub-flows that have ended. `held_back` are queues that wait from now on
    for a flow that has failed; `let_go` names flows (with class and user) for which their queues may have waited.
    """

    tasks: Sequence[TaskRow] = ()
    parts: Sequence[PartRow] = ()
    attempts: Sequence[AttemptRow] = ()
    flows: Sequence[FlowRow] = ()
    logs: Sequence[LogRow] = ()
    progress: Sequence[ProgressRow] = ()
    released: Sequence[int] = ()
    parked: Sequence[int] = ()
    throttles: Sequence[Throttle] = ()
    subflows: Sequence[SubflowRow] = ()
    abandoned: Sequence[AbandonRow] = ()
    resting: Sequence[RestRow] = ()
    ended_children: Sequence[int] = ()
    paused: Sequence[tuple[int, int]] = ()
    reopened: Sequence[tuple[int, str]] = ()
    answers: Sequence[AnswerRow] = ()
    held_back: Sequence[QueuePause] = ()
    let_go: Sequence[tuple[str, str, int]] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write."""
        rows = self.tasks or self.parts or self.attempts or self.flows or self.logs or self.progress
        return not (rows or self.released or self.parked or self.answers or self.resting or self.has_kin)

    @property
    def has_kin(self) -> bool:
        """Whether it is about other flows too: sub-flows to start or to end, or the parents of those that ended."""
        return bool(self.subflows or self.abandoned or self.ended_children)
