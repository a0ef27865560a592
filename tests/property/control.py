"""Flows with conditions, joins, maps and rounds that Hypothesis makes up, lived through with crashes; and an oracle."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from tests.property.story import Numbers, pending
from tests.property.world import row
from theflow.database.rows import task_data
from theflow.errors import IllegalEvent
from theflow.model.decide import decide
from theflow.model.failure import Failure
from theflow.model.flow import Flow
from theflow.model.flow_data import FlowDataObject, TaskDataObject
from theflow.model.joining import Stand, judge
from theflow.model.mapping import Map
from theflow.model.message import (
    Answer,
    Ask,
    Command,
    QuestionFailed,
    Recovered,
    Release,
    RetryDue,
    RoundJudged,
    RunTask,
    SetTimer,
    Started,
    StopParts,
    TaskChosen,
    TaskFailed,
    TaskSkipped,
    TaskSucceeded,
)
from theflow.model.repetition import Repeat
from theflow.model.retry import Retry
from theflow.model.scheme import FlowScheme
from theflow.model.status import TaskStatus
from theflow.model.task import Task
from theflow.runtime.part_rows import part_row
from theflow.runtime.work import FlowWork

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
            scheme.add(
                lambda: None,
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
        self._things: list[Task | SetTimer] = []
        self._released = False

    def run(self, machine=decide) -> Flow:
        """Live until the flow is let go."""
        self._decide = machine
        self._tell([Started()])
        for _ in range(MOST):
            if self._released:
                return self.flow
            assert self._things, f"nothing is owed, and the flow is {self.flow.status}: {self.flow.plan}"
            thing = self._things.pop(self._numbers.below(len(self._things)))
            self._tell([self._event(thing)])
        raise AssertionError("the flow never ends")

    def _event(self, thing: Task | SetTimer):
        if isinstance(thing, SetTimer):
            self.now = max(self.now, thing.at)
            return RetryDue(thing.name, thing.attempt)
        node = self.nodes[thing.scheme.name]
        number = thing.part or 0
        if number in node.fails:
            return TaskFailed(thing.name, thing.attempt, BOOM, node.retries, self.now, self.now)
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
        data = self.data._replace(tasks=tuple(self.rows.values()))
        self.flow = Flow.from_data(data, self.scheme)
        self._tell([Recovered()])

    def _obey(self, command: Command) -> None:
        if isinstance(command, RunTask):
            known = self.rows.get(command.task.name)
            assert known is None or not known.status.ended, f"{command.task.name} has an outcome, and runs again"
            self._things.append(command.task)
        elif isinstance(command, SetTimer):
            self._things.append(command)
        else:
            assert isinstance(command, Ask | Release | StopParts)

    def _count(self) -> None:
        """How many children of each map run at once."""
        for name in self.nodes:
            running = sum(isinstance(thing, Task) and thing.scheme.name == name for thing in self._things)
            self.most_at_once[name] = max(running, self.most_at_once.get(name, 0))

    def ended(self) -> dict[str, TaskStatus]:
        """How the tasks have ended, on disk."""
        return {name: row.status for name, row in self.rows.items() if name in self.nodes}
