"""A runtime in miniature: it decides, saves to a disk that is a dict, obeys, and dies where the story says so."""

from __future__ import annotations

from collections import Counter

from tests.property.story import Numbers, Story, pending
from tests.property.watch import Watch
from theflow.model.decide import Decision
from theflow.model.failure import Failure
from theflow.model.flow import Flow
from theflow.model.flow_data import FlowDataObject, TaskDataObject
from theflow.model.message import (
    AttemptEnded,
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
    TaskFailed,
    TaskSucceeded,
)
from theflow.model.plan import TaskState
from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus
from theflow.model.task import Task

TURNS = 100  # a task that fails often, is lost often and is told of too early needs about half of them
BOOM = Failure.plain("ValueError", "the story says so")


class Died(Exception):
    """The process is gone at this point."""


class Disk:
    """What the database knows. It refuses what no database may ever be told."""

    def __init__(self) -> None:
        self.flow = pending()
        self.rows: dict[str, TaskDataObject] = {}
        self.attempts: dict[tuple[str, int], AttemptEnded] = {}

    def save(self, flow: Flow, numbers: set[int], attempts: list[AttemptEnded]) -> None:
        """Commit: all of it, or (if the process died before) nothing."""
        for number in numbers:
            self._save_task(row(flow, number))
        for attempt in attempts:
            assert (attempt.name, attempt.attempt) not in self.attempts, "two records of one attempt"
            self.attempts[attempt.name, attempt.attempt] = attempt
        assert not self.flow.status.ended or self.flow.status is flow.status
        storage = dict(flow.plan.storage)
        self.flow = self.flow._replace(status=flow.status, storage=storage, reason=flow.reason, failure=flow.failure)

    def load(self, numbers: Numbers) -> FlowDataObject:
        """Read the flow; its rows come in any order."""
        rows = sorted(self.rows.values(), key=lambda _: numbers.below(1000))
        return self.flow._replace(tasks=tuple(rows))

    def _save_task(self, task: TaskDataObject) -> None:
        known = self.rows.get(task.name)
        if known is not None:
            assert not known.status.ended or known == task, "an outcome changed"
            assert task.attempt >= known.attempt
        self.rows[task.name] = task


