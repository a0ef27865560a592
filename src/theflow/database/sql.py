"""The store in a SQL database: one method, one intention. Nothing here knows which database it is."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, TypeVar

from theflow.database import codec, rows
from theflow.database.batch import Batch, ClaimRow, FlowRow
from theflow.database.caller import driver_connection
from theflow.database.dialect import Session
from theflow.database.records import (
    ClassRecord,
    Fence,
    Fork,
    Holder,
    Incarnation,
    Lending,
    LookQuery,
    Pace,
    RuntimeRecord,
    SchemeRecord,
)
from theflow.database.sql_claims import FIRST_CLAIM, claimed_flow
from theflow.database.sql_fork import copy_flow
from theflow.database.sql_jobs import create
from theflow.database.sql_kin import SqlKin, save_kin, wake_parents
from theflow.database.sql_limits import SHARED, SqlLimits, settle
from theflow.database.sql_look import buckets, look, usage
from theflow.database.sql_pauses import hold_back
from theflow.database.sql_requests import answer
from theflow.database.sql_submissions import SqlSubmissions
from theflow.database.sql_throttles import save_throttles
from theflow.database.sql_transaction import SqlTransaction
from theflow.errors import Fenced, RowRefused, RuntimeNameTaken
from theflow.model.flow_data import FlowDataObject, FlowDataPartial
from theflow.model.job import JobMetaObject
from theflow.model.look import NOTHING_LEFT, Look, Settlement
from theflow.model.status import FlowStatus
from theflow.model.view import Finding

Placed = TypeVar("Placed", ClaimRow, FlowRow)
Key = TypeVar("Key", bound=Hashable)
_CLAIMED_ALIKE: Callable[[ClaimRow], tuple[int, int, str]] = attrgetter("version", "started_at", "uses")
_ENDED_ALIKE: Callable[[FlowRow], tuple[str, str, int | None]] = attrgetter("status", "reason", "ended_at")


class SqlStore(SqlLimits, SqlKin, SqlSubmissions):
    """The RuntimeStore over a dialect."""

    def prepare(self) -> None:
        """Create the schema, or bring it up to date where that is done without asking."""
        self._dialect.prepare()

    def require(self) -> None:
        """Raise StoreUnusable unless the database is there with a schema that this code knows."""
        self._dialect.require()

    def require_room(self, bodies: int) -> None:
        """Raise StoreUnusable if the database can never give the connections that a runtime needs."""
        self._dialect.require_room(bodies)

    def now(self) -> int | None:
        """Return the time by the clock of the database, None where it has none but that of the machine."""
        return self._dialect.now()

    def doubts(self) -> list[Finding]:
        """List what in the settings of the database endangers what theflow promises."""
        return self._dialect.doubts()

    def close(self) -> None:
        """Give back every connection; may be called twice."""
        self._dialect.close()

    @property
    def pace(self) -> Pace:
        """How often to ask for the change token."""
        return self._dialect.pace

    def change_token(self, now: int) -> object:
        """Return a value that differs from an earlier one after somebody else has written."""
        return self._dialect.change_token(now)

    def listen(self, ring: Callable[[], None]) -> Callable[[], None]:
        """Call `ring` soon after somebody submits or gives flows back, where the database can tell."""
        return self._dialect.listen(ring)

    def create_jobs(self, flows: Sequence[FlowDataPartial]) -> list[JobMetaObject]:
        """Save jobs with their pending flows in one transaction; insert-or-get for those with an idempotency key."""
        with self._dialect.write() as session:
            jobs = create(session, flows)
        self._dialect.announce()
        return jobs

    def create_jobs_within(self, connection: object, flows: Sequence[FlowDataPartial]) -> list[JobMetaObject]:
        """Do the same in the transaction of a caller's connection, which is neither committed nor rolled back here."""
        with self._dialect.within(driver_connection(connection)) as session:
            return create(session, flows)

    def fork(self, fork: Fork) -> JobMetaObject:
        """Save a new flow with what it takes over from another."""
        with self._dialect.write() as session:
            (job,) = create(session, (fork.partial,))
            copy_flow(session, job.offset, fork)
        self._dialect.announce()
        return job

    def take_name(self, holder: Holder, now: int) -> Incarnation:
        """Make an incarnation that holds the name; raise RuntimeNameTaken if a live one does."""
        try:
            return self._take_name(holder, now)
        except RowRefused:
            # Somebody else was quicker, between the question and the answer: now it shows who.
            return self._take_name(holder, now)

    def _take_name(self, holder: Holder, now: int) -> Incarnation:
        with self._dialect.write() as session:
            taken = session.one("holder_of_name", {"name": holder.name})
            if taken is not None:
                raise RuntimeNameTaken(_taken(holder.name, taken))
            session.run(
                "insert_runtime",
                {
                    "name": holder.name,
                    "held_name": holder.name,
                    "host": holder.host,
                    "pid": holder.pid,
                    "life": holder.life,
                    "flows": holder.flows,
                    "classes": holder.classes,
                    "started_at": now,
                },
            )
            number = _first(session.one("runtime_of_name", {"name": holder.name}))
            session.run("insert_beat", {"id": number})
        return Incarnation(id=number, name=holder.name, epoch=1)

    def register(self, schemes: Sequence[SchemeRecord]) -> None:
        """Save the snapshots of definitions, and their classes where they are new."""
        with self._dialect.write() as session:
            session.many("insert_class", sorted({SHARED, *((scheme.flow_class,) for scheme in schemes)}))
            session.many("save_scheme", [(scheme.flow_class, scheme.version, scheme.definition) for scheme in schemes])

    def beat(self, incarnation: Incarnation, lost_threads: int = 0) -> bool:
        """Raise the beat, and say how many threads are lost; False if the incarnation was taken over."""
        given = {"id": incarnation.id, "epoch": incarnation.epoch, "lost_threads": lost_threads}
        return self._dialect.pulse("raise_beat", given) == 1

    def runtimes(self) -> list[RuntimeRecord]:
        """List the live incarnations."""
        return [rows.runtime(row) for row in self._dialect.glance("live_runtimes", {})]

    def set_draining(self, name: str, *, draining: bool) -> bool:
        """Tell the live runtime of that name to admit no more, or to admit again; False if there is none."""
        with self._dialect.write() as session:
            changed = session.run("set_draining", {"name": name, "draining": int(draining)})
        self._dialect.announce()
        return changed == 1

    def take_over(self, incarnation: Incarnation, beat: int) -> int:
        """Fence an incarnation that was seen silent since this beat and free its flows and its name; -1 if it beat."""
        try:
            with self._dialect.write() as session:
                return _take_over(session, incarnation, beat)
        except _LookAgain:
            return -1

    def release(self, incarnation: Incarnation) -> None:
        """Hand over whatever the incarnation holds, and its name."""
        with self._dialect.write() as session:
            if session.run("release_runtime", {"id": incarnation.id, "epoch": incarnation.epoch}) != 1:
                raise _fenced(session, incarnation.id, incarnation.epoch)
            freed = session.run("release_jobs", {"owner": incarnation.id})
        if freed:
            self._dialect.announce()

    def look(self, query: LookQuery) -> tuple[ClassRecord, Look]:
        """Return the heads of the queues of a class, with its revision."""
        with self._dialect.read() as session:
            return look(session, query)

    def in_use(self, flow_class: str, now: int) -> Look:
        """Return what is in use of all that a class comes under, and its buckets."""
        with self._dialect.read() as session:
            used, paid = usage(session), buckets(session, flow_class, now)
        return Look(now=now, candidates=(), live={}, usage=used, paid=paid)

    def claim(
        self, fence: Fence, seen: ClassRecord, claims: Sequence[ClaimRow], settlement: Settlement = NOTHING_LEFT
    ) -> list[FlowDataObject] | None:
        """Take flows and count the claims; None if somebody admitted since the look (then nothing was written)."""
        try:
            with self._dialect.write() as session:
                _open_turn(session, fence)
                _guard(session, seen, settlement)
                settle(session, seen.flow_class, settlement)
                return _claim(session, fence, claims)
        except _LookAgain:
            return None

    def commit(self, fence: Fence, batch: Batch) -> None:
        """Write one turn, or nothing."""
        with self._dialect.write() as session:
            _write_turn(session, fence, batch)
        if batch.has_kin:
            self._dialect.announce()

    @property
    def lending(self) -> Lending:
        """How it lends transactions to bodies."""
        return self._dialect.lending

    def lend(self, ended: Callable[[], None]) -> SqlTransaction:
        """Open a transaction for the body of a task."""
        return SqlTransaction(self._dialect.lend(ended), _write_turn)

    def read_turn(self, incarnation: Incarnation) -> int:
        """Return the newest turn that was committed; raise Fenced if the incarnation was taken over."""
        with self._dialect.read() as session:
            found = session.one("read_turn", {"id": incarnation.id, "epoch": incarnation.epoch})
            if found is None:
                raise _fenced(session, incarnation.id, incarnation.epoch)
        return int(found[0])

    def give_back(self, incarnation: Incarnation, offsets: Sequence[int]) -> None:
        """Free flows that the incarnation holds but does not work on; others may take them at once."""
        with self._dialect.write() as session:
            session.many("free_job", [(offset, incarnation.id) for offset in offsets])
        self._dialect.announce()


