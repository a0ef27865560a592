"""Flows that Hypothesis makes up: any dag, with tasks that fail, must not start twice, write fields, or do nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from zlib import crc32

from hypothesis import strategies as st

from theflow.model.flow_data import FlowDataObject, TaskDataObject
from theflow.model.job import JobMeta, JobMetaObject
from theflow.model.retry import Retry
from theflow.model.scheme import FlowScheme
from theflow.model.status import FlowStatus


class Numbers:
    """A source of numbers that is the same on every Python: the story replays from its seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._drawn = 0

    def below(self, limit: int) -> int:
        """Draw a number from 0 up to, and not with, the limit."""
        self._drawn += 1
        return crc32(f"{self._seed}/{self._drawn}".encode()) % limit


@dataclass(frozen=True, kw_only=True)
class TaskStory:
    """One task: how often it fails before it succeeds, and which field of the storage it then writes.

    If it can be `undone`, that is tried twice in a go, and fails `undo_fails` times before it succeeds.
    """

    name: str
    after: tuple[str, ...] = ()
    attempts: int = 1
    fails: int = 0
    retryable: bool = True
    at_most_once: bool = False
    field: str | None = None
    undone: bool = False
    undo_fails: int = 0
    subflow: bool = False

    @property
    def doomed(self) -> bool:
        """Whether it never succeeds."""
        return self.fails >= (self.attempts if self.retryable else min(self.attempts, 1))


@dataclass(frozen=True, kw_only=True)
class Story:
    """A flow, the order of its events (a seed), the points at which its runtime dies, and the turn that cancels it.

    `policy` says what a failure or a cancel leads to. People ask for it to be undone in the turn `reverted_at`, and
    once more after each end, back to the tasks that `reverts` names.
    """

    tasks: tuple[TaskStory, ...]
    hooks: frozenset[str] = frozenset()
    seed: int = 0
    crashes: frozenset[int] = frozenset()
    cancelled_at: int | None = None
    policy: str = "stop"
    reverts: tuple[str, ...] = ()
    reverted_at: int | None = None

    def scheme(self) -> FlowScheme:
        """Define the flow."""
        scheme = FlowScheme("story", on_failure=self.policy, on_cancel=self.policy)
        for task in self.tasks:
            told = {"name": task.name, "after": task.after, "retry": Retry(attempts=task.attempts)}
            if task.subflow:
                added = scheme.subflow("other", input=body, **told)
            else:
                added = scheme.add(body, at_most_once=task.at_most_once, **told)
            if task.undone:
                added.compensate(body, retry=Retry(attempts=2))
        for hook in self.hooks:
            getattr(scheme, hook)(body)
        return scheme


@st.composite
def cancelled_stories(draw, most: int = 30):
    """Make up a flow that somebody cancels, if it lasts so long."""
    return replace(draw(stories(most)), cancelled_at=draw(st.integers(0, most)))


@st.composite
def reverted_stories(draw, most: int = 12):
    """Make up a flow of which much can be undone, for one reason or another."""
    story = draw(stories(most))
    tasks = tuple(
        replace(task, undone=draw(st.integers(0, 3)) < 3, undo_fails=max(0, draw(st.integers(-4, 3))))
        for task in story.tasks
    )
    moments = st.none() | st.integers(0, 2 * most)
    return replace(
        story,
        tasks=tasks,
        policy=draw(st.sampled_from(["stop", "rollback", "rollback"])),
        cancelled_at=draw(moments),
        reverted_at=draw(moments),
        reverts=tuple(draw(st.lists(st.sampled_from(["", *(task.name for task in tasks)]), max_size=3))),
    )


@st.composite
def stories(draw, most: int = 30):
    """Make up a flow of up to so many tasks."""
    count = draw(st.integers(1, most))
    names = draw(st.permutations([f"t{number}" for number in range(count)]))
    tasks = []
    for number, name in enumerate(names):
        after = draw(st.lists(st.sampled_from(names[:number]), max_size=4, unique=True)) if number else []
        tasks.append(draw(_task(name, tuple(after))))
    return Story(
        tasks=tuple(draw(st.permutations(tasks))),
        hooks=draw(st.frozensets(st.sampled_from(["on_success", "on_failure"]))),
        seed=draw(st.integers(0, 2**32)),
        crashes=draw(st.frozensets(st.integers(0, 6 * count), max_size=6)),
    )


@st.composite
def _task(draw, name: str, after: tuple[str, ...]):
    at_most_once = draw(st.integers(0, 9)) == 9
    attempts = 1 if at_most_once else draw(st.integers(1, 4))
    return TaskStory(
        name=name,
        after=after,
        attempts=attempts,
        fails=max(0, draw(st.integers(-8, attempts))),
        retryable=draw(st.integers(0, 9)) < 9,
        at_most_once=at_most_once,
        field=draw(st.sampled_from([None, name, name, name, "shared"])),
        subflow=not at_most_once and draw(st.integers(0, 3)) == 3,
    )


def body() -> None:
    """Do nothing: what a body does is told by the story."""


def pending(
    *, status: FlowStatus = FlowStatus.PENDING, tasks: tuple[TaskDataObject, ...] = (), **rest: object
) -> FlowDataObject:
    """A flow as the database knows it, by default one that has not started."""
    job = JobMetaObject(offset=1, flow_id="f", created_at=0, meta=JobMeta(flow_class="story"))
    data = {"storage": {}, **rest}
    return FlowDataObject(job=job, version=1, status=status, tasks=tasks, **data)
