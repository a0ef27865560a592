"""A database, the runtimes over it, and the people who submit jobs: everything that may happen, each a method."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from tests.simulation.bodies import Body
from tests.simulation.flows import BY_NAME, CLASSES, PILL, UNKNOWN_VERSION
from tests.simulation.history import Broken, History
from tests.simulation.line import Died, Line
from tests.simulation.machines import ALIVE, TTL, Threads
from tests.simulation.member import PLACES, Member, Phase
from tests.simulation.moments import Time, WallClock
from tests.simulation.window import WindowStore
from theflow.database.memory_queue import MemoryJob
from theflow.database.records import FlowRecord, Holder
from theflow.errors import StoreUnavailable
from theflow.model.flow_data import FlowDataPartial
from theflow.model.job import JobMeta
from theflow.model.reason import Reason
from theflow.model.view import Request
from theflow.runtime.definition import SchemeDefinition
from theflow.runtime.explanation import Around, explain, policies_of

NAMES = ("anna", "bert", "carl")
# Runtimes of these names live on one machine, the others each on their own.
_TOGETHER = ("anna", "bert")
# So many rounds of a TTL may pass after the last fault until every flow has ended, or says why not.
ROUNDS = 40
_NOTHING: Mapping[str, Any] = {}


class World:
    """Made anew for each schedule."""

    def __init__(self) -> None:
        ALIVE.clear()
        self.time = Threads.time = Time()
        self.store = WindowStore()
        self.history = History(self.store, self.time)
        self.members: dict[str, Member] = {}
        self.asked: list[FlowDataPartial] = []
        self.office = Line(self.store, self.history)
        self._clock = WallClock(self.time)
        self._pids = 0

    # --- jobs -----------------------------------------------------------------------------------------------------
    def submit(self, flow_class: str, user: str, key: str | None = None, version: int | None = None) -> None:
        """Ask for a job; the wire may lose the answer."""
        meta = JobMeta(flow_class=flow_class, user=user, idempotency_key=key)
        number = f"flow-{len(self.asked) + 1}"
        partial = FlowDataPartial.pending(meta, flow_id=number, data=b"{}", version=version, now=self._clock.now())
        self.asked.append(partial)
        self.ask(partial)

    def ask(self, partial: FlowDataPartial) -> None:
        """Ask for a job, perhaps again."""
        self.history.submitting(partial)
        try:
            (job,) = self.office.create_jobs([partial])
        except StoreUnavailable:
            return
        self.history.submitted(job)

    def cancel(self, offset: int) -> None:
        """Ask for a flow to end; the wire may lose the answer."""
        with suppress(StoreUnavailable):
            self.office.ask([(offset, self._request("cancel"))])

    def let_in(self, offset: int) -> None:
        """Look at a parked flow, and let it in again."""
        with suppress(StoreUnavailable):
            self.office.ask([(offset, self._request("resume"))])

    def do(self, offset: int, verb: str, payload: Mapping[str, Any]) -> None:
        """Do something else to a flow by hand."""
        with suppress(StoreUnavailable):
            self.office.ask([(offset, self._request(verb, payload))])

    def _request(self, verb: str, payload: Mapping[str, Any] = _NOTHING) -> Request:
        return Request(verb=verb, asked_by="ann", reason="", asked_at=self._clock.now(), payload=payload)

    # --- processes ------------------------------------------------------------------------------------------------
    def boot(self, name: str, host: str | None = None) -> None:
        """Start a process with a runtime of this name; one that had it may still live, stopped or elsewhere."""
        host = host or ("shared" if name in _TOGETHER else name)
        self._pids += 1
        if name in self.members and self.members[name].alive:
            self.members[f"{name} before {self._pids}"] = self.members[name]
        holder = Holder(name=name, host=host, pid=self._pids, life="", flows=PLACES, classes=CLASSES)
        member = self.members[name] = Member((self.store, self.history, self.time), holder)
        self.let(member, member.boot)

    def let(self, member: Member, act: Callable[[], None]) -> None:
        """Let a runtime do something; its process may die over it."""
        try:
            act()
        except Died:
            self.kill(member)

    def kill(self, member: Member) -> None:
        """SIGKILL."""
        self.history.seen["kill"] += 1
        member.die()

    def end(self, member: Member, body: Body, ending: str) -> None:
        """Let a body end."""
        self.let(member, lambda: member.end(body, ending))

    # --- the end --------------------------------------------------------------------------------------------------
    def heal(self) -> None:
        """End all faults, and see every flow end, or say why it does not."""
        for member in self.members.values():
            member.line.arrive()
            member.line.faults.clear()
            member.line.refused.clear()
            member.line.fuse = 0
            member.line.stall = None
            member.paused = False
            member.clock.skew = 0
        self.office.faults.clear()
        unsaid = any(member.engine._unsaved for member in self.members.values() if member.alive)  # noqa: SLF001
        to_be_cancelled = set() if unsaid else self.history.open_requests()
        for _ in range(ROUNDS):
            self._round()
            self.history.check()
            if not self._unexplained():
                self.history.check_storage()
                self.history.check_hands()
                stuck = {job.offset for job in self.store.jobs() if self._is_stuck(job)}
                self.history.check_cancelled(to_be_cancelled - stuck)
                self.history.seen["parked"] += sum(job.parked for job in self.store.jobs())
                return
            self.time.advance(TTL)
        raise Broken("I6: after healing some flows neither go on nor say why: " + "; ".join(self._unexplained()))

    def _round(self) -> None:
        """Let everybody go on; all beats come first, so that nobody is silent only because time has gone by."""
        if not any(member.alive for member in self.members.values()):
            self.boot(NAMES[0])
        members = [member for member in self.members.values() if member.alive]
        for member in members:
            member.beat()
        for member in members:
            self._go_on(member)

    def _go_on(self, member: Member) -> None:
        match member.phase:
            case Phase.NAMED:
                member.start()
            case Phase.LOST:
                self.let(member, member.rejoin)
            case Phase.DRAINING:
                self.let(member, member.release)
        if member.phase is Phase.LIVE:
            self.let(member, member.sweep)
            # Twice: what a body returns in between is saved at once.
            for _ in range(2):
                self.let(member, member.turn_and_admit)
                while member.bodies.under_way:
                    body = member.bodies.under_way[0]
                    self.end(member, body, ending_of(self, body))

    def _unexplained(self) -> list[str]:
        """Say of each flow that goes on whether it has told why it waits."""
        found = []
        for job in self.store.jobs():
            record = self.store.find_flow(self.store.flow_rows()[job.offset].job.flow_id, self._clock.now())
            if record is None or job.parked:
                continue
            reasons = [reason.text for reason in self._explained(record)]
            if self._is_stuck(job) and reasons:
                continue
            if not any("no runtime registers" in reason or self._waits_behind(reason) for reason in reasons):
                found.append(f"offset {job.offset} ({job.flow_class}, {record.summary.status}): {reasons}")
        return found

    def _explained(self, record: FlowRecord) -> Sequence[Reason]:
        """Ask why a flow waits, as a client does."""
        name, now = record.summary.flow_class, self._clock.now()
        runtimes, seen = self.store.runtimes(), self.store.class_record(name)
        policies = policies_of(name, SchemeDefinition.of(BY_NAME[name]), runtimes, seen, self.store.limits())
        requests = self.store.requests(record.summary.offset)
        return explain(record, runtimes, Around(policies, self.store.in_use(name, now), requests))

    def _is_stuck(self, job: MemoryJob) -> bool:
        """Whether nobody has code for a flow, or one before it in its queue: so nobody hears what is asked of it."""
        queue = [each for each in self.store.jobs() if (each.flow_class, each.user) == (job.flow_class, job.user)]
        return any(each.version == UNKNOWN_VERSION and each.offset <= job.offset for each in queue)

    def _waits_behind(self, reason: str) -> bool:
        """Whether a flow waits for one that nobody has code for: then it waits as long."""
        first = reason.rpartition(" ")[2]
        job = self.store.job(int(first)) if "of its queue go" in reason else None
        return job is not None and job.version == UNKNOWN_VERSION


def ending_of(world: World, body: Body) -> str:
    """How a body ends where nothing goes wrong: a pill kills its process all the same."""
    job = world.store.job(body.offset)
    if body.told and body.serial % 2:
        return "is cancelled"
    return "dies" if job is not None and job.flow_class == PILL else "returns"
