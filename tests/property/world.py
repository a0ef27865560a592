"""A runtime in miniature: it decides, saves to a disk that is a dict, obeys, and dies where the story says so."""

from __future__ import annotations

from collections import Counter

from tests.property.story import Numbers, Story, pending
from tests.property.watch import Watch
from theflow.database.codec import split_list
from theflow.model.failure import Failure
from theflow.model.flow import Flow
from theflow.model.flow_data import ChildDataObject, FlowDataObject, TaskDataObject
from theflow.model.message import (
    AttemptEnded,
    Cancel,
    Command,
    DeadlinePassed,
    Decision,
    Event,
    GraceOver,
    HookEnded,
    InputBuilt,
    LeaveBodies,
    LeaveTask,
    Park,
    Recovered,
    Release,
    Resume,
    RetryDue,
    RunHook,
    RunTask,
    SetAlarm,
    SetTimer,
    Started,
    StartSubflow,
    StopBodies,
    SubflowEnded,
    TaskFailed,
    TaskSucceeded,
)
from theflow.model.plan import TaskState
from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus
from theflow.model.subflow import waiting
from theflow.model.task import Task
from theflow.model.undo import KNOWN, SUFFIX, UNKNOWN
from theflow.model.view import Request

TURNS = 100  # a task that fails often, is lost often and is told of too early needs about half of them
UNDOING = (FlowStatus.REVERTING, FlowStatus.REVERTED, FlowStatus.REVERT_FAILED)
REQUEST = Request(verb="cancel", asked_by="ann", reason="enough", asked_at=0)
BOOM = Failure.plain("ValueError", "the story says so")


class Died(Exception):
    """The process is gone at this point."""


