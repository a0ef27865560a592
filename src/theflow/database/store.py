"""The port to the database: one method, one intention, one statement or one transaction named as one.

The rows below are what the hot path writes. The order of their fields is the order of the parameters in the statement
of the same purpose, so that a batch goes to the driver as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from theflow.model.flow_data import FlowDataObject, FlowDataPartial
from theflow.model.job import JobMetaObject
from theflow.model.shaping import Look
from theflow.model.view import Attempt, Finding, FlowFilter, FlowSummary, LogLine


class TaskRow(NamedTuple):
    """The state of a task, written at its outcome and at marks in between. `runtime` is the id of an incarnation."""

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
    """What a decision changed of a flow. `storage` is JSON, None if it is as it was."""

    status: str
    storage: str | None
    reason: str
    ended_at: int | None
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


class ClaimRow(NamedTuple):
    """A flow that a runtime takes, with the version of its class that it will run."""

    offset: int
    version: int
    started_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """All that one engine turn writes."""

    tasks: Sequence[TaskRow] = ()
    attempts: Sequence[AttemptRow] = ()
    flows: Sequence[FlowRow] = ()
    logs: Sequence[LogRow] = ()
    released: Sequence[int] = ()
    parked: Sequence[int] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.tasks or self.attempts or self.flows or self.logs or self.released or self.parked)


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
    beat by the clock of the database, None before the first; it is shown to people, and decides nothing.
    """

    incarnation: Incarnation
    holder: Holder
    state: str
    beat: int
    started_at: int
    held: int = 0
    draining: bool = False
    silent: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRecord:
    """A class as the database knows it. `revision` grows with every admission, which so never works on an old look."""

    flow_class: str
    revision: int
    paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemeRecord:
    """The snapshot of a definition: JSON of its tasks."""

    flow_class: str
    version: int
    definition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookQuery:
    """Which queues to look at: heads only where flows of one user wait for each other."""

    flow_class: str
    now: int
    limit: int
    concurrency: int
    versions: tuple[int, ...]
    ordered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePlace:
    """Where a flow stands in its queue: its job, who holds it, and who goes first."""

    offset: int
    owner: str | None
    parked: bool
    claims: int
    ahead: int
    first_ahead: int | None
    live: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """A task of a flow as people are shown it: its row, the name of its runtime, and JSON of the newest Failure."""

    row: TaskRow
    runtime: str
    error: str | None


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


class RuntimeStore(Protocol):
    """What runtime and client ask of a database.

    Every method may raise StoreUnavailable (try again) and StoreUnusable (mend it first). Writes with a Fence raise
    Fenced when another runtime took over, CommitUnknown when the connection was lost while committing, and RowRefused
    when the database does not take a row; then nothing of the transaction was written.
    """

    def prepare(self) -> None:
        """Create the schema, or bring it up to date where that is done without asking."""

    def require(self) -> None:
        """Raise StoreUnusable unless the database is there with a schema that this code knows."""

    def doubts(self) -> list[Finding]:
        """List what in the settings of the database endangers what theflow promises: a quick look, for a start."""

    def close(self) -> None:
        """Give back every connection; may be called twice."""

    @property
    def pace(self) -> Pace:
        """How often to ask for the change token: on some databases a question is nearly free, on others a statement."""

    def change_token(self, now: int) -> object:
        """Return a value that differs from an earlier one after somebody else has written.

        Where the pace has a `rest`, it differs too when a job has become due meanwhile.
        """

    def listen(self, ring: Callable[[], None]) -> Callable[[], None]:
        """Call `ring`, from any thread, soon after somebody submits or gives flows back, where the database can tell.

        A ring may be lost: whoever listens asks for the change token too. Returns what ends the listening.
        """

    # --- jobs -----------------------------------------------------------------------------------------------------
    def create_jobs(self, flows: Sequence[FlowDataPartial]) -> list[JobMetaObject]:
        """Save jobs with their pending flows in one transaction, in order.

        A job whose (user, class, idempotency key) exists is not saved; the one that exists is returned in its place
        if its input is the same, else IdempotencyConflict is raised and nothing is saved.
        """

    def create_jobs_within(self, connection: object, flows: Sequence[FlowDataPartial]) -> list[JobMetaObject]:
        """Do the same in the transaction of a caller's connection, which is neither committed nor rolled back here.

        An error leaves that transaction as it was. Raises InputError for a connection that is of no use.
        """

    # --- runtimes -------------------------------------------------------------------------------------------------
    def take_name(self, holder: Holder, now: int) -> Incarnation:
        """Make an incarnation that holds the name; raise RuntimeNameTaken if a live one does."""

    def register(self, schemes: Sequence[SchemeRecord]) -> None:
        """Save the snapshots of definitions, and their classes where they are new."""

    def beat(self, incarnation: Incarnation) -> bool:
        """Raise the beat; False if the incarnation was taken over."""

    def runtimes(self) -> list[RuntimeRecord]:
        """List the live incarnations."""

    def set_draining(self, name: str, *, draining: bool) -> bool:
        """Tell the live runtime of that name to admit no more, or to admit again; False if there is none."""

    def take_over(self, incarnation: Incarnation) -> int:
        """Fence an incarnation that was seen silent and free its flows and its name; -1 if it changed meanwhile."""

    def release(self, incarnation: Incarnation) -> None:
        """Hand over whatever the incarnation holds, and its name. A clean stop is no crash: its claims do not count."""

    # --- the engine -----------------------------------------------------------------------------------------------
    def look(self, query: LookQuery) -> tuple[ClassRecord, Look]:
        """Return the heads of the queues of a class, with its revision."""

    def claim(self, fence: Fence, seen: ClassRecord, claims: Sequence[ClaimRow]) -> list[FlowDataObject] | None:
        """Take flows and count the claims; None if somebody admitted since the look (then nothing was written).

        The flows come back in the order of the claims, with the status that they had before.
        """

    def commit(self, fence: Fence, batch: Batch) -> None:
        """Write one turn, or nothing."""

    def read_turn(self, incarnation: Incarnation) -> int:
        """Return the newest turn that was committed; raise Fenced if the incarnation was taken over."""

    def give_back(self, incarnation: Incarnation, offsets: Sequence[int]) -> None:
        """Free flows that the incarnation holds but does not work on; others may take them at once."""

    # --- questions ------------------------------------------------------------------------------------------------
    def find_flow(self, flow_id: str, now: int) -> FlowRecord | None:
        """Return a flow with its tasks and its place in the queue; what is due after `now` is ahead of nobody."""

    def find_ids(self, prefix: str, limit: int) -> list[str]:
        """List flow ids that start with the prefix."""

    def find_offset(self, offset: int) -> str | None:
        """Return the flow id of an offset."""

    def find_flows(self, flow_filter: FlowFilter, before: int | None, limit: int) -> list[FlowSummary]:
        """List flows below an offset, newest first."""

    def unfinished(self, flow_class: str, versions: Sequence[int], now: int) -> int:
        """Count the flows of a class that run or are due, are not parked, and could be run by one of the versions."""

    def class_record(self, flow_class: str) -> ClassRecord:
        """Return the class; revision 0 where it was never registered."""

    def attempts(self, offset: int) -> list[Attempt]:
        """List the attempts of a flow that did not succeed, by task and number."""

    def logs(self, offset: int, task: str | None, after: int, limit: int) -> list[LogLine]:
        """List log records above an id, in order."""

    def scheme(self, flow_class: str, version: int | None) -> SchemeRecord | None:
        """Return a saved snapshot; the newest where no version is given."""
