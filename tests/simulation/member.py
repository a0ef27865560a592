"""One runtime of the simulation: the parts of a Runtime without its threads, so that the scheduler decides who goes on.

What stands here does what `theflow.runtime.runtime` does, a step at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum

from tests.simulation.bodies import Bodies, Body
from tests.simulation.flows import POLICIES, RECORDS, SCHEMES
from tests.simulation.history import Broken, History
from tests.simulation.line import Died, Line
from tests.simulation.machines import ALIVE, CLAIMS, TTL, StoppedThread
from tests.simulation.moments import Time, WallClock
from tests.simulation.window import WindowStore
from theflow.database.records import Holder, Incarnation
from theflow.errors import Fenced, RuntimeNameTaken, StoreError, StoreUnavailable
from theflow.model.shaping import FlowShapingManager
from theflow.runtime.admission import Admission
from theflow.runtime.engine import Engine
from theflow.runtime.failpoint import Failpoints
from theflow.runtime.inbox import Inbox
from theflow.runtime.incarnation import Heartbeat, Sweep, take_name
from theflow.runtime.requests import Requests

PLACES = 4


class Phase(StrEnum):
    """What a runtime is at."""

    NAMED = "named"
    LIVE = "live"
    LOST = "lost"
    DRAINING = "draining"
    ENDED = "ended"


class _Doors(Failpoints):
    """Failpoints at which the process of a line dies."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def reach(self, name: str) -> None:
        """Pass a place where the process may die."""
        self._line.reach(name)


class Member:
    """A process with a runtime in it."""

    def __init__(self, world: tuple[WindowStore, History, Time], holder: Holder) -> None:
        store, self.history, time = world
        self.holder = holder
        self.phase = Phase.ENDED
        self.paused = False
        self.line = Line(store, self.history)
        self.clock = WallClock(time)
        inbox = Inbox()
        self.bodies = Bodies(self.history, inbox, self.clock, self.line)
        doors = _Doors(self.line)
        self.engine = Engine(self.line, inbox, self.bodies, self.clock, doors)
        self.bodies.incarnation = lambda: self.engine.incarnation
        shaping = FlowShapingManager(POLICIES)
        self._admission = Admission(self.line, self.engine, shaping, SCHEMES, self.clock, doors)
        self._heartbeat = Heartbeat(self.line, self.clock, TTL, self._nobody)
        hear = Requests(self.line, self.engine).bring
        self._sweep = Sweep(self.line, self.clock, TTL, holder.host, hear)
        self._former: Incarnation | None = None
        self._unanswered: set[int] = set()
        ALIVE.add(holder.pid)

    @property
    def alive(self) -> bool:
        """Whether its process lives."""
        return self.holder.pid in ALIVE

    def boot(self) -> None:
        """Take the name, as the constructor of a Runtime does; a process that cannot ends."""
        try:
            self.engine.begin(self._named())
            self.phase = Phase.NAMED
            self.line.register(RECORDS)
        except StoreError:
            self.release()
        except RuntimeNameTaken:
            self.die()

    def start(self) -> None:
        """Begin to beat and to work."""
        self._heartbeat.start(self.engine.incarnation)
        self.phase = Phase.LIVE

    def beat(self) -> None:
        """Let the heartbeat go on for one round."""
        thread = self._heartbeat._thread  # noqa: SLF001 - it is a stopped one
        if isinstance(thread, StoppedThread) and not self._heartbeat.lost:
            thread.go_round()

    def sweep(self) -> None:
        """Take over who is silent, and hear what people ask."""
        self._while_live(lambda: self._sweep.run(self.engine.incarnation))

    def turn(self) -> None:
        """Do a turn of the engine."""
        if self.phase is Phase.DRAINING:
            with suppress(StoreUnavailable, Fenced):
                self.engine.turn()
        else:
            self._while_live(self.engine.turn)

    def turn_and_admit(self) -> None:
        """Do a turn of the engine, and a look for work if that went well."""

        def step() -> None:
            self.engine.turn()
            free = PLACES - len(self.engine.flows)
            if free:
                self._admission.fill(free, CLAIMS)

        if self.phase is Phase.LIVE:
            self._while_live(step)

    def end(self, body: Body, ending: str) -> None:
        """Let a body end; one that dies takes its process with it."""
        if ending == "dies":
            raise Died
        self.bodies.end(body, ending)

    def rejoin(self) -> None:
        """Live on as a new incarnation, as soon as the database is in reach."""
        try:
            if self.engine.incarnation is self._former:
                with suppress(Fenced):
                    self.line.release(self._former)
                self.engine.begin(self._named())
            self.line.register(RECORDS)
        except StoreUnavailable:
            return
        except RuntimeNameTaken:
            self.release()
            return
        self.start()

    def drain(self) -> None:
        """Admit no more; bodies may end."""
        self.engine.draining = True
        self.phase = Phase.DRAINING

    def release(self) -> None:
        """Give name and flows back, and end."""
        self._heartbeat.stop()
        if self.engine.turns.named:
            with suppress(StoreError):
                self.line.release(self.engine.incarnation)
        self.die()

    def die(self) -> None:
        """End at once: whatever is in memory is gone."""
        ALIVE.discard(self.holder.pid)
        self.phase = Phase.ENDED
        self.bodies.under_way.clear()

    def _named(self) -> Incarnation:
        try:
            return take_name(self.line, self.holder, self.clock, TTL, self._unanswered)
        except RuntimeNameTaken:
            others = [one for one in self.history.living() if one.name == self.holder.name]
            if self.holder in others:
                raise Broken(f"runtime {self.holder.name} ends, as it takes its own name for that of another") from None
            raise

    def _while_live(self, work: Callable[[], object]) -> None:
        """Do what a live runtime does, as long as it may trust itself."""
        if self._heartbeat.lost:
            self._lose()
        elif self._heartbeat.trusted:
            try:
                work()
            except StoreUnavailable:
                pass
            except Fenced:
                self._lose()

    def _lose(self) -> None:
        self.history.seen["lost"] += 1
        self._heartbeat.stop()
        self.bodies.interrupt()
        self._former = self.engine.incarnation
        self.phase = Phase.LOST

    @staticmethod
    def _nobody() -> None:
        """The scheduler wakes whom it likes."""
