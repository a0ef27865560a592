"""A flow that people lay hands on while it runs, rests, or is over: whatever they ask, at any moment."""

from __future__ import annotations

from tests.property.story import Numbers, Story, TaskStory, pending
from tests.property.watch import Watch, whole
from tests.property.world import BOOM, row
from theflow.errors import IllegalEvent
from theflow.model.flow import Flow
from theflow.model.message import (
    Cancel,
    Dismiss,
    EditStorage,
    Event,
    HookEnded,
    MarkDone,
    MarkFailed,
    Park,
    Pause,
    Recovered,
    Resume,
    Retry,
    RetryDue,
    RetryFrom,
    RunNow,
    Skip,
    Started,
    TaskFailed,
    TaskSucceeded,
)
from theflow.model.operator import marked_failed
from theflow.model.plan import TaskState
from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus

STEPS = 40


class Hands:
    """One made-up flow of a few tasks, and a walk of events and verbs through it."""

    def __init__(self, seed: int, watch: Watch | None = None) -> None:
        self.watch = watch or Watch()
        self.numbers = Numbers(seed)
        below = self.numbers.below
        names = ["a", "b", "c", "d"][: 1 + below(4)]
        tasks = tuple(
            TaskStory(
                name=name,
                after=tuple(before for before in names[:number] if below(2)),
                attempts=1 + below(2),
                at_most_once=not below(9),
            )
            for number, name in enumerate(names)
        )
        tasks = tuple(
            TaskStory(name=t.name, after=t.after, attempts=t.attempts) if t.attempts > 1 else t for t in tasks
        )
        self.names = names
        self.scheme = Story(tasks=tasks).scheme()
        self.flow = Flow.from_data(pending(), self.scheme)
        self.now = 0

    def run(self) -> Hands:
        """Walk, and check after each step that the flow is the same once it was saved and loaded again."""
        self.flow = self.watch.decide(self.flow, Started(), self.now).flow
        for _ in range(STEPS):
            self.now += 1 + self.numbers.below(10_000_000)
            event = self._event() if self.numbers.below(2) else self._verb()
            self._tell(event)
            same_when_loaded(self.flow)
        return self

    def _tell(self, event: Event) -> None:
        before = whole(self.flow)
        was = self.flow.status
        try:
            self.flow = self.watch.decide(self.flow, event, self.now).flow
        except IllegalEvent:
            assert whole(self.flow) == before
        if was is FlowStatus.PARKED and self.flow.status is FlowStatus.RUNNING:
            self.flow = self.watch.decide(self.flow, Recovered(), self.now).flow

    def _event(self) -> Event:
        """What may happen by itself: mostly that bodies end."""
        below = self.numbers.below
        name, state = self._some_task()
        if state.status is TaskStatus.RETRYING:
            return RetryDue(name, state.attempt)
        if self.flow.status in (FlowStatus.CANCELLING, FlowStatus.PAUSING) and not below(6):
            return (Recovered(), Park("refused"))[below(2)]
        if below(12) == 0:
            return (Recovered(), Cancel("by ann"), Park("no"), HookEnded("on_failure", None, 0, 0))[below(4)]
        if below(3):
            changes = {f"f{below(3)}": b"1"}
            return TaskSucceeded(name, state.attempt, b"1", changes, self.now, self.now)
        status = AttemptStatus.CANCELLED if self.flow.status == "cancelling" else AttemptStatus.FAILED
        return TaskFailed(name, state.attempt, BOOM, bool(below(3)), self.now, self.now, status)

    def _verb(self) -> Event:
        below = self.numbers.below
        name, _ = self._some_task()
        verbs: tuple[Event, ...] = (
            Pause("paused by ann"),
            Resume(),
            Resume(),
            Retry(()),
            Retry((name,)),
            RetryFrom(name),
            Skip(name, b"2"),
            MarkDone(name, b"3"),
            MarkFailed(name, marked_failed("so says ann")),
            EditStorage({f"f{below(3)}": b"4"}),
            RunNow(""),
            RunNow(name),
            Dismiss(),
        )
        return verbs[below(len(verbs))]

    def _some_task(self) -> tuple[str, TaskState]:
        number = self.numbers.below(len(self.names))
        return self.names[number], self.flow.plan.states[number]


def same_when_loaded(flow: Flow) -> None:
    """What is saved of a flow is all that it needs."""
    count = len(flow.plan.states)
    rows = tuple(row(flow, number) for number in range(count) if flow.plan.states[number] != TaskState(holds=9))
    saved = [each for each in rows if each.attempt or each.status is not TaskStatus.PENDING]
    data = pending(status=flow.status, tasks=tuple(saved))._replace(storage=dict(flow.plan.storage))
    loaded = Flow.from_data(data, flow.scheme).plan
    same = [state._replace(base=0) for state in flow.plan.states]
    assert [state._replace(base=0) for state in loaded.states] == same
    assert (loaded.open, loaded.running, sorted(loaded.failed)) == (
        flow.plan.open,
        flow.plan.running,
        sorted(flow.plan.failed),
    )