class Disk:
    """What the database knows. It refuses what no database may ever be told."""

    def __init__(self) -> None:
        self.flow = pending()
        self.rows: dict[str, TaskDataObject] = {}
        self.attempts: dict[tuple[str, int], AttemptEnded] = {}
        self.asked = False
        self.children: dict[tuple[str, int], ChildDataObject] = {}

    def save(self, flow: Flow, numbers: set[int], attempts: list[AttemptEnded]) -> None:
        """Commit: all of it, or (if the process died before) nothing."""
        for number in numbers:
            self._save_task(row(flow, number))
        for attempt in attempts:
            assert (attempt.name, attempt.attempt) not in self.attempts, "two records of one attempt"
            self.attempts[attempt.name, attempt.attempt] = attempt
        assert not self.flow.status.ended or self.flow.status is flow.status or flow.status in UNDOING
        storage = dict(flow.plan.storage)
        self.flow = self.flow._replace(status=flow.status, storage=storage, reason=flow.reason, failure=flow.failure)

    def load(self, numbers: Numbers) -> FlowDataObject:
        """Read the flow; its rows come in any order."""
        rows = sorted(self.rows.values(), key=lambda _: numbers.below(1000))
        data = self.flow._replace(tasks=tuple(rows), children=tuple(self.children.values()))
        return data.asked_to_end([REQUEST]) if self.asked and data.status is FlowStatus.RUNNING else data

    def _save_task(self, task: TaskDataObject) -> None:
        known = self.rows.get(task.name)
        if known is not None:
            again = task.name.endswith(SUFFIX) and known.status is TaskStatus.FAILED
            assert not known.status.ended or known == task or again, "an outcome changed"
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

    def load(self) -> FlowDataObject:
        """What the database knows of the flow."""
        return self.disk.load(self._numbers)

    def check_owed(self, decision: Decision) -> None:
        """Judge what a flow is owed that was found on disk."""
        assert {told(command) for command in decision.commands} == owed(self.disk, self)

    def _forget(self) -> None:
        self.bodies: list[Task] = []
        self.timers: list[SetTimer | SetAlarm] = []
        self.told = False
        self.hooks: list[RunHook] = []

    def _admit(self) -> None:
        data = self.load()
        self.flow = Flow.from_data(data, self.scheme)
        decisions = self.come(data)
        if data.status is not FlowStatus.PENDING and not self.disk.children:
            self.check_owed(decisions[-1])
        self._commit(decisions)

    def come(self, data: FlowDataObject) -> list[Decision]:
        """Take the flow in hand, as it was found."""
        event: Event = Recovered()
        if data.status is FlowStatus.PENDING:
            event = Started()
            if self._numbers.below(2):  # the claim may have said so before the machine did
                self.disk.flow = self.disk.flow._replace(status=FlowStatus.RUNNING)
        return [self.watch.decide(self.flow, event, self.now)]

    def _turn(self) -> None:
        self.turns += 1
        assert self.turns <= TURNS * len(self.tasks), "the flow never ends"
        self._probe()
        decisions = self.hear()
        flow = decisions[-1].flow if decisions else self.flow
        self.disk.asked |= self.turns == self.story.cancelled_at and not flow.status.ended
        if self.disk.asked and flow.status is FlowStatus.RUNNING:
            decisions.append(self.watch.decide(flow, Cancel(REQUEST.line()), self.now))
            flow = decisions[-1].flow
        for _ in range(1 + self._numbers.below(3)):
            event = self._next_event(flow)
            if event is not None:
                decisions.append(self.watch.decide(flow, event, self.now))
                flow = decisions[-1].flow
        if decisions:
            self._commit(decisions)

    def hear(self) -> list[Decision]:
        """Hear what else people ask of the flow."""
        return []

    def _next_event(self, flow: Flow) -> Event | None:
        self.now += self._numbers.below(1000)
        below = self._below(flow)
        queues = [queue for queue in (self.bodies, self.hooks, self.timers, below) if queue]
        if not queues:
            return None
        queue = queues[self._numbers.below(len(queues))]
        command = queue.pop(self._numbers.below(len(queue)))
        if isinstance(command, Task):
            outcome = self._outcome(command)
            if self._hears(flow, command):
                return outcome
            self.watch.refuse(flow, outcome, self.now)  # it was left behind a moment ago
            return None
        if isinstance(command, str):
            return self._end_below(flow, command)
        if isinstance(command, RunHook):
            return HookEnded(command.name, BOOM if self._numbers.below(2) else None, self.now, self.now)
        return self._timer(flow, command)

    def _timer(self, flow: Flow, command: SetTimer | SetAlarm) -> Event | None:
        at = command.at if isinstance(command, SetTimer) else command.event.at
        if self._numbers.below(4):  # else the timer comes early, as after a clock was set back
            self.now = max(self.now, at)
        due = RetryDue(command.name, command.attempt) if isinstance(command, SetTimer) else command.event
        if not (self._stops(flow) if isinstance(due, GraceOver) else self._waits(flow, due.name or "")):
            self.watch.refuse(flow, due, self.now)  # its task was given up meanwhile, or the flow has ended
            return None
        return due

    def _hears(self, flow: Flow, task: Task) -> bool:
        number = flow.scheme.orchestration.index.get(task.name)
        return number is None or flow.plan.states[number].status is TaskStatus.RUNNING

    def _stops(self, flow: Flow) -> bool:
        return bool(flow.plan.running) and flow.status in (FlowStatus.CANCELLING, FlowStatus.REVERTING)

    def _waits(self, flow: Flow, name: str) -> bool:  # noqa: ARG002 - what undoes a task waits at other times
        return flow.status is FlowStatus.RUNNING

    def _outcome(self, task: Task) -> Event:
        story = self.tasks[task.name]
        failures = task.flow.plan.states[self.scheme.orchestration.index[task.name]].failures
        if self.told and self._numbers.below(2):
            return TaskFailed(
                task.name, task.attempt, BOOM, retryable=False, started_at=0, ended_at=0, status=AttemptStatus.CANCELLED
            )
        # Either the body of a sub-flow's task fails, or the sub-flow does.
        if failures < story.fails and not (story.subflow and self._numbers.below(2)):
            status = AttemptStatus.TIMED_OUT if self._numbers.below(2) else AttemptStatus.FAILED
            return TaskFailed(task.name, task.attempt, BOOM, story.retryable, self.now, self.now, status)
        if story.subflow:
            return InputBuilt(task.name, task.attempt, b"{}", "ann", self.now, self.now)
        changes = None if story.field is None else {story.field: f'"{task.name}"'.encode()}
        return TaskSucceeded(task.name, task.attempt, b"null", changes, self.now, self.now)

    def _below(self, flow: Flow) -> list[str]:
        """The tasks whose sub-flows are on disk, and have not been heard of yet."""
        return [name for name, attempt in waiting(flow) if (name, attempt) in self.disk.children]

    def _end_below(self, flow: Flow, name: str) -> Event:
        """Let the sub-flow of a task end; that is on disk before the machine is told, and whether it is or not."""
        state = flow.plan.states[flow.scheme.orchestration.index[name]]
        child = self.disk.children[name, state.attempt]
        if not child.status.ended:
            ends = [FlowStatus.SUCCEEDED]
            if state.failures < self.tasks[name].fails:
                ends = [FlowStatus.FAILED]
            if flow.halted:
                ends.append(FlowStatus.CANCELLED)
            child = child._replace(status=ends[self._numbers.below(len(ends))])
            self.disk.children[name, state.attempt] = child
        return SubflowEnded(name, state.attempt, child.flow_id, child.status, child.storage, child.reason)

    def _commit(self, decisions: list[Decision]) -> None:
        flow = decisions[-1].flow
        numbers = {number for decision in decisions for number in decision.touched}
        marks = {number for number in self._running(flow) if not self._numbers.below(2)}
        attempts = [attempt for decision in decisions for attempt in decision.attempts]
        commands = [command for decision in decisions for command in decision.commands]
        self._pass()
        self.disk.save(flow, numbers | marks, attempts)
        for order in (command for command in commands if isinstance(command, StartSubflow)):
            key = (order.name, order.attempt)
            assert key not in self.disk.children, "an attempt has two sub-flows"
            self.disk.children[key] = ChildDataObject(*key, f"{key}", FlowStatus.RUNNING, b"{}", "")
        self.released = any(isinstance(command, Release) for command in commands)  # the job goes in the same commit
        self.flow = flow
        self._pass()
        for command in commands:
            self._obey(command)

    def _running(self, flow: Flow) -> list[int]:
        return [n for n, state in enumerate(flow.plan.states) if state.status is TaskStatus.RUNNING]

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
            case SetTimer() | SetAlarm():
                self.timers.append(command)
            case LeaveBodies():
                self.bodies.clear()
                self.hooks.clear()
            case LeaveTask(name):
                self.bodies = [task for task in self.bodies if task.name != name]
            case RunHook():
                assert self.flow.status.ended
                self.hooks.append(command)
            case StopBodies():
                self.told = True
            case Release():
                assert not self.bodies
                assert not waiting(self.flow)

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
            InputBuilt(name, wrong, b"{}", "ann", 0, 0),
            SubflowEnded(name, wrong, "below", FlowStatus.SUCCEEDED, b"{}", ""),
            HookEnded("on_failure" if self.flow.status is FlowStatus.SUCCEEDED else "on_success", None, 0, 0),
        ]
        if state.status is not TaskStatus.RUNNING:
            events.append(TaskSucceeded(name, state.attempt, b"1", None, 0, 0))
            events.append(InputBuilt(name, state.attempt, b"{}", "ann", 0, 0))
        if state.status is not TaskStatus.WAITING:
            events.append(SubflowEnded(name, state.attempt, "below", FlowStatus.SUCCEEDED, b"{}", ""))
        if state.status is not TaskStatus.RETRYING:
            events.append(RetryDue(name, state.attempt))
        events.append(Resume())
        events.append(DeadlinePassed(name, self.now))  # it has none
        if self.flow.status.ended:
            events += [Park("too late"), Cancel("too late")]
        if self.flow.status in (FlowStatus.CANCELLING, FlowStatus.REVERTING):
            events.append(Cancel("again"))
        self.watch.refuse(self.flow, events[self._numbers.below(len(events))], self.now)


