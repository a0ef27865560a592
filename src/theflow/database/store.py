"""The port to the database: one method, one intention, one statement or one transaction named as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from theflow.database.batch import Batch, ClaimRow, TaskRow
from theflow.model.flow_data import ChildDataObject, FlowDataObject, FlowDataPartial
from theflow.model.job import JobMetaObject
from theflow.model.queue_pause import QueuePause
from theflow.model.shaping import Look
from theflow.model.status import FlowStatus
from theflow.model.submission import Submission, Submitted
from theflow.model.throttle import Throttle
from theflow.model.view import Attempt, Finding, FlowFilter, FlowSummary, Kin, LogLine, Request


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

    Neither the class nor a queue of it is throttled any more at `throttled_until`.
    """

    flow_class: str
    revision: int
    pauses: tuple[QueuePause, ...] = ()
    throttled_until: int = 0


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
    """Where a flow stands in its queue: its job, who holds it, whether it was asked to end, and who goes first.

    `verbs` counts what else was asked of it and is still to be done.
    `throttle` is what keeps its queue longest from starting flows, if something did; it may be over.
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


class Transaction(Protocol):
    """A transaction in which the body of a task writes, and its outcome after it."""

    @property
    def connection(self) -> Any:
        """What the body writes with, a SQLAlchemy Connection; raises InputError where there is none."""

    def commit(self, fence: Fence, batch: Batch) -> None:
        """Add one turn to what the body has written, and commit both; if that fails, both are rolled back.

        Raises what a commit of the store raises, and TransactionEnded if the body ended the transaction itself.
        """

    def roll_back(self) -> None:
        """Give up what was written, and give the connection back; nothing happens where that is done."""

    def revoke(self) -> None:
        """Give it up from another thread than the body's, at any moment: nothing more of it is ever committed.

        The thread of the body still has to roll back, which gives the connection back.
        """

    def passes(self, error: BaseException) -> bool:
        """Whether a body that raised this may do better from the start: a deadlock, a wait for a lock, a lost line."""


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

    def require_room(self, bodies: int) -> None:
        """Raise StoreUnusable if the database can never give the connections that a runtime needs."""

    def now(self) -> int | None:
        """Return microseconds UTC by the clock of the database, None where it has none but that of the machine."""

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
        """Save plain jobs with their pending flows in one transaction, in order.

        A job whose (user, class, idempotency key) exists is not saved; the one that exists is returned in its place
        if its input is the same, else IdempotencyConflict is raised and nothing is saved.
        """

    def create_jobs_within(self, connection: object, flows: Sequence[FlowDataPartial]) -> list[JobMetaObject]:
        """Do the same in the transaction of a caller's connection, which is neither committed nor rolled back here.

        An error leaves that transaction as it was. Raises InputError for a connection that is of no use.
        """

    def submit(self, submission: Submission) -> list[Submitted]:
        """Save jobs of any kind in one transaction; one that is `whole` raises the first refusal, and saves nothing."""

    def expire(self, now: int, limit: int) -> int:
        """End flows that have not started in time, `limit` at most; return how many times to start have passed."""

    def fork(self, fork: Fork) -> JobMetaObject:
        """Save a new flow with what it takes over from another, in one transaction."""

    # --- what people ask of a flow --------------------------------------------------------------------------------
    def ask(self, wanted: Sequence[tuple[int, Request]]) -> list[Told]:
        """Ask things of flows in one transaction, each on its own: done at once, left for a runtime, or refused.

        What is left for a runtime goes with the job of the flow, in order; a flow that has ended gets its job again. A
        cancel ends a flow that nobody holds, with what stands below it; one that was asked before, or has ended, is
        left as it is.
        """

    def asked(self, incarnation: Incarnation) -> list[tuple[int, Request]]:
        """List what somebody asked of the flows that the incarnation holds and is still to be done, in order."""

    def requests(self, offset: int) -> list[Request]:
        """List what was asked of a flow, or of queues at offset 0, the oldest first."""

    def pause_queue(self, pause: QueuePause) -> bool:
        """Let nothing of a queue start, or of a class; False, and nothing, if it is paused already. It is on record."""

    def resume_queue(self, pause: QueuePause) -> bool:
        """Let a queue start again, or a class; False, and nothing, if it is not paused. It is on record."""

    def pauses(self) -> list[QueuePause]:
        """List what is paused, by class and user."""

    # --- sub-flows ------------------------------------------------------------------------------------------------
    def woken(self, incarnation: Incarnation) -> list[tuple[int, ChildDataObject]]:
        """List the sub-flows that have ended and that flows which the incarnation holds wait for, by their parents."""

    def kin(self, offset: int) -> Kin:
        """Return the flow above a flow, and those that it started, as people are shown them."""

    # --- runtimes -------------------------------------------------------------------------------------------------
    def take_name(self, holder: Holder, now: int) -> Incarnation:
        """Make an incarnation that holds the name; raise RuntimeNameTaken if a live one does."""

    def register(self, schemes: Sequence[SchemeRecord]) -> None:
        """Save the snapshots of definitions, and their classes where they are new."""

    def beat(self, incarnation: Incarnation, lost_threads: int = 0) -> bool:
        """Raise the beat, and say how many threads are lost; False if the incarnation was taken over."""

    def runtimes(self) -> list[RuntimeRecord]:
        """List the live incarnations."""

    def set_draining(self, name: str, *, draining: bool) -> bool:
        """Tell the live runtime of that name to admit no more, or to admit again; False if there is none."""

    def take_over(self, incarnation: Incarnation, beat: int) -> int:
        """Fence an incarnation that was seen silent since this beat and free its flows and its name.

        Returns how many flows came free; -1 if it changed or beat meanwhile, and then it is left alone.
        """

    def release(self, incarnation: Incarnation) -> None:
        """Hand over whatever the incarnation holds, and its name. A clean stop is no crash: its claims do not count."""

    # --- the engine -----------------------------------------------------------------------------------------------
    def look(self, query: LookQuery) -> tuple[ClassRecord, Look]:
        """Return the heads of the queues of a class, with its revision; a queue that is throttled has none."""

    def claim(self, fence: Fence, seen: ClassRecord, claims: Sequence[ClaimRow]) -> list[FlowDataObject] | None:
        """Take flows and count the claims; None if somebody admitted since the look (then nothing was written).

        The flows come back in the order of the claims, with the status that they had before.
        """

    def commit(self, fence: Fence, batch: Batch) -> None:
        """Write one turn, or nothing."""

    def read_turn(self, incarnation: Incarnation) -> int:
        """Return the newest turn that was committed; raise Fenced if the incarnation was taken over."""

    @property
    def lending(self) -> Lending:
        """How it lends transactions to bodies."""

    def lend(self, ended: Callable[[], None]) -> Transaction:
        """Open a transaction for the body of a task; `ended` is called, from any thread, when it is over."""

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

    def count_flows(self, flow_filter: FlowFilter) -> int:
        """Count the flows that a list would show."""

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
