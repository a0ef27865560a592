"""Bodies that the scheduler ends as it likes: they return, raise, run out of time, or hang until their process ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.simulation.history import History
from tests.simulation.moments import WallClock
from theflow.model.failure import Failure
from theflow.model.flow import Flow
from theflow.model.message import Event, HookEnded, TaskFailed, TaskSucceeded
from theflow.model.status import AttemptStatus
from theflow.model.task import Task
from theflow.runtime.inbox import Begun, Inbox, Posted

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
    marked: bool = False

    def event(self, ending: str, now: int) -> Event:
        """Say what became of it."""
        if self.hook:
            return HookEnded(self.name, None if ending == "returns" else _BOOM, self.started_at, now)
        if ending == "returns":
            value = b"%d" % self.serial
            return TaskSucceeded(self.name, self.attempt, value, {self.name: value}, self.started_at, now)
        status = AttemptStatus.TIMED_OUT if ending == "times out" else AttemptStatus.FAILED
        retryable = ending != "gives up"
        return TaskFailed(self.name, self.attempt, _BOOM, retryable, self.started_at, now, status)


class Bodies:
    """Stands where the executor stands."""

    def __init__(self, history: History, inbox: Inbox, clock: WallClock, reach: Callable[[str], None]) -> None:
        self.under_way: list[Body] = []
        self._history = history
        self._inbox = inbox
        self._clock = clock
        self._reach = reach

    def run(self, tasks: Sequence[Task]) -> None:
        """Start bodies; the process may die before each."""
        for task in tasks:
            self._reach("body")
            offset = task.flow.data.job.offset
            serial = self._history.body_started(offset, task)
            self.under_way.append(Body(offset, task.name, task.attempt, serial, self._clock.now()))

    def run_hook(self, flow: Flow, name: str) -> None:
        """Start the hook of a flow."""
        self._reach("hook")
        serial = self._history.hook_started(flow)
        self.under_way.append(Body(flow.offset, name, 1, serial, self._clock.now(), hook=True))

    def gather(self) -> list[Posted]:
        """Tell which have begun and go on."""
        ripe = self._clock.now() - _MARK_AFTER
        news = [body for body in self.under_way if not (body.marked or body.hook) and body.started_at <= ripe]
        for body in news:
            body.marked = True
        return [Posted(body.offset, None, (), Begun(body.name, body.attempt, body.started_at)) for body in news]

    def end(self, body: Body, ending: str) -> None:
        """Let a body end; its runtime hears of it in its next turn."""
        self.under_way.remove(body)
        self._inbox.post(Posted(body.offset, body.event(ending, self._clock.now())))

    def interrupt(self) -> None:
        """Hear no more of any."""
        self.under_way.clear()
        self._inbox.drain()
