"""Bodies that the scheduler ends as it likes: they return, raise, run out of time, or hang until their process ends."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from tests.simulation.history import History
from tests.simulation.line import Line
from tests.simulation.moments import WallClock
from tests.simulation.purse import Messenger, Purse
from theflow.database.records import Incarnation
from theflow.errors import StoreUnavailable
from theflow.model.failure import Failure
from theflow.model.flow import Flow
from theflow.model.message import Ask, Event, HookEnded, TaskFailed, TaskSucceeded
from theflow.model.status import AttemptStatus
from theflow.model.task import Task
from theflow.runtime.inbox import Begun, Inbox, Posted
from theflow.runtime.judge import answer_to

_BOOM = Failure.plain("Boom", "it raised")
# As the executor does: a body that goes on for so many microseconds is worth a mark on disk.
_MARK_AFTER = 50_000


@dataclass(slots=True)
class Body:
    """One body under way; each has a serial number of its own, which it returns."""

    offset: int
    name: str
    attempt: int
    serial: int
    started_at: int
    hook: bool = False
    writes: bool = False
    marked: bool = False
    told: bool = False

    def event(self, ending: str, now: int) -> Event:
        """Say what became of it."""
        if self.hook:
            return HookEnded(self.name, None if ending == "returns" else _BOOM, self.started_at, now)
        if ending == "returns":
            value = b"%d" % self.serial
            return TaskSucceeded(self.name, self.attempt, value, {self.name: value}, self.started_at, now)
        if ending == "is cancelled":
            return TaskFailed(
                self.name,
                self.attempt,
                _BOOM,
                retryable=False,
                started_at=0,
                ended_at=now,
                status=AttemptStatus.CANCELLED,
            )
        status = AttemptStatus.TIMED_OUT if ending == "times out" else AttemptStatus.FAILED
        retryable = ending != "gives up"
        return TaskFailed(self.name, self.attempt, _BOOM, retryable, self.started_at, now, status)


class Bodies:
    """Stands where the executor stands."""

    def __init__(self, history: History, inbox: Inbox, clock: WallClock, line: Line) -> None:
        self.under_way: list[Body] = []
        self._carried: list[Messenger] = []
        self._line = line
        self.incarnation: Callable[[], Incarnation] | None = None
        self._history = history
        self._inbox = inbox
        self._clock = clock
        self._reach = line.reach

    def run(self, tasks: Sequence[Task]) -> None:
        """Start bodies; the process may die before each."""
        for task in tasks:
            self._reach("body")
            offset = task.flow.data.job.offset
            serial = self._history.body_started(offset, task, self.incarnation().id if self.incarnation else 0)
            body = Body(offset, task.name, task.attempt, serial, self._clock.now(), writes=task.scheme.transactional)
            self.under_way.append(body)

    def run_hook(self, flow: Flow, name: str) -> None:
        """Start the hook of a flow."""
        self._reach("hook")
        serial = self._history.hook_started(flow)
        self.under_way.append(Body(flow.offset, name, 1, serial, self._clock.now(), hook=True))

    def ask(self, asks: Sequence[Ask]) -> list[Posted]:
        """Answer at once."""
        return [Posted(ask.task.flow.offset, answer_to(ask.task)) for ask in asks]

    def stop_parts(self, offset: int, names: Collection[str]) -> None:
        """Tell bodies that they are needed no more, as those of a cancelled flow are told."""
        for body in self.under_way:
            if body.offset == offset and body.name in names:
                body.told = True

    def cancel(self, offset: int) -> None:
        """Tell the bodies of a flow; each may still end as it likes."""
        for body in self.under_way:
            if body.offset == offset:
                body.told = True

    def give_up(self, offset: int, name: str, attempt: int) -> None:
        """Hear no more of the body of one attempt."""
        gone = (offset, name, attempt)
        self.under_way = [body for body in self.under_way if (body.offset, body.name, body.attempt) != gone]

    def leave(self, offset: int) -> None:
        """Hear no more of the bodies of a flow."""
        self.under_way = [body for body in self.under_way if body.offset != offset]

    def leave_task(self, offset: int, name: str) -> None:
        """Hear no more of the body of one task."""
        self.under_way = [body for body in self.under_way if (body.offset, body.name) != (offset, name)]

    def gather(self) -> list[Posted]:
        """Tell which have begun and go on."""
        ripe = self._clock.now() - _MARK_AFTER
        news = [body for body in self.under_way if not (body.marked or body.hook) and body.started_at <= ripe]
        for body in news:
            body.marked = True
        return [Posted(body.offset, None, (), Begun(body.name, body.attempt, body.started_at)) for body in news]

    @property
    def writes(self) -> bool:
        """Whether one has the only right to write: here each has its own."""
        return False

    def lend(self) -> bool:
        """Nobody waits for it."""
        return False

    def end(self, body: Body, ending: str) -> None:
        """Let a body end; its runtime hears of it in its next turn."""
        self.under_way.remove(body)
        event = body.event(ending, self._clock.now())
        if body.writes and ending == "returns":
            self._carry(body, event)
        else:
            self._inbox.post(Posted(body.offset, event))

    def interrupt(self) -> None:
        """Hear no more of any."""
        self.under_way.clear()
        self._inbox.drain()
        while self._carried:
            self._carried[-1].dropped()

    def _carry(self, body: Body, event: Event) -> None:
        """Let the engine commit what a body has written, and what came of it, in one transaction."""

        def again(error: Exception) -> None:
            if isinstance(error, StoreUnavailable):
                # It runs once more, whole, under the same attempt.
                self.under_way.append(body)
            else:
                self._inbox.post(Posted(body.offset, body.event("raises", self._clock.now())))

        purse = Purse((body.offset, body.name, body.serial), self._line.commit_with)
        messenger = Messenger(purse, lambda: self._carried.remove(messenger), again)
        self._carried.append(messenger)
        self._inbox.post(Posted(body.offset, event, carrier=messenger))
