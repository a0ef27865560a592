"""The store in a SQL database: one method, one intention. Nothing here knows which database it is."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from theflow.database import codec, rows
from theflow.database.caller import driver_connection
from theflow.database.dialect import Dialect, Session
from theflow.database.sql_questions import SqlQuestions, class_record
from theflow.database.store import (
    Batch,
    ClaimRow,
    ClassRecord,
    Fence,
    FlowRow,
    Holder,
    Incarnation,
    LookQuery,
    Pace,
    RuntimeRecord,
    SchemeRecord,
)
from theflow.errors import DataRefused, Fenced, IdempotencyConflict, RowRefused, RuntimeNameTaken
from theflow.model.flow_data import FlowDataObject, FlowDataPartial
from theflow.model.job import JobMetaObject
from theflow.model.shaping import Look
from theflow.model.status import FlowStatus
from theflow.model.view import Finding

Placed = TypeVar("Placed", ClaimRow, FlowRow)
Key = TypeVar("Key", bound=Hashable)


class SqlStore(SqlQuestions):
    """The RuntimeStore over a dialect."""

    def __init__(self, dialect: Dialect) -> None:
        super().__init__(dialect)
        self._dialect = dialect

    def prepare(self) -> None:
        """Create the schema, or bring it up to date where that is done without asking."""
        self._dialect.prepare()

    def require(self) -> None:
        """Raise StoreUnusable unless the database is there with a schema that this code knows."""
        self._dialect.require()

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
            jobs = _create(session, flows)
        self._dialect.announce()
        return jobs

    def create_jobs_within(self, connection: object, flows: Sequence[FlowDataPartial]) -> list[JobMetaObject]:
        """Do the same in the transaction of a caller's connection, which is neither committed nor rolled back here."""
        with self._dialect.within(driver_connection(connection)) as session:
            return _create(session, flows)

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
            session.many("insert_class", sorted({(scheme.flow_class,) for scheme in schemes}))
            session.many("save_scheme", [(scheme.flow_class, scheme.version, scheme.definition) for scheme in schemes])

    def beat(self, incarnation: Incarnation) -> bool:
        """Raise the beat; False if the incarnation was taken over."""
        with self._dialect.pulse() as session:
            return session.run("raise_beat", {"id": incarnation.id, "epoch": incarnation.epoch}) == 1

    def runtimes(self) -> list[RuntimeRecord]:
        """List the live incarnations."""
        return [rows.runtime(row) for row in self._dialect.glance("live_runtimes", {})]

    def set_draining(self, name: str, *, draining: bool) -> bool:
        """Tell the live runtime of that name to admit no more, or to admit again; False if there is none."""
        with self._dialect.write() as session:
            changed = session.run("set_draining", {"name": name, "draining": int(draining)})
        self._dialect.announce()
        return changed == 1

    def take_over(self, incarnation: Incarnation) -> int:
        """Fence an incarnation that was seen silent and free its flows and its name; -1 if it changed meanwhile."""
        with self._dialect.write() as session:
            if session.run("take_over", {"id": incarnation.id, "epoch": incarnation.epoch}) != 1:
                return -1
            return session.run("free_jobs", {"owner": incarnation.id})

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
        given: dict[str, Any] = {
            "flow_class": query.flow_class,
            "now": query.now,
            "limit": query.limit,
            "concurrency": query.concurrency,
            "versions": codec.encode(list(query.versions)).decode(),
        }
        live: dict[tuple[str, str], tuple[int, ...]] = {}
        with self._dialect.read() as session:
            record = class_record(session, query.flow_class)
            if query.ordered:
                for user, offset in session.all("look_live", {"flow_class": query.flow_class}):
                    queue = (query.flow_class, user)
                    live[queue] = (*live.get(queue, ()), offset)
                # Heads of queues that are full must not take the room of heads that could start.
                given["limit"] += len(live) * query.concurrency
            heads = session.all("look_heads" if query.ordered else "look_open", given)
        return record, Look(now=query.now, candidates=tuple(rows.candidate(row) for row in heads), live=live)

    def claim(self, fence: Fence, seen: ClassRecord, claims: Sequence[ClaimRow]) -> list[FlowDataObject] | None:
        """Take flows and count the claims; None if somebody admitted since the look (then nothing was written)."""
        try:
            with self._dialect.write() as session:
                return self._claim(session, fence, seen, claims)
        except _LookAgain:
            return None

    def commit(self, fence: Fence, batch: Batch) -> None:
        """Write one turn, or nothing."""
        with self._dialect.write() as session:
            _open_turn(session, fence)
            if batch.tasks:
                session.many("save_task", batch.tasks)
            if batch.attempts:
                session.many("save_attempt", batch.attempts)
            if batch.flows:
                _save_flows(session, batch.flows)
            if batch.logs:
                session.many("save_log", batch.logs)
            if batch.released:
                session.run("delete_jobs", {"offsets": _listed(batch.released)})
            if batch.parked:
                session.many("park_job", [(offset,) for offset in batch.parked])

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

    def _claim(
        self, session: Session, fence: Fence, seen: ClassRecord, claims: Sequence[ClaimRow]
    ) -> list[FlowDataObject]:
        _open_turn(session, fence)
        if session.run("bump_class", {"name": seen.flow_class, "revision": seen.revision}) != 1:
            raise _LookAgain
        all_of_them = _listed([claim.offset for claim in claims])
        before = session.all("claimed_flows", {"offsets": all_of_them})
        fresh = {row[0] for row in before if row[6] == FlowStatus.PENDING}
        taken = 0
        for (version, started_at), offsets in _alike(claims, lambda claim: (claim.version, claim.started_at)):
            given = {"owner": fence.id, "version": version, "offsets": _listed(offsets)}
            taken += session.run("claim_jobs", given)
            starting = _listed([offset for offset in offsets if offset in fresh])
            session.run("start_flows", {"version": version, "started_at": started_at, "offsets": starting})
        if taken != len(claims):
            raise _LookAgain
        again = [] if len(fresh) == len(claims) else session.all("claim_counts", {"offsets": all_of_them})
        counts: dict[int, int] = {row[0]: row[1] for row in again}
        found = {row[0]: _claimed_flow(session, row, counts.get(row[0], 1)) for row in before}
        return [found[claim.offset] for claim in claims]


