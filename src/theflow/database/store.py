"""The port to the database: one method, one intention, one statement or one transaction named as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from theflow.database.batch import Batch, ClaimRow
from theflow.database.records import (
    ClassRecord,
    Fence,
    FlowRecord,
    Fork,
    Holder,
    Incarnation,
    Lending,
    LookQuery,
    Pace,
    RuntimeRecord,
    SchemeRecord,
    Told,
)
from theflow.model.flow_data import ChildDataObject, FlowDataObject, FlowDataPartial
from theflow.model.job import JobMetaObject
from theflow.model.limit import Limit, LimitRecord
from theflow.model.look import NOTHING_LEFT, Look, Settlement
from theflow.model.queue_pause import QueuePause
from theflow.model.submission import Submission, Submitted
from theflow.model.view import Attempt, Finding, FlowFilter, FlowSummary, Kin, LogLine, Request


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

    def set_limit(self, wanted: LimitRecord) -> tuple[Limit, int]:
        """Put a limit in force for every admission from then on; return what was set before, and the new version.

        An empty limit takes the one before away. It is on record.
        """

    def limits(self) -> tuple[int, list[LimitRecord]]:
        """Return the version of the newest limit, and those that are set, by scope."""

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
        """Return the heads of the queues of a class, with its record; a queue that is throttled has none."""

    def in_use(self, flow_class: str, now: int) -> Look:
        """Return what is in use of all that a class comes under, and its buckets: a look at no queue."""

    def claim(
        self, fence: Fence, seen: ClassRecord, claims: Sequence[ClaimRow], settlement: Settlement = NOTHING_LEFT
    ) -> list[FlowDataObject] | None:
        """Take flows and count the claims; None if somebody admitted since the look (then nothing was written).

        Nobody admitted either who is under the same limits, where the settlement says that several classes share some.
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

    def inputs(self, offsets: Sequence[int]) -> dict[int, str]:
        """Return the inputs of flows by their offsets, as JSON."""

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
