"""What becomes of a job whose unique key belongs to a flow that has not ended. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, StrEnum, auto
from typing import NamedTuple, assert_never

from theflow.errors import InputError, TheFlowError, UniqueConflict
from theflow.model.flow_data import FlowDataPartial
from theflow.model.job import JobMetaObject, OnConflict, check_order
from theflow.model.status import FlowStatus

_SECOND = 1_000_000
# Where a flow stands that nobody has taken in hand yet, if it has never been.
_BEFORE_IT_BEGINS = (FlowStatus.PENDING, FlowStatus.PAUSED)
# What lets a flow that has ended go on: it needs its unique key again for that.
GOES_ON = ("retry", "retry_from", "skip", "mark_done")
UniqueKey = tuple[str, str, str]


class Outcome(StrEnum):
    """What became of a job that was submitted: its flow is new, was there, or was there and does this job now."""

    CREATED = "created"
    EXISTING = "existing"
    REPLACED = "replaced"


class Submitted(NamedTuple):
    """What became of one job of several; without a job its `error` says why."""

    outcome: Outcome
    job: JobMetaObject | None = None
    error: TheFlowError | None = None


class Submission(NamedTuple):
    """Jobs to be saved in one transaction: all or none if `whole`, else each for itself.

    `asked_by` and `asked_at` are on record with flows that are replaced or cancelled for it. With `connection` it is
    the transaction of a caller.
    """

    flows: Sequence[FlowDataPartial]
    asked_by: str
    asked_at: int
    whole: bool = True
    connection: object | None = None


class KeyHolder(NamedTuple):
    """The flow that a unique key belongs to. `held` says that a runtime has it, `verbs` what was asked of it."""

    offset: int
    flow_id: str
    status: FlowStatus
    begun: bool
    held: bool
    asked: bool
    verbs: int
    created_at: int

    @property
    def active(self) -> bool:
        """Whether it has not ended, or was asked something that may let it go on."""
        return not self.status.ended or bool(self.verbs)

    @property
    def pending(self) -> bool:
        """Whether nothing of it has begun: it still can be another job."""
        free = not (self.begun or self.held or self.asked)
        return free and self.status in _BEFORE_IT_BEGINS


class Step(Enum):
    """What is to be done with a job."""

    CREATE = auto()
    RETURN = auto()
    REJECT = auto()
    REPLACE = auto()
    CANCEL = auto()


def next_step(policy: OnConflict, holder: KeyHolder | None) -> Step:
    """Decide what to do with a job, given the flow that has its key. A step that creates makes the key its own."""
    if holder is None or not holder.active:
        return Step.CREATE
    match policy:
        case OnConflict.RETURN:
            return Step.RETURN
        case OnConflict.REJECT:
            return Step.REJECT
        case OnConflict.REPLACE_PENDING:
            # What has begun goes on; the job comes after it.
            return Step.REPLACE if holder.pending else Step.CREATE
        case OnConflict.CANCEL_RUNNING:
            return Step.CREATE if holder.asked or holder.status.ended else Step.CANCEL
        case _:
            assert_never(policy)


def key_of(flow: FlowDataPartial) -> UniqueKey | None:
    """Return the key of which one flow is active at a time: it belongs to a user and a class."""
    meta = flow.meta
    return None if meta.unique is None else (meta.flow_class, meta.user, meta.unique)


def put_off(flow: FlowDataPartial, since: int) -> FlowDataPartial:
    """Return a job whose start is put off no longer than its limit after the first one with its key."""
    limit = flow.meta.debounce_limit
    if limit is None or flow.run_at is None:
        return flow
    return flow._replace(run_at=min(flow.run_at, since + round(limit * _SECOND)))


def rejected(flow: FlowDataPartial, holder: KeyHolder) -> UniqueConflict:
    """Return the error of a job whose key is taken."""
    meta = flow.meta
    return UniqueConflict(
        f"unique key {meta.unique!r} of user {meta.user!r} in class {meta.flow_class!r} belongs to flow "
        f"{holder.flow_id}, which is {holder.status}; wait for its end, or submit with another on_conflict",
        holder.flow_id,
    )


def taken(flow_id: str, key: str, holder: KeyHolder) -> str:
    """Say why a flow that has ended does not go on: its key is another's meanwhile."""
    return (
        f"flow {flow_id}: its unique key {key!r} belongs to flow {holder.flow_id} now, which is {holder.status}; "
        "wait for its end"
    )


def parts(flows: Sequence[FlowDataPartial]) -> list[list[FlowDataPartial]]:
    """Divide jobs, in order, so that no key comes twice in one: the later job meets the flow of the earlier."""
    found: list[list[FlowDataPartial]] = [[]]
    seen: set[tuple[str, str, str, str]] = set()
    for flow in flows:
        meta = flow.meta
        given = {"unique": meta.unique, "idempotency": meta.idempotency_key}
        keys = {(kind, meta.flow_class, meta.user, key) for kind, key in given.items() if key is not None}
        if keys & seen:
            found.append([])
            seen.clear()
        seen |= keys
        found[-1].append(flow)
    return found


def whole(results: Sequence[Submitted]) -> list[Submitted]:
    """Return the results if no job was refused; raise the first error else."""
    for each in results:
        if each.error is not None:
            raise each.error
    return list(results)


class BeforeIt(NamedTuple):
    """What an edit depends on. `forked` says that the storage is not the input any more."""

    flow_id: str
    begun: bool
    forked: bool
    expires_at: int | None


def edit_misfit(stand: BeforeIt, payload: Mapping[str, object]) -> str:
    """Say why a flow cannot be edited that stands where an edit fits; empty if it can."""
    if stand.begun:
        return f"flow {stand.flow_id} has begun; edit_job is for flows that have not, edit_storage for those that have"
    if stand.forked and "input" in payload:
        return f"flow {stand.flow_id} is a fork, which goes by its storage; edit_storage changes that"
    run_at = payload.get("run_at")
    try:
        check_order(run_at if isinstance(run_at, int) else None, stand.expires_at)
    except InputError:
        return f"flow {stand.flow_id} expires before that time, and would never start; let it start earlier"
    return ""