def row(flow: Flow, number: int) -> TaskDataObject:
    """A task as it goes to the disk, or what undoes it, where the number is inverted."""
    name, given = flow.scheme.orchestration.names[max(number, ~number)], None
    if number < 0:
        state, name = flow.plan.undo_states[~number], name + SUFFIX
        given = split_list(UNKNOWN if ~number in flow.plan.undo.unknown else KNOWN)
    else:
        state = flow.plan.states[number]
    return TaskDataObject(
        name=name,
        given=given,
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
        case SetAlarm(event):
            return ("alarm", event)
        case StopBodies() | LeaveBodies() | LeaveTask():
            return ("bodies",)
        case StartSubflow():
            return ("subflow",)
        case Release():
            return ("release",)


def owed(disk: Disk, world: World) -> set[tuple[object, ...]]:
    """What a flow on disk is owed, told without asking the machine."""
    rows = disk.rows
    status = disk.flow.status
    done = {name for name, task in rows.items() if task.status is TaskStatus.SUCCEEDED}
    lost = {n for n, task in rows.items() if task.status is TaskStatus.RUNNING and world.tasks[n].at_most_once}
    failed = lost | {name for name, task in rows.items() if task.status is TaskStatus.FAILED}
    if status is FlowStatus.CANCELLING or (disk.asked and status is FlowStatus.RUNNING):
        return {("release",)}
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