class World:
    """One flow, and the runtimes that hold it one after another until nothing is owed any more."""

    def __init__(self, story: Story, watch: Watch | None = None) -> None:
        self.story = story
        self.tasks = {task.name: task for task in story.tasks}
        self.watch = watch or Watch()
        self.scheme = story.scheme()
        self.disk = Disk()
        self.now = 0
        self.points = 0
        self.turns = 0
        self.starts: Counter[str] = Counter()
        self.released = False
        self._numbers = Numbers(story.seed)
        self._forget()

    def run(self) -> World:
        """Live until the flow is released; a flow that never ends fails here."""
        while not self.released:
            try:
                self._admit()
                while not self.released:
                    self._turn()
            except Died:
                self._forget()
        return self

    @property
    def states(self) -> dict[str, TaskState]:
        """Where each task stands."""
        return dict(zip(self.scheme.orchestration.names, self.flow.plan.states, strict=True))

    def _forget(self) -> None:
        self.bodies: list[Task] = []
        self.timers: list[SetTimer] = []
        self.hooks: list[RunHook] = []

    def _admit(self) -> None:
        data = self.disk.load(self._numbers)
        self.flow = Flow.from_data(data, self.scheme)
        if data.status is FlowStatus.PENDING:
            event: Event = Started()
            if self._numbers.below(2):  # the claim may have said so before the machine did
                self.disk.flow = self.disk.flow._replace(status=FlowStatus.RUNNING)
        else:
            event = Recovered()
        decision = self.watch.decide(self.flow, event, self.now)
        if data.status is not FlowStatus.PENDING:
            assert {told(command) for command in decision.commands} == owed(self.disk, self)
        self._commit([decision])

    def _turn(self) -> None:
        self.turns += 1
        assert self.turns <= TURNS * len(self.tasks), "the flow never ends"
        self._probe()
        decisions = []
        flow = self.flow
        for _ in range(1 + self._numbers.below(3)):
            event = self._next_event(flow)
            if event is not None:
                decisions.append(self.watch.decide(flow, event, self.now))
                flow = decisions[-1].flow
        if decisions:
            self._commit(decisions)

    def _next_event(self, flow: Flow) -> Event | None:
        self.now += self._numbers.below(1000)
        queues = [queue for queue in (self.bodies, self.hooks, self.timers) if queue]
        if not queues:
            return None
        queue = queues[self._numbers.below(len(queues))]
        command = queue.pop(self._numbers.below(len(queue)))
        if isinstance(command, Task):
            return self._outcome(command)
        if isinstance(command, RunHook):
            return HookEnded(command.name, BOOM if self._numbers.below(2) else None, self.now, self.now)
        if self._numbers.below(4):  # else the timer comes early, as after a clock was set back
            self.now = max(self.now, command.at)
        due = RetryDue(command.name, command.attempt)
        if flow.status.ended:  # its task was given up meanwhile
            self.watch.refuse(flow, due, self.now)
            return None
        return due

    def _outcome(self, task: Task) -> Event:
        story = self.tasks[task.name]
        failures = task.flow.plan.states[self.scheme.orchestration.index[task.name]].failures
        if failures < story.fails:
            status = AttemptStatus.TIMED_OUT if self._numbers.below(2) else AttemptStatus.FAILED
            return TaskFailed(task.name, task.attempt, BOOM, story.retryable, self.now, self.now, status)
        changes = None if story.field is None else {story.field: f'"{task.name}"'.encode()}
        return TaskSucceeded(task.name, task.attempt, b"null", changes, self.now, self.now)

    def _commit(self, decisions: list[Decision]) -> None:
        flow = decisions[-1].flow
        numbers = {number for decision in decisions for number in decision.touched}
        running = [n for n, state in enumerate(flow.plan.states) if state.status is TaskStatus.RUNNING]
        marks = {number for number in running if not self._numbers.below(2)}
        attempts = [attempt for decision in decisions for attempt in decision.attempts]
        commands = [command for decision in decisions for command in decision.commands]
        self._pass()
        self.disk.save(flow, numbers | marks, attempts)
        self.released = any(isinstance(command, Release) for command in commands)  # the job goes in the same commit
        self.flow = flow
        self._pass()
        for command in commands:
            self._obey(command)

    def _obey(self, command: Command) -> None:
        match command:
            case RunTask(task):
                known = self.disk.rows.get(task.name)
                assert known is None or not known.status.ended, "a task with an outcome runs again"
                self.starts[task.name] += 1
                if task.scheme.at_most_once:
                    assert self.starts[task.name] == 1
                    assert known is not None
                    assert (known.status, known.attempt) == (TaskStatus.RUNNING, task.attempt)
                self.bodies.append(task)
            case SetTimer():
                self.timers.append(command)
            case RunHook():
                assert self.flow.status.ended
                self.hooks.append(command)
            case Release():
                assert not self.bodies

    def _pass(self) -> None:
        self.points += 1
        if self.points - 1 in self.story.crashes:
            raise Died

    def _probe(self) -> None:
        """Tell the machine what nobody may tell it now."""
        name = self.story.tasks[self._numbers.below(len(self.story.tasks))].name
        state = self.states[name]
        wrong = state.attempt + 1 - 2 * self._numbers.below(2)
        events: list[Event] = [
            Started(),
            TaskSucceeded(name, wrong, b"1", {"shared": b"1"}, 0, 0),
            TaskFailed(name, wrong, BOOM, retryable=True, started_at=0, ended_at=0),
            TaskSucceeded("nobody", 1, b"1", None, 0, 0),
            RetryDue(name, wrong),
            RetryDue("nobody", 1),
            HookEnded("on_failure" if self.flow.status is FlowStatus.SUCCEEDED else "on_success", None, 0, 0),
        ]
        if state.status is not TaskStatus.RUNNING:
            events.append(TaskSucceeded(name, state.attempt, b"1", None, 0, 0))
        if state.status is not TaskStatus.RETRYING:
            events.append(RetryDue(name, state.attempt))
        if self.flow.status.ended:
            events.append(Park("too late"))
        self.watch.refuse(self.flow, events[self._numbers.below(len(events))], self.now)


def row(flow: Flow, number: int) -> TaskDataObject:
    """A task as it goes to the disk."""
    state = flow.plan.states[number]
    return TaskDataObject(
        name=flow.scheme.orchestration.names[number],
        status=state.status,
        attempt=state.attempt,
        failures=state.failures,
        result=state.result,
        retry_at=state.retry_at,
        started_at=state.started_at,
        ended_at=state.ended_at,
    )


def told(command: Command) -> tuple[object, ...]:
    """A command as something that can be compared."""
    match command:
        case RunTask(task):
            return ("run", task.name)
        case SetTimer(name, attempt, at):
            return ("timer", name, attempt, at)
        case RunHook(name):
            return ("hook", name)
        case Release():
            return ("release",)


def owed(disk: Disk, world: World) -> set[tuple[object, ...]]:
    """What a flow on disk is owed, told without asking the machine."""
    rows = disk.rows
    status = disk.flow.status
    done = {name for name, task in rows.items() if task.status is TaskStatus.SUCCEEDED}
    lost = {n for n, task in rows.items() if task.status is TaskStatus.RUNNING and world.tasks[n].at_most_once}
    failed = lost | {name for name, task in rows.items() if task.status is TaskStatus.FAILED}
    if failed or status is FlowStatus.SUCCEEDED:
        hook = "on_failure" if failed else "on_success"
        return {("hook", hook) if hook in world.story.hooks else ("release",)}
    waits = {name: task for name, task in rows.items() if task.status is TaskStatus.RETRYING}
    timers = {("timer", name, task.attempt, task.retry_at) for name, task in waits.items()}
    ready = {
        ("run", name)
        for name, task in world.scheme.tasks.items()
        if name not in done and name not in waits and done.issuperset(task.after)
    }
    return timers | ready
