"""The engine turn: drain, decide, save, obey, a batch at a time, never in another order.

A synchronous object: clock, store, inbox and bodies are given to it, so that a simulation can drive several of them.
The law: the next status is saved before the function for the next status runs.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol, assert_never

from theflow.database.records import Incarnation
from theflow.database.store import RuntimeStore
from theflow.errors import Fenced, IllegalEvent, RowRefused
from theflow.model.decide import decide
from theflow.model.flow import Flow
from theflow.model.message import (
    Ask,
    Command,
    EndSubflows,
    Event,
    LeaveBodies,
    LeaveTask,
    Recovered,
    Release,
    RetryDue,
    Revert,
    RunHook,
    RunTask,
    SetAlarm,
    SetTimer,
    Started,
    StartSubflow,
    StopBodies,
    StopParts,
)
from theflow.model.task import Task
from theflow.runtime.clock import Clock
from theflow.runtime.failpoint import Failpoints
from theflow.runtime.flow_work import FlowWork
from theflow.runtime.hearing import Coming, Hearing
from theflow.runtime.inbox import Inbox, Posted
from theflow.runtime.progress import Watchers
from theflow.runtime.refusal import smaller
from theflow.runtime.timers import Timers
from theflow.runtime.turns import Turns
from theflow.runtime.work import RESTING, Work

# How often bodies under way are asked for news: what they have logged, and that they have begun.
NEWS_PERIOD = 0.1
# With one of these a flow may have been taken in hand.
_COMINGS = frozenset((Started, Recovered, Revert))
_STARTED = Started()
# Nothing is left to do of these once their work is saved: flows are let go with all else, questions were asked before.
_DONE = frozenset((Release, Ask))
_logger = logging.getLogger("theflow.engine")


class Bodies(Protocol):
    """Where the bodies of tasks run."""

    def ask(self, asks: Sequence[Ask]) -> list[Posted]:
        """Ask the program's conditions and lists; return what is answered at once, the rest comes to the inbox."""

    def run(self, tasks: Sequence[Task]) -> None:
        """Start the bodies of these tasks; their outcomes come to the inbox."""

    def run_hook(self, flow: Flow, name: str) -> None:
        """Start the hook of a flow."""

    def cancel(self, offset: int) -> None:
        """Tell the bodies of a flow that it is cancelled; how each ends comes to the inbox."""

    def stop_parts(self, offset: int, names: Collection[str]) -> None:
        """Tell the bodies of some parts that they are needed no more; how each ends comes to the inbox."""

    def leave(self, offset: int) -> None:
        """Hear no more of the bodies of a flow."""

    def leave_task(self, offset: int, name: str) -> None:
        """Hear no more of the body of one task of a flow."""

    def gather(self) -> list[Posted]:
        """Return what is new of the bodies under way."""

    @property
    def writes(self) -> bool:
        """Whether a body has the only right to write: then nothing else can be written."""

    def lend(self) -> bool:
        """Lend the only right to write to a body that waits for it; False if there is none, or no need for that."""