def _guard(session: Session, seen: ClassRecord, settlement: Settlement) -> None:
    """See to it that nobody admitted since the look, nor will beside this."""
    given = {"name": seen.flow_class, "revision": seen.revision, "turn": max(seen.turn, settlement.virtual)}
    if session.run("bump_class", given) != 1:
        raise _LookAgain
    if settlement.shared and session.run("bump_shared", {"revision": seen.shared}) != 1:
        raise _LookAgain


def _claim(session: Session, fence: Fence, claims: Sequence[ClaimRow]) -> list[FlowDataObject]:
    all_of_them = _listed([claim.offset for claim in claims])
    before = session.all("claimed_flows", {"offsets": all_of_them})
    fresh = {row[0] for row in before if row[6] == FlowStatus.PENDING}
    rested = () if len(fresh) == len(claims) else {row[0] for row in before if row[6] == FlowStatus.WAITING}
    taken = 0
    for (version, started_at, uses), offsets in _alike(claims, _CLAIMED_ALIKE):
        given = {"owner": fence.id, "version": version, "uses": uses, "offsets": _listed(offsets)}
        taken += session.run("claim_jobs", given)
        starting = _listed([offset for offset in offsets if offset in fresh or offset in rested])
        session.run("start_flows", {"version": version, "started_at": started_at, "offsets": starting})
    if taken != len(claims):
        raise _LookAgain
    known = {claim.offset for claim in claims if claim.verbs or claim.offset not in fresh}
    again = session.all("claim_counts", {"offsets": all_of_them}) if known else []
    counts = {row[0]: row[1:] for row in again if row[0] in known}
    found = {row[0]: claimed_flow(session, row, counts.get(row[0], FIRST_CLAIM)) for row in before}
    for claim in claims if known else ():
        if claim.offset not in fresh and found[claim.offset].started_at is None:
            session.run("begin_paused", claim._asdict())
    return [found[claim.offset] for claim in claims]