def _create(session: Session, flows: Sequence[FlowDataPartial]) -> list[JobMetaObject]:
    known: dict[int, JobMetaObject | int] = {}
    if any(flow.meta.idempotency_key is not None for flow in flows):
        # Whoever holds the counter sees every key: a twin that is under way has been committed, or never was.
        session.one("take_offsets", {"count": 0})
        known = _known_jobs(session, flows)
    fresh = [flow for number, flow in enumerate(flows) if number not in known] if known else flows
    newest = session.one("take_offsets", {"count": len(fresh)}) if fresh else None
    offsets = range(newest[0] - len(fresh) + 1, newest[0] + 1) if newest else range(0)
    placed = list(zip(fresh, offsets, strict=True))
    session.many("insert_job", [rows.job_row(flow, offset) for flow, offset in placed])
    session.many("insert_flow", [rows.flow_row(flow, offset) for flow, offset in placed])
    saved = [JobMetaObject(offset, flow.flow_id, flow.created_at, flow.meta) for flow, offset in placed]
    if not known:
        return saved
    created = iter(saved)
    jobs: list[JobMetaObject] = []
    for number in range(len(flows)):
        twin = known.get(number)
        jobs.append(next(created) if twin is None else jobs[twin] if isinstance(twin, int) else twin)
    return jobs


def _claimed_flow(session: Session, row: Sequence[Any], claims: int) -> FlowDataObject:
    status = row[6]
    if status == "pending":
        return rows.flow_data(row, claims, (), None)
    place = {"offset": row[0]}
    tasks = session.all("tasks_of", place)
    error = session.one("first_failure", place) if status == FlowStatus.FAILED else None
    return rows.flow_data(row, claims, tasks, None if error is None else error[0])


class _LookAgain(Exception):
    """Somebody else admitted since the look; the transaction is rolled back."""


def _open_turn(session: Session, fence: Fence) -> None:
    if session.run("mark_turn", fence._asdict()) != 1:
        raise _fenced(session, fence.id, fence.epoch)


def _fenced(session: Session, number: int, epoch: int) -> Fenced:
    row = session.one("runtime_name", {"id": number})
    name = repr(row[0]) if row else "unknown"
    return Fenced(
        f"runtime {name} (incarnation {number}) was taken over after epoch {epoch}, or let go: its writes are refused"
    )


def _save_flows(session: Session, flows: Sequence[FlowRow]) -> None:
    session.many("save_flow", [row for row in flows if row.storage is not None])
    unchanged = [row for row in flows if row.storage is None]
    for (status, reason, ended_at), offsets in _alike(unchanged, lambda row: (row.status, row.reason, row.ended_at)):
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


def _known_jobs(session: Session, flows: Sequence[FlowDataPartial]) -> dict[int, JobMetaObject | int]:
    """Find the jobs whose idempotency key exists, in the database or earlier in the same call."""
    known: dict[int, JobMetaObject | int] = {}
    first: dict[tuple[str, str, str], int] = {}
    for number, flow in enumerate(flows):
        meta = flow.meta
        if meta.idempotency_key is None:
            continue
        key = (meta.user, meta.flow_class, meta.idempotency_key)
        given = {"user_name": key[0], "flow_class": key[1], "idempotency_key": key[2]}
        row = session.one("job_by_key", given)
        if row is not None:
            _same_input(flow, row[1], row[7])
            known[number] = rows.saved_job(row)
        elif key in first:
            twin = flows[first[key]]
            _same_input(flow, twin.flow_id, twin.input)
            known[number] = first[key]
        else:
            first[key] = number
    return known


def _same_input(flow: FlowDataPartial, flow_id: str, stored: str | bytes) -> None:
    if not _reads_alike(flow.input, stored):
        raise IdempotencyConflict(
            f"idempotency key {flow.meta.idempotency_key!r} of user {flow.meta.user!r} in class "
            f"{flow.meta.flow_class!r} belongs to flow {flow_id}, which has another input; "
            "use another key, or submit the same input"
        )


def _reads_alike(given: bytes, stored: str | bytes) -> bool:
    try:
        return codec.same(given, stored)
    except DataRefused:
        # What cannot be read any more is not what is submitted now.
        return False


def _taken(name: str, row: Sequence[Any]) -> str:
    since = datetime.fromtimestamp(row[5] / 1_000_000, UTC).isoformat(timespec="seconds")
    return (
        f"the runtime name {name!r} is held by pid {row[3]} on host {row[2].partition('/')[0]} since {since}; "
        "stop that process, or start this one under another name"
    )


def _first(row: Sequence[Any] | None) -> int:
    return int(row[0]) if row else 0