class Engine:
    """Owns every flow that its runtime holds."""

    def __init__(self, store: RuntimeStore, inbox: Inbox, bodies: Bodies, clock: Clock, failpoints: Failpoints) -> None:
        self.flows: dict[int, Flow] = {}
        self.draining = False
        self.watchers = Watchers()
        self.turns = Turns(store)
        self.hearing = Hearing()
        self._inbox = inbox
        self._bodies = bodies
        self._clock = clock
        self._failpoints = failpoints
        self._taken: list[Posted] = []
        self._carried: deque[Posted] = deque()
        self._unsaved: list[Work] = []
        self._timers = Timers()
        self._news_at = 0.0

    def begin(self, incarnation: Incarnation) -> None:
        """Work under this incarnation, with nothing in hand."""
        self.flows.clear()
        self.turns.begin(incarnation)
        self._taken.clear()
        self._carried.clear()
        self._unsaved.clear()
        self._timers.clear()
        self.hearing.forget()

    @property
    def incarnation(self) -> Incarnation:
        """The incarnation that fences what this engine writes."""
        return self.turns.incarnation

    def take(self, flow: Flow, event: Event) -> None:
        """Take a claimed flow in hand; the event is decided on in the next turn."""
        self.flows[flow.offset] = flow
        self._taken.append(Posted(flow.offset, event))

    def hear(self, offset: int, event: Event) -> None:
        """Hear what has become of another flow that concerns one in hand."""
        self._taken.append(Posted(offset, event))

    def receive(self, flow: Flow, coming: Coming) -> None:
        """Take a claimed flow in hand of which something was asked before."""
        self.flows[flow.offset] = flow
        self.hearing.come(coming)

    def start(self, flows: Sequence[Flow]) -> None:
        """Take flows in hand that begin. Their claim has saved that they run: most start with nothing more to save."""
        now = self._clock.now()
        tasks: list[Task] = []
        shown = Work()
        watched = self.watchers.hear_of_starts
        for flow in flows:
            if flow.data.tasks or flow.scheme.deadlines or not flow.scheme.orchestration.starts_at_once:
                self.take(flow, _STARTED)
                continue
            decision = decide(flow, _STARTED, now)
            self.flows[flow.data.job.offset] = decision.flow
            tasks.extend([command.task for command in decision.commands if type(command) is RunTask])
            if watched:
                shown.begin(flow, _STARTED, decision)
        self._run(tasks)
        self.watchers.tell(shown.flows.values())

    def turn(self) -> int:
        """Drain, decide, save, obey; return how many flows were let go.

        If saving fails, nothing has changed, and the next turn saves the same work before it takes anything else.
        """
        let_go = 0
        if not self._unsaved:
            self._collect()
            while self._carried:
                let_go += self._save_within(self._carried[0])
                self._carried.popleft()
            if self._bodies.writes:
                # Nothing else can be written now; what has come waits in memory.
                return let_go
            taken, self._taken = self._taken, []
            self._unsaved.append(self._decide(taken))
        return let_go + self._save_all()

    def gave_way(self, seconds: float) -> bool:
        """Wait a while for the body that has the only right to write, and save its outcome; False if none has it."""
        if not self._bodies.writes:
            return False
        self.turn()
        if self._bodies.writes:
            self._inbox.wait(seconds)
        return True

    def lend(self) -> bool:
        """Let a body have the only right to write, if one waits for it and nothing waits to be written."""
        return not (self._unsaved or self._taken or self._carried or self.hearing.waiting) and self._bodies.lend()

    def patience(self, longest: float) -> float:
        """Return the seconds until the engine has something to do by itself, at most `longest`."""
        if (self._unsaved or self._taken or self.hearing.waiting) and not self._bodies.writes:
            return 0.0
        longest = self._timers.patience(longest, self._clock)
        if self.flows:
            longest = min(longest, self._news_at - self._clock.monotonic())
        return max(longest, 0.0)

    def _decide(self, posted: Iterable[Posted]) -> Work:
        work = Work()
        now = self._clock.now()
        if self.hearing.waiting:
            self.hearing.decide(work, self.flows, now)
        self._take_posted(work, posted, now)
        for offset, event in self._timers.due(now):
            if (flow := self.flows.get(offset)) is not None:
                self._take_event(work.of(flow), event, now)
        self._find_out(work, now)
        return work

    def _find_out(self, work: Work, now: int) -> None:
        """Ask what is to be found out before this work is complete, and decide on what is answered at once."""
        while asks := work.taken_questions():
            for answer in self._bodies.ask(asks):
                if answer.event is not None:
                    self._take_event(work.flows[answer.offset], answer.event, now)

    def _take_posted(self, work: Work, posted: Iterable[Posted], now: int) -> None:
        for offset, event, logs, begun, _, progress in posted:
            flow = self.flows.get(offset)
            if flow is None:
                continue
            mine = work.of(flow)
            if logs:
                mine.logs.extend(logs)
            if begun is not None:
                mine.mark(begun)
            if progress is not None:
                mine.say(progress)
            # What else is told of a flow that has just come is of bodies that an earlier hold of it has left behind.
            if event is not None and mine.came is None:
                self._take_event(mine, event, now)

    def _take_event(self, work: FlowWork, event: Event, now: int) -> None:
        try:
            work.add(decide(work.flow, event, now))
            if type(event) in _COMINGS:
                work.note_coming(event)
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

    def _collect(self) -> None:
        """Take all that has come; outcomes with a transaction of their own go apart."""
        for posted in (*self._news(), *self._inbox.drain()):
            (self._taken if posted.carrier is None else self._carried).append(posted)

    def _save_all(self) -> int:
        """Save what is decided, and obey; return how many flows were let go."""
        let_go = 0
        while self._unsaved:
            work = self._unsaved[0]
            try:
                self._save(work)
            except RowRefused as error:
                self._unsaved[:1] = rest = smaller(work, error, self._clock.now())
                if not rest:
                    # Not even what theflow itself says of the flow is taken: it is found again after a restart.
                    for offset in work.flows:
                        self.flows.pop(offset, None)
                continue
            self._unsaved.pop(0)
            let_go += self._obey(work)
        return let_go

    def _save(self, work: Work) -> None:
        batch = work.batch(self.incarnation.id, self._clock.now())
        if batch.empty:
            return
        self._failpoints.reach("before_outcome_commit")
        self.turns.commit(batch)
        self._failpoints.reach("after_outcome_commit")

    def _save_within(self, posted: Posted) -> int:
        """Save the outcome of a transactional body in a turn of its own, together with what the body has written."""
        carrier = posted.carrier
        if carrier is None or not carrier.waiting:
            return 0
        work, now = Work(), self._clock.now()
        self._take_posted(work, (posted,), now)
        if not work.succeeded(posted):
            # It is none any more, or a failure: then it is saved like all others, and the rows are given up.
            carrier.dropped()
            self._find_out(work, now)
            self._unsaved.append(work)
            return self._save_all()
        self._failpoints.reach("before_transaction_commit")
        try:
            refusal = self.turns.commit_within(carrier.transaction, work.batch(self.incarnation.id, self._clock.now()))
        except Fenced:
            carrier.dropped()
            raise
        self._failpoints.reach("after_transaction_commit")
        if refusal is not None:
            self._taken.append(posted._replace(event=None, carrier=None))
            carrier.refused(refusal)
            return 0
        carrier.saved()
        let_go = self._obey(work)
        if asks := work.taken_questions():
            # Not before: rows that are given up take back what leads to a question.
            self._taken.extend(self._bodies.ask(asks))
        return let_go

    def _obey(self, work: Work) -> int:
        tasks: list[Task] = []
        let_go = 0
        for offset, mine in work.flows.items():
            self.flows[offset] = mine.flow
            for command in mine.commands:
                if type(command) is RunTask:
                    tasks.append(command.task)
                elif type(command) not in _DONE:
                    _tell(self._bodies, self._timers, mine.flow, command)
            if mine.released or mine.flow.status in RESTING or mine.rests:
                del self.flows[offset]
                let_go += 1
        self._timers.forget_others(self.flows)
        if work.concerns_kin:
            self._inbox.ring()
        self._run(tasks)
        self.watchers.tell(work.flows.values())
        return let_go

    def _run(self, tasks: list[Task]) -> None:
        if self.draining:
            # Only what is marked on disk already has to be started.
            tasks = [task for task in tasks if task.scheme.at_most_once]
        if tasks:
            self._bodies.run(tasks)
        self._failpoints.reach("after_obey")


def _tell(bodies: Bodies, timers: Timers, flow: Flow, command: Command) -> None:
    """Obey a command that is for the bodies of a flow, or for a later time."""
    offset = flow.offset
    match command:
        case SetTimer(name=name, attempt=attempt, at=at):
            timers.set(at, offset, RetryDue(name, attempt))
        case SetAlarm(event=event):
            timers.set(event.at, offset, event)
        case RunHook(name=name):
            bodies.run_hook(flow, name)
        case StopBodies():
            bodies.cancel(offset)
        case StopParts(names=names):
            bodies.stop_parts(offset, names)
        case LeaveBodies():
            bodies.leave(offset)
        case LeaveTask(name=name):
            bodies.leave_task(offset, name)
        case Release() | RunTask() | Ask() | StartSubflow() | EndSubflows():
            # A flow is let go once all is obeyed, tasks start at once; the rest is done already.
            pass
        case _:
            assert_never(command)
