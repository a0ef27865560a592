"""The seeded explorer: draws what happens next. The same seed always tells the same story."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Mapping
from itertools import accumulate
from random import Random

from tests.simulation.flows import PILL, UNKNOWN_VERSION
from tests.simulation.line import FAULTS, READS, WRITES, Line
from tests.simulation.machines import TTL
from tests.simulation.member import Member, Phase
from tests.simulation.world import NAMES, World, ending_of

STEPS = 30
# The classes that people submit; a pill and a flow that nobody has code for come now and then.
_CLASSES = ("tree", "tree", "line", "line", "fork", "fork", "free", "free", "free", "pay", "pay", PILL)
_ENDINGS = ("returns",) * 7 + ("raises", "raises", "times out", "gives up", "dies")
_PASSING = (0.01, 0.1, 0.3, TTL / 4, TTL / 2)
# Turns and claims are called most, and go wrong most.
_CALLS = (*READS, *WRITES, "claim", "commit", "claim", "commit")
_ASKS = ("create_jobs", "cancel", "resume")
_JUMPS = (-30_000_000, -1_000_000, 1_000_000, 30_000_000)
# How often each thing happens.
RULES = {
    "submit": 5,
    "ask_again": 1,
    "step": 22,
    "turn": 8,
    "body": 22,
    "beat": 8,
    "sweep": 6,
    "time": 10,
    "fault": 6,
    "arrive": 6,
    "fuse": 3,
    "stall": 3,
    "kill": 1,
    "pause": 2,
    "resume": 2,
    "jump": 1,
    "boot": 3,
    "drain": 1,
    "refuse": 1,
    "cancel": 3,
    "let_in": 4,
}


class Explorer:
    """One schedule: a world, and what happened in it."""

    rules: Mapping[str, int] = RULES

    def __init__(self, seed: int, steps: int = STEPS) -> None:
        self.world = World()
        self.story: list[str] = []
        self._chance = Random(seed)  # noqa: S311 - the seed makes the schedule repeatable
        self._steps = steps

    def run(self) -> World:
        """Begin, let things happen, check after each; heal at the end."""
        world = self.world
        for name in NAMES[: 1 + self._below(3)]:
            world.boot(name)
            self._tell("boot", name)
            self._start(world.members[name])
        for _ in range(1 + self._below(4)):
            self._submit()
        names, weights = tuple(self.rules), tuple(accumulate(self.rules.values()))
        for _ in range(self._steps):
            getattr(self, "_" + names[bisect(weights, self._below(weights[-1]))])()
            world.history.check()
        self._tell("heal")
        world.heal()
        return world

    def _below(self, limit: int) -> int:
        return int(self._chance.random() * limit)

    def _one(self, of: tuple[str, ...]) -> str:
        return of[self._below(len(of))]

    def _tell(self, *words: object) -> None:
        self.story.append(f"{self.world.time.seconds:6.2f} " + " ".join(map(str, words)))

    def _member(self) -> Member | None:
        """Draw a runtime that is neither dead nor paused."""
        able = [member for member in self.world.members.values() if member.alive and not member.paused]
        return able[self._below(len(able))] if able else None

    # --- jobs -----------------------------------------------------------------------------------------------------
    def _submit(self) -> None:
        flow_class, user = self._one(_CLASSES), self._one(("u", "v"))
        key = f"key-{self._below(3)}" if not self._below(4) else None
        version = UNKNOWN_VERSION if not self._below(40) else None
        self._tell("submit", flow_class, user, key, version)
        self.world.submit(flow_class, user, key, version)

    def _ask_again(self) -> None:
        """A submit whose answer was lost is asked again, if it has a key to be known by."""
        keyed = [partial for partial in self.world.asked if partial.meta.idempotency_key is not None]
        if keyed:
            partial = keyed[self._below(len(keyed))]
            self._tell("ask again", partial.flow_id)
            self.world.ask(partial._replace(flow_id=f"{partial.flow_id}-again-{len(self.story)}"))

    def _cancel(self) -> None:
        """Somebody wants a flow to end, perhaps one that has ended, or that he asked of before."""
        offsets = list(self.world.store.flow_rows())
        if offsets:
            offset = offsets[self._below(len(offsets))]
            self._tell("cancel", offset)
            self.world.cancel(offset)

    def _let_in(self) -> None:
        """Somebody looks at the flows that are parked, and at one that is not."""
        for job in self.world.store.jobs():
            if job.parked or not self._below(10):
                self._tell("let in", job.offset)
                self.world.let_in(job.offset)

    # --- runtimes -------------------------------------------------------------------------------------------------
    def _step(self) -> None:
        member = self._member()
        if member is None:
            return
        self._tell("step", member.holder.name, member.phase)
        match member.phase:
            case Phase.NAMED:
                self._start(member)
            case Phase.LOST:
                self.world.let(member, member.rejoin)
            case Phase.DRAINING:
                self.world.let(member, member.turn)
                if not member.bodies.under_way:
                    self.world.let(member, member.release)
            case _:
                self.world.let(member, member.turn_and_admit)

    def _start(self, member: Member) -> None:
        if member.phase is Phase.NAMED:
            member.start()

    def _turn(self) -> None:
        member = self._member()
        if member is not None and member.phase in (Phase.LIVE, Phase.DRAINING):
            self._tell("turn", member.holder.name)
            self.world.let(member, member.turn)

    def _body(self) -> None:
        """End a body; one that hangs is never drawn."""
        member = self._member()
        if member is not None and member.bodies.under_way:
            body = member.bodies.under_way[self._below(len(member.bodies.under_way))]
            ending = ending_of(self.world, body)
            if ending == "returns":
                ending = self._one(_ENDINGS)
            self._tell("body", member.holder.name, body.offset, body.name, body.attempt, ending)
            self.world.end(member, body, ending)

    def _beat(self) -> None:
        for member in self.world.members.values():
            if member.alive and not member.paused and self._below(4):
                self._tell("beat", member.holder.name)
                self.world.let(member, member.beat)

    def _sweep(self) -> None:
        member = self._member()
        if member is not None and member.phase is Phase.LIVE:
            self._tell("sweep", member.holder.name)
            self.world.let(member, member.sweep)

    def _time(self) -> None:
        self.world.time.advance(_PASSING[self._below(len(_PASSING))])

    # --- faults ---------------------------------------------------------------------------------------------------
    def _fault(self) -> None:
        """Let calls go wrong, each when it is made next."""
        member = self._member()
        if member is None or not self._below(8):
            faults = [(self._one(_ASKS), self._one(FAULTS))]
            self.world.office.faults += faults
        else:
            faults = [(self._one(_CALLS), self._one(FAULTS)) for _ in range(1 + self._below(4))]
            member.line.faults += faults
        self._tell("fault", member.holder.name if member else "", *faults)

    def _arrive(self) -> None:
        for line in self._lines():
            line.arrive()

    def _lines(self) -> list[Line]:
        return [self.world.office, *(member.line for member in self.world.members.values())]

    def _fuse(self) -> None:
        """Let a process die at the n-th place that it passes from now on."""
        member = self._member()
        if member is not None:
            member.line.fuse = 1 + self._below(9)
            self._tell("fuse", member.holder.name, member.line.fuse)

    def _stall(self) -> None:
        """SIGSTOP in the middle of a turn, right before its next commit, and SIGCONT when others have gone on."""
        member = self._member()
        if member is None:
            return

        def stall() -> None:
            self._tell("stall", member.holder.name)
            member.paused = True
            self._outlast()
            self._tell("go on", member.holder.name)
            member.paused = False

        self._tell("stall at the next commit", member.holder.name)
        member.line.stall = stall

    def _kill(self) -> None:
        member = self._member()
        if member is not None:
            self._tell("kill", member.holder.name)
            self.world.kill(member)

    def _pause(self) -> None:
        """SIGSTOP; mostly for so long that others take over."""
        member = self._member()
        if member is not None:
            self._tell("pause", member.holder.name)
            self.world.history.seen["pause"] += 1
            member.paused = True
            if self._below(3):
                self._outlast()

    def _outlast(self) -> None:
        """Let time go by in which the others beat, see who does not, and go on with what he held."""
        for _ in range(1 + self._below(4)):
            for member in self.world.members.values():
                if member.phase is Phase.LIVE and not member.paused:
                    self.world.let(member, member.beat)
                    self.world.let(member, member.sweep)
            self.world.time.advance(TTL / 2)
        for _ in range(self._below(8)):
            self._step()
            self._body()

    def _resume(self) -> None:
        for member in self.world.members.values():
            if member.paused:
                self._tell("resume", member.holder.name)
                member.paused = False

    def _jump(self) -> None:
        member = self._member()
        if member is not None:
            member.clock.skew += _JUMPS[self._below(len(_JUMPS))]
            self._tell("jump", member.holder.name, member.clock.skew)

    def _boot(self) -> None:
        """Start a process in the place of one that is gone, or one more."""
        name = self._one(NAMES)
        member = self.world.members.get(name)
        if member is None or not member.alive or member.paused:
            host = None if self._below(3) else "elsewhere"
            self._tell("boot", name, host or "at home")
            self.world.boot(name, host)
            if not self._below(3):
                self._outlast()

    def _drain(self) -> None:
        member = self._member()
        if member is not None and member.phase is Phase.LIVE:
            self._tell("drain", member.holder.name)
            member.drain()

    def _refuse(self) -> None:
        """Let the database take no row of one flow."""
        offset = 1 + self._below(len(self.world.asked))
        self._tell("refuse", offset)
        for member in self.world.members.values():
            member.line.refused.add(offset)
