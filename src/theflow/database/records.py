"""What a database tells of flows, runtimes and classes, and what it is asked with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from theflow.database.batch import TaskRow
from theflow.model.flow_data import FlowDataPartial
from theflow.model.queue_pause import QueuePause
from theflow.model.status import FlowStatus
from theflow.model.throttle import Throttle
from theflow.model.view import FlowSummary, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Incarnation:
    """One life of a runtime under its name. Epoch and id fence its writes."""

    id: int
    name: str
    epoch: int


class Fence(NamedTuple):
    """Opens an engine transaction: this turn, of this epoch, of this incarnation, or none."""

    turn: int
    id: int
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Where a runtime lives. `host` tells machines apart, `life` two processes that had the same pid."""

    name: str
    host: str
    pid: int
    life: str
    flows: int = 0
    classes: str = "{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeRecord:
    """A runtime as the database knows it: `state` is live, released or lost. `held` counts the flows it holds.

    `draining` means that it was told to admit no more. `silent` is how many microseconds have passed since its newest
    beat by the clock of the database, None before the first; it is shown to people, and decides nothing. `asked` counts
    the flows it holds that somebody has asked to end, or whose sub-flow has ended, `lost_threads` those of its threads
    that bodies kept after their time, as of its newest beat.
    """

    incarnation: Incarnation
    holder: Holder
    state: str
    beat: int
    started_at: int
    held: int = 0
    draining: bool = False
    silent: int | None = field(default=None, compare=False)
    asked: int = 0
    lost_threads: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRecord:
    """A class as the database knows it. `revision` grows with every admission, which so never works on an old look.

    Neither the class nor a queue of it is throttled any more at `throttled_until`. `turn` is its virtual time. `shared`
    guards in the same way what several classes share, and `limits` is the version of the newest limit.
    """

    flow_class: str
    revision: int
    pauses: tuple[QueuePause, ...] = ()
    throttled_until: int = 0
    turn: int = 0
    shared: int = 0
    limits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemeRecord:
    """The snapshot of a definition: JSON of its tasks."""

    flow_class: str
    version: int
    definition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookQuery:
    """How many queues of a class to look at, and how many of the first flows of each.

    Where flows of one user wait for each other (`ordered`), who holds a place of each queue is told too; a larger
    priority goes first within a queue that is `ranked`. `counted` asks for what else is in use, and for the buckets.
    """

    flow_class: str
    now: int
    limit: int
    per_queue: int
    versions: tuple[int, ...]
    ordered: bool
    ranked: bool = False
    counted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePlace:
    """Where a flow stands in its queue: its job, who holds it, whether it was asked to end, and who goes first.

    `verbs` counts what else was asked of it and is still to be done.
    `throttle` is what keeps its queue longest from starting flows, if something did; it may be over.
    `charged` says that it was let in before, and has paid for that.
    """

    offset: int
    owner: str | None
    parked: bool
    claims: int
    ahead: int
    first_ahead: int | None
    live: tuple[int, ...] = ()
    asked: bool = False
    verbs: int = 0
    throttle: Throttle | None = None
    level: int = 0
    charged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """A task of a flow as people are shown it: its row, the name of its runtime, JSON of the newest Failure.

    `progress` is JSON of the newest TaskProgress, which may be of an earlier attempt. `part` is below 0 for what undoes
    a task; `given` is JSON of what was recorded once at its start.
    """

    row: TaskRow
    runtime: str
    error: str | None
    progress: str | None = None
    part: int = 0
    given: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRecord:
    """A flow as people are shown it; `input` and `storage` are JSON."""

    summary: FlowSummary
    input: str
    storage: str
    tasks: tuple[TaskRecord, ...] = field(default=())
    place: QueuePlace | None = None


class Pace(NamedTuple):
    """How often it is worth asking a database for changes, in seconds.

    `soon` is the pause between two questions while there is work, `later` when there has been none for a while. After
    `rest` seconds without a change a runtime looks for work all the same. None is the poll of the runtime.
    """

    soon: float
    later: float | None = None
    rest: float | None = None


class Lending(NamedTuple):
    """How a database lends transactions to the bodies of tasks.

    `beside` says that any number may be open while the runtime goes on writing; else there is one right to write, and
    who has lent it waits. After `longest` seconds it is taken back; None where the database sees to that itself.
    """

    beside: bool
    longest: float | None = None


class Told(NamedTuple):
    """What whoever asks something of a flow is told at once: where the flow stands, or why nothing was done.

    `stand` is None if there is no such flow; `id` is that of the request, which has its answer already if it is `done`.
    """

    stand: FlowStatus | None
    id: int = 0
    done: bool = False
    refusal: str = ""


class Fork(NamedTuple):
    """A new flow from another: it takes over finished tasks, and the storage as it is. Both have that on record."""

    origin: int
    partial: FlowDataPartial
    kept: tuple[str, ...]
    begun: Request
    noted: Request
