"""Flows with conditions, joins, maps and rounds that Hypothesis makes up, lived through with crashes; and an oracle."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from hypothesis import strategies as st

from tests.property.story import Numbers, body, pending
from tests.property.world import row
from theflow.database.rows import task_data
from theflow.errors import IllegalEvent
from theflow.model.decide import decide
from theflow.model.failure import Failure
from theflow.model.flow import Flow
from theflow.model.flow_data import ChildDataObject, FlowDataObject, TaskDataObject
from theflow.model.joining import Stand, judge
from theflow.model.mapping import Map
from theflow.model.message import (
    Answer,
    Ask,
    Command,
    EndSubflows,
    InputBuilt,
    QuestionFailed,
    Recovered,
    Release,
    RetryDue,
    RoundJudged,
    RunTask,
    SetTimer,
    Started,
    StartSubflow,
    StopParts,
    SubflowEnded,
    TaskChosen,
    TaskFailed,
    TaskSkipped,
    TaskSucceeded,
)
from theflow.model.part import split_part
from theflow.model.repetition import Repeat
from theflow.model.retry import Retry
from theflow.model.scheme import FlowScheme
from theflow.model.status import FlowStatus, TaskStatus
from theflow.model.subflow import rests, waiting
from theflow.model.task import Task
from theflow.runtime.flow_work import FlowWork
from theflow.runtime.part_rows import part_row

BOOM = Failure.plain("ValueError", "the story says so")
MOST = 5_000
ROUNDS = 3


@dataclass(frozen=True, kw_only=True)
class Node:
    """One task: what its condition answers (None: it has none; "raises"), its rules, and which of its parts fail."""

    name: str
    after: tuple[str, ...] = ()
    join: str | int = "all"
    if_skipped: str = "skip"
    answer: bool | str | None = None
    children: int | None = None
    rounds: int | None = None
    map_join: str | int = "all"
    most: int | None = None
    fails: frozenset[int] = frozenset()
    retries: bool = False
    below: bool = False

    @property
    def end(self) -> TaskStatus:
        """How it ends, if it starts."""
        if self.answer == "raises":
            return TaskStatus.FAILED
        if self.answer is False:
            return TaskStatus.SKIPPED
        if self.rounds is not None:
            fails = self.rounds > ROUNDS or any(n in self.fails for n in range(self.rounds))
            return TaskStatus.FAILED if fails else TaskStatus.SUCCEEDED
        if self.children is None:
            return TaskStatus.FAILED if 0 in self.fails else TaskStatus.SUCCEEDED
        failed = sum(n in self.fails for n in range(self.children))
        need = Map("x", join=self.map_join).needed(self.children)
        return TaskStatus.SUCCEEDED if not self.children or self.children - failed >= need else TaskStatus.FAILED


@st.composite
def nodes(draw, number: int, names: list[str]):
    """Make up a task."""
    after = tuple(draw(st.lists(st.sampled_from(names[:number]), max_size=3, unique=True))) if number else ()
    kind = draw(st.sampled_from(["plain", "plain", "map", "repeat"]))
    joins = ["all", "all", "any", "all_done", *range(1, len(after) + 1)]
    return Node(
        name=names[number],
        after=after,
        join=draw(st.sampled_from(joins)),
        if_skipped=draw(st.sampled_from(["skip", "run"])),
        answer=draw(st.sampled_from([None, None, True, True, False, "raises"])) if draw(st.booleans()) else None,
        children=draw(st.integers(0, 5)) if kind == "map" else None,
        rounds=draw(st.integers(1, 4)) if kind == "repeat" else None,
        map_join=draw(st.sampled_from(["all", "any", "settle", 2])),
        most=draw(st.sampled_from([None, 1, 2])),
        fails=draw(st.frozensets(st.integers(0, 9), max_size=2)),
        retries=draw(st.booleans()),
        below=draw(st.integers(0, 2)) == 2,
    )


@st.composite
def plots(draw, most: int = 8):
    """Make up a flow, the order of its events, and the points at which its process dies."""
    names = [f"t{number}" for number in range(draw(st.integers(1, most)))]
    tasks = [draw(nodes(number, names)) for number in range(len(names))]
    crashes = draw(st.frozensets(st.integers(0, 60), max_size=5))
    return Plot(tuple(tasks), draw(st.integers(0, 2**32)), crashes)


@dataclass(frozen=True)
class Plot:
    """Tasks, a seed for the order of events, and after which commits the process dies."""

    tasks: tuple[Node, ...]
    seed: int = 0
    crashes: frozenset[int] = frozenset()

    def scheme(self) -> FlowScheme:
        """Define the flow; what its functions would say is told by the plot."""
        scheme = FlowScheme("plot")
        for node in self.tasks:
            add = partial(scheme.subflow, "other", input=body) if node.below else partial(scheme.add, body)
            add(
                name=node.name,
                after=node.after,
                join=node.join,
                if_skipped=node.if_skipped,
                when=None if node.answer is None else lambda: True,
                map=None if node.children is None else Map("x", max_parallel=node.most, join=node.map_join),
                repeat=None if node.rounds is None else Repeat(until=lambda: True, max=ROUNDS),
                retry=Retry(attempts=2) if node.retries else None,
            )
        return scheme

    def ends(self) -> dict[str, TaskStatus | None]:
        """How each task ends in a flow that is not lost, told from the rules alone; None for one that never can."""
        ends: dict[str, TaskStatus | None] = {}
        for node in self.tasks:
            stand = Stand.of(ends[name] or TaskStatus.PENDING for name in node.after)
            verdict = judge(node, stand._replace(open=0))
            ends[node.name] = None if verdict.broken else TaskStatus.SKIPPED if verdict.skipped else node.end
        return ends

    def lost(self) -> bool:
        """Whether the flow fails: a task failed that is the last, or after which one can never start."""
        ends = self.ends()
        followers = {name for node in self.tasks for name in node.after}
        return None in ends.values() or any(
            end is TaskStatus.FAILED and name not in followers for name, end in ends.items()
        )


class Child(NamedTuple):
    """The sub-flow of an attempt at a task, or at a part of one."""

    name: str
    attempt: int


class Below:
    """The sub-flows on the disk, who end as their parts are to, or earlier if they are told to."""

    def __init__(self, numbers: Numbers) -> None:
        self.children: dict[tuple[str, int], ChildDataObject] = {}
        self._told: set[str] = set()
        self._numbers = numbers

    def save(self, commands: list[Command]) -> None:
        """Begin sub-flows, each once, and tell those that are needed no more."""
        for command in commands:
            if isinstance(command, StartSubflow):
                key = (command.name, command.attempt)
                assert key not in self.children, "an attempt has two sub-flows"
                self.children[key] = ChildDataObject(*key, "/".join(map(str, key)), FlowStatus.RUNNING, b"null", "")
            elif isinstance(command, EndSubflows):
                self._told.update(command.names)

    def has_ended(self, key: tuple[str, int]) -> bool:
        """Whether the sub-flow of an attempt has ended."""
        return self.children[key].status.ended

    def end_some(self, flow: Flow, nodes: dict[str, Node]) -> None:
        """Let one or more end while nobody holds their parent."""
        for number, key in enumerate(waiting(flow)):
            if not number or self._numbers.below(2):
                self.end(flow, Child(*key), nodes)

    def check(self, rows: dict[str, TaskDataObject]) -> None:
        """Who ended because nobody needed him any more has failed nothing."""
        ended = [child for child in self.children.values() if child.status is FlowStatus.CANCELLED]
        assert all(rows[child.task].status is TaskStatus.CANCELLED for child in ended)

    def end(self, flow: Flow, child: Child, nodes: dict[str, Node]) -> SubflowEnded:
        """Let one end, on the disk too."""
        task, number = split_part(child.name) or (child.name, 0)
        end = FlowStatus.FAILED if number in nodes[task].fails else FlowStatus.SUCCEEDED
        if (flow.lost or child.name in self._told) and self._numbers.below(2):
            end = FlowStatus.CANCELLED
        ended = self.children[child]._replace(status=end, storage=b"%d" % number)
        self.children[child] = ended
        return SubflowEnded(child.name, child.attempt, ended.flow_id, end, ended.storage, ended.reason)


def _runs(thing: Task | SetTimer | Child, name: str) -> bool:
    """Whether it is something of that task that is under way."""
    if isinstance(thing, Child):
        return (split_part(thing.name) or (thing.name,))[0] == name
    return isinstance(thing, Task) and thing.scheme.name == name


class Stage:
    """A runtime in miniature for such a flow. Its disk is a dict of rows."""

    def __init__(self, plot: Plot) -> None:
        self.plot = plot
        self.nodes = {node.name: node for node in plot.tasks}
        self.scheme = plot.scheme()
        self.rows: dict[str, TaskDataObject] = {}
        self.data: FlowDataObject = pending()
        self.now = 0
        self.asked: list[str] = []
        self._answered: set[str] = set()
        self.most_at_once: dict[str, int] = {}
        self.flow = Flow.from_data(self.data, self.scheme)
        self._numbers = Numbers(plot.seed)
        self._commits = 0
        self._below = Below(self._numbers)
        self._things: list[Task | SetTimer | Child] = []
        self._released = False

    def run(self, machine=decide) -> Flow:
        """Live until the flow is let go."""
        self._decide = machine
        self._tell([Started()])
        for _ in range(MOST):
            if self._released:
                self._below.check(self.rows)
                return self.flow
            assert self._things, f"nothing is owed, and the flow is {self.flow.status}: {self.flow.plan}"
            if self.at_rest():
                self._below.end_some(self.flow, self.nodes)
                self._come_back()
                continue
            thing = self._things.pop(self._numbers.below(len(self._things)))
            self._tell([self._event(thing)])
        raise AssertionError("the flow never ends")

    def at_rest(self) -> bool:
        """Whether the flow is in nobody's hands: nothing of it is under way or waits, but for its sub-flows."""
        resting = rests(self.flow)
        assert not resting or all(isinstance(thing, Child) or self._is_late(thing) for thing in self._things)
        return resting

    def _is_late(self, thing: Task | SetTimer) -> bool:
        if not isinstance(thing, SetTimer):
            return False
        return self.flow.lost or self._given_up(self.flow, RetryDue(thing.name, thing.attempt))

    def _event(self, thing: Task | SetTimer | Child):
        if isinstance(thing, Child):
            return self._below.end(self.flow, thing, self.nodes)
        if isinstance(thing, SetTimer):
            self.now = max(self.now, thing.at)
            return RetryDue(thing.name, thing.attempt)
        node = self.nodes[thing.scheme.name]
        number = thing.part or 0
        if number in node.fails and not (node.below and self._numbers.below(2)):
            return TaskFailed(thing.name, thing.attempt, BOOM, node.retries, self.now, self.now)
        if node.below:
            return InputBuilt(thing.name, thing.attempt, b"{}", "ann", self.now, self.now)
        return TaskSucceeded(thing.name, thing.attempt, b"%d" % number, None, self.now, self.now)

    def _tell(self, events) -> None:
        """One turn: decide, ask, decide on the answers, save, and die or obey."""
        work = FlowWork(self.flow)
        while events:
            event = events.pop(0)
            if work.flow.status.ended and isinstance(event, TaskChosen | TaskSkipped | QuestionFailed | RoundJudged):
                continue  # a flow that has failed meanwhile hears no answers
            if isinstance(event, RetryDue) and self._given_up(work.flow, event):
                continue
            work.add(self._decide(work.flow, event, self.now))
            asked, work.asked = work.asked, []
            events.extend(self._answer(ask) for ask in asked)
        self._save(work)
        self._commits += 1
        if self._commits in self.plot.crashes:
            self._come_back()
            return
        for command in work.commands:
            self._obey(command)
        self._count()

    def _given_up(self, flow: Flow, event: RetryDue) -> bool:
        """Whether what waited for a retry is needed no more, which the machine refuses."""
        try:
            decide(flow, event, self.now)
        except IllegalEvent:
            return True
        return False

    def _answer(self, ask: Ask) -> Answer:
        task, node = ask.task, self.nodes[ask.task.scheme.name]
        self.asked.append(task.name)
        assert task.name not in self._answered, f"{task.name} is asked again, and its answer is on disk"
        if task.part is not None:
            return RoundJudged(task.name, again=task.part + 1 < node.rounds)
        if node.answer == "raises":
            return QuestionFailed(task.name, BOOM)
        if node.answer is False:
            return TaskSkipped(task.name)
        items = None if node.children is None else tuple(b"%d" % n for n in range(node.children))
        return TaskChosen(task.name, items)

    def _save(self, work: FlowWork) -> None:
        flow = work.flow
        for number in set(work.touched):
            self._put(row(flow, number)._replace(let=work.let.get(number, ())))
        for key in work.parts:
            offset, name, _, *rest, given = part_row(flow, 1, key, 1, {})
            self._put(task_data((offset, name, *rest, None, given, False, None)))
        self._answered.update(self.asked)
        self._below.save(work.commands)
        self.flow = flow
        self.data = self.data._replace(status=flow.status, reason=flow.reason, failure=flow.failure)
        self._released = work.released

    def _put(self, task: TaskDataObject) -> None:
        known = self.rows.get(task.name)
        assert known is None or not known.status.ended or known.status is task.status, "an outcome changed"
        given = known.given if known is not None and task.given is None else task.given
        self.rows[task.name] = task._replace(given=given)

    def _come_back(self) -> None:
        self._things.clear()
        if self._released:
            return
        children = tuple(self._below.children.values())
        data = self.data._replace(tasks=tuple(self.rows.values()), children=children)
        self.flow = Flow.from_data(data, self.scheme)
        self._things.extend(Child(*below) for below in waiting(self.flow) if not self._below.has_ended(below))
        self._tell([Recovered()])

    def _obey(self, command: Command) -> None:
        if isinstance(command, RunTask):
            known = self.rows.get(command.task.name)
            assert known is None or not known.status.ended, f"{command.task.name} has an outcome, and runs again"
            self._things.append(command.task)
        elif isinstance(command, SetTimer):
            self._things.append(command)
        elif isinstance(command, StartSubflow):
            self._things.append(Child(command.name, command.attempt))
        else:
            assert isinstance(command, Ask | Release | StopParts | EndSubflows)
            assert not (isinstance(command, Release) and waiting(self.flow))

    def _count(self) -> None:
        """How many children of each map run at once, by themselves or as sub-flows."""
        for name in self.nodes:
            running = sum(_runs(thing, name) for thing in self._things)
            self.most_at_once[name] = max(running, self.most_at_once.get(name, 0))

    def ended(self) -> dict[str, TaskStatus]:
        """How the tasks have ended, on disk."""
        return {name: row.status for name, row in self.rows.items() if name in self.nodes}