def _take_over(session: Session, incarnation: Incarnation, beat: int) -> int:
    place = {"id": incarnation.id}
    if session.run("end_beat", {**place, "beat": beat}) != 1:
        raise _LookAgain
    if session.run("take_over", {**place, "epoch": incarnation.epoch}) != 1:
        raise _LookAgain
    return session.run("free_jobs", {"owner": incarnation.id})


class _LookAgain(Exception):
    """Somebody has changed what was looked at; the transaction is rolled back."""


def _open_turn(session: Session, fence: Fence) -> None:
    if session.run("mark_turn", fence._asdict()) != 1:
        raise _fenced(session, fence.id, fence.epoch)


def _write_turn(session: Session, fence: Fence, batch: Batch) -> None:
    _open_turn(session, fence)
    if batch.answers:
        answer(session, batch)
    _write_tasks(session, batch)
    if batch.throttles:
        save_throttles(session, batch.throttles)
    if batch.flows:
        _save_flows(session, batch.flows)
    if batch.logs:
        session.many("save_log", batch.logs)
    if batch.has_kin:
        save_kin(session, batch)
    _move_jobs(session, batch)
    if batch.held_back or batch.let_go:
        hold_back(session, batch)


def _write_tasks(session: Session, batch: Batch) -> None:
    if batch.tasks:
        session.many("save_task", batch.tasks)
    if batch.parts:
        session.many("save_part", batch.parts)
    if batch.progress:
        session.many("save_progress", batch.progress)
    if batch.attempts:
        session.many("save_attempt", batch.attempts)


def _move_jobs(session: Session, batch: Batch) -> None:
    if batch.released and session.run("delete_jobs", {"offsets": _listed(batch.released)}) < len(batch.released):
        for offset in batch.released:
            session.run("keep_job", {"offset": offset})
    if batch.parked:
        session.many("park_job", [(offset,) for offset in batch.parked])
        for offset, at in batch.paused:
            session.run("rest_flow", {"offset": offset, "at": at})
    if batch.resting:
        session.many("rest_job", [(row.heard, row.offset) for row in batch.resting])
    if batch.ended_children:
        wake_parents(session, batch.ended_children)


def _fenced(session: Session, number: int, epoch: int) -> Fenced:
    row = session.one("runtime_name", {"id": number})
    name = repr(row[0]) if row else "unknown"
    return Fenced(
        f"runtime {name} (incarnation {number}) was taken over after epoch {epoch}, or let go: its writes are refused"
    )


def _save_flows(session: Session, flows: Sequence[FlowRow]) -> None:
    session.many("save_flow", [row for row in flows if row.storage is not None or row.ending is not None])
    unchanged = [row for row in flows if row.storage is None and row.ending is None]
    for (status, reason, ended_at), offsets in _alike(unchanged, _ENDED_ALIKE):
        given = {"status": status, "reason": reason, "ended_at": ended_at, "offsets": _listed(offsets)}
        session.run("end_flows", given)


def _alike(rows: Sequence[Placed], key: Callable[[Placed], Key]) -> Iterable[tuple[Key, list[int]]]:
    """Put the offsets of rows together that are otherwise the same: one statement then does for all of them."""
    groups: dict[Key, list[int]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row.offset)
    return groups.items()


def _listed(offsets: Sequence[int]) -> str:
    return codec.encode_definition(offsets)


def _taken(name: str, row: Sequence[Any]) -> str:
    since = datetime.fromtimestamp(row[5] / 1_000_000, UTC).isoformat(timespec="seconds")
    return (
        f"the runtime name {name!r} is held by pid {row[3]} on host {row[2].partition('/')[0]} since {since}; "
        "stop that process, or start this one under another name"
    )


def _first(row: Sequence[Any] | None) -> int:
    return int(row[0]) if row else 0
