"""The engine turn: drain, decide, save, obey, a batch at a time, never in another order.

A synchronous object: clock, store, inbox and bodies are given to it, so that a simulation can drive several of them.
The law: the next status is saved before the function for the next status runs.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from typing import Protocol, assert_never

from theflow.database.store import Batch, Fence, Incarnation, RuntimeStore
from theflow.errors import CommitUnknown, IllegalEvent, RowRefused
from theflow.model.decide import decide
from theflow.model.failure import Failure
from theflow.model.flow import Flow
from theflow.model.message import (
    Command,
    Event,
    HookEnded,
    Park,
    Recovered,
    Release,
    RetryDue,
    RunHook,
    RunTask,
    SetTimer,
    Started,
)
from theflow.model.status import FlowStatus
from theflow.model.task import Task
from theflow.runtime.clock import Clock
from theflow.runtime.failpoint import Failpoints
from theflow.runtime.inbox import Inbox, Posted
from theflow.runtime.progress import Watchers
from theflow.runtime.work import FlowWork, Work

# How often bodies under way are asked for news: what they have logged, and that they have begun.
NEWS_PERIOD = 0.1
_STARTED = Started()
_logger = logging.getLogger("theflow.engine")


class Bodies(Protocol):
    """Where the bodies of tasks run."""

    def run(self, tasks: Sequence[Task]) -> None:
        """Start the bodies of these tasks; their outcomes come to the inbox."""

    def run_hook(self, flow: Flow, name: str) -> None:
        """Start the hook of a flow."""

    def gather(self) -> list[Posted]:
        """Return what is new of the bodies under way."""


class Engine:
    """Owns every flow that its runtime holds."""

    def __init__(self, store: RuntimeStore, inbox: Inbox, bodies: Bodies, clock: Clock, failpoints: Failpoints) -> None:
        self.flows: dict[int, Flow] = {}
        self.draining = False
        self.watchers = Watchers()
        self._store = store
        self._inbox = inbox
        self._bodies = bodies
        self._clock = clock
        self._failpoints = failpoints
        self._incarnation: Incarnation | None = None
        self._turn = 0
        self._taken: list[Posted] = []
        self._unsaved: list[Work] = []
        self._unknown: Fence | None = None
        self._doubted: Fence | None = None
        self._timers: list[tuple[int, int, str, int]] = []
        self._news_at = 0.0

    def begin(self, incarnation: Incarnation) -> None:
        """Work under this incarnation, with nothing in hand."""
        self.flows.clear()
        self._incarnation = incarnation
        self._turn = 0
        self._taken.clear()
        self._unsaved.clear()
        self._unknown = None
        self._doubted = None
        self._timers.clear()

    @property
    def named(self) -> bool:
        """Whether it has an incarnation to write under."""
        return self._incarnation is not None

    @property
    def incarnation(self) -> Incarnation:
        """The incarnation that fences what this engine writes."""
        if self._incarnation is None:
            raise IllegalEvent("the engine has no incarnation yet")
        return self._incarnation

    @property
    def next_fence(self) -> Fence:
        """What the next transaction opens with."""
        return Fence(self._turn + 1, self.incarnation.id, self.incarnation.epoch)

    def turned(self, fence: Fence) -> None:
        """Count a transaction that was committed."""
        self._turn = fence.turn

    def doubt(self, fence: Fence) -> None:
        """Note that the answer to a claim was lost: the marker must tell its turn from that of the next commit."""
        self._doubted = fence

    def settle(self) -> None:
        """Learn whether the claim in doubt was committed; as long as that cannot be known, nothing is written."""
        if self._doubted is None:
            return
        if not self.happened(self._doubted):
            # It may still be under way. Once its turn is used up, it can come no more.
            self._store.commit(self._doubted, Batch())
            self.turned(self._doubted)
        self._doubted = None

    def take(self, flow: Flow, event: Event) -> None:
        """Take a claimed flow in hand; the event is decided on in the next turn."""
        self.flows[flow.offset] = flow
        self._taken.append(Posted(flow.offset, event))

    def start(self, flows: Sequence[Flow]) -> None:
        """Take flows in hand that begin. Their claim has saved that they run: most start with nothing more to save."""
        now = self._clock.now()
        work = Work()
        for flow in flows:
            decision = decide(flow, _STARTED, now)
            if decision.touched:
                self.take(flow, _STARTED)
            else:
                work.begin(flow, _STARTED, decision)
        self._obey(work)

    def turn(self) -> int:
        """Drain, decide, save, obey; return how many flows were let go.

        If saving fails, nothing has changed, and the next turn saves the same work before it takes anything else.
        """
        if not self._unsaved:
            taken, self._taken = self._taken, []
            self._unsaved.append(self._decide(taken + self._news() + self._inbox.drain()))
        let_go = 0
        while self._unsaved:
            work = self._unsaved[0]
            try:
                self._save(work)
            except RowRefused as error:
                self._unsaved[:1] = self._smaller(work, error)
                continue
            self._unsaved.pop(0)
            let_go += self._obey(work)
        return let_go

    def patience(self, longest: float) -> float:
        """Return the seconds until the engine has something to do by itself, at most `longest`."""
        if self._unsaved or self._taken:
            return 0.0
        if self._timers:
            longest = min(longest, (self._timers[0][0] - self._clock.now()) / 1_000_000)
        if self.flows:
            longest = min(longest, self._news_at - self._clock.monotonic())
        return max(longest, 0.0)

    def _decide(self, posted: Iterable[Posted]) -> Work:
        work = Work()
        now = self._clock.now()
        for offset, event, logs, begun in posted:
            flow = self.flows.get(offset)
            if flow is None:
                continue
            mine = work.of(flow)
            if logs:
                mine.logs.extend(logs)
            if begun is not None:
                mine.mark(begun)
            if event is not None:
                self._take_event(mine, event, now)
        while self._timers and self._timers[0][0] <= now:
            _, offset, name, attempt = heappop(self._timers)
            flow = self.flows.get(offset)
            if flow is not None:
                self._take_event(work.of(flow), RetryDue(name, attempt), now)
        return work

    def _take_event(self, work: FlowWork, event: Event, now: int) -> None:
        try:
            work.add(decide(work.flow, event, now))
            if isinstance(event, Started | Recovered):
                work.came = event
        except IllegalEvent as error:
            # An outcome that lost a race, such as a timer of a flow that has failed meanwhile: it changes nothing.
            _logger.debug("event ignored: %s", error)

    def _news(self) -> list[Posted]:
        """Ask the bodies under way, now and then."""
        now = self._clock.monotonic()
        if now < self._news_at or not self.flows:
            return []
        self._news_at = now + NEWS_PERIOD
        return self._bodies.gather()

    def _save(self, work: Work) -> None:
        batch = work.batch(self.incarnation.id, self._clock.now())
        if batch.empty:
            return
        self._failpoints.reach("before_outcome_commit")
        self._commit(batch)
        self._failpoints.reach("after_outcome_commit")

    def _commit(self, batch: Batch) -> None:
        self.settle()
        if self._unknown is not None and self.happened(self._unknown):
            self._unknown = None
            return
        fence = self.next_fence
        try:
            self._store.commit(fence, batch)
        except CommitUnknown:
            self._unknown = fence
            raise
        self._unknown = None
        self.turned(fence)

    def happened(self, fence: Fence) -> bool:
        """Ask the turn marker whether a transaction was committed whose answer was lost; if so, count it."""
        if self._store.read_turn(self.incarnation) != fence.turn:
            return False
        self.turned(fence)
        return True

    def _smaller(self, work: Work, error: RowRefused) -> list[Work]:
        """Split work that the database refuses; a flow that is refused alone is parked, and stops nobody else."""
        if len(work.flows) > 1:
            return list(work.halves())
        (mine,) = work.flows.values()
        if mine.last_resort and mine.attempts:
            # The flow has ended: it goes without the note on its hook.
            bare = Work()
            last = bare.of(mine.before)
            last.last_resort = last.released = True
            return [bare]
        if mine.last_resort:
            # Even what theflow itself says of the flow is refused: it is let go of, and found again after a restart.
            _logger.error("flow given up flow_id=%s offset=%d: %s", mine.flow.flow_id, mine.flow.offset, error)
            self.flows.pop(mine.flow.offset, None)
            return []
        reason = f"the database refused what task bodies of it produced: {error}"
        before = mine.before
        now = self._clock.now()
        safe = Work()
        last = safe.of(before)
        last.last_resort = True
        if not before.status.ended:
            last.add(decide(before, Park(reason), now))
        elif before.hook in before.scheme.hooks:
            # The outcome of an ended flow stands; only what its hook left behind is refused.
            last.add(decide(before, HookEnded(before.hook, Failure.plain("RowRefused", reason), now, now), now))
        _logger.error("row refused flow_id=%s offset=%d: %s", before.flow_id, before.offset, reason)
        return [safe]

    def _obey(self, work: Work) -> int:
        tasks: list[Task] = []
        let_go = 0
        for offset, mine in work.flows.items():
            self.flows[offset] = mine.flow
            for command in mine.commands:
                if type(command) is RunTask:
                    tasks.append(command.task)
                else:
                    self._obey_one(offset, mine.flow, command)
            if mine.released or mine.flow.status is FlowStatus.PARKED:
                del self.flows[offset]
                let_go += 1
        if self.draining:
            # Only what is marked on disk already has to be started.
            tasks = [task for task in tasks if task.scheme.at_most_once]
        if tasks:
            self._bodies.run(tasks)
        self._failpoints.reach("after_obey")
        self.watchers.tell(work.flows.values())
        return let_go

    def _obey_one(self, offset: int, flow: Flow, command: Command) -> None:
        match command:
            case SetTimer(name=name, attempt=attempt, at=at):
                heappush(self._timers, (at, offset, name, attempt))
            case RunHook(name=name):
                self._bodies.run_hook(flow, name)
            case Release():
                # The flow is let go once all its commands are obeyed.
                pass
            case RunTask(task=task):
                self._bodies.run([task])
            case _:
                assert_never(command)
