"""Flows that Hypothesis makes up: any dag, with tasks that fail, must not start twice, write fields, or do nothing."""

from __future__ import annotations

from dataclasses import dataclass
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
    """One task: how often it fails before it succeeds, and which field of the storage it then writes."""

    name: str
    after: tuple[str, ...] = ()
    attempts: int = 1
    fails: int = 0
    retryable: bool = True
    at_most_once: bool = False
    field: str | None = None

    @property
    def doomed(self) -> bool:
        """Whether it never succeeds."""
        return self.fails >= (self.attempts if self.retryable else min(self.attempts, 1))


@dataclass(frozen=True, kw_only=True)
class Story:
    """A flow, the order of its events (a seed), and the points at which its runtime dies."""

    tasks: tuple[TaskStory, ...]
    hooks: frozenset[str] = frozenset()
    seed: int = 0
    crashes: frozenset[int] = frozenset()

    def scheme(self) -> FlowScheme:
        """Define the flow."""
        scheme = FlowScheme("story")
        for task in self.tasks:
            scheme.add(
                body,
                name=task.name,
                after=task.after,
                retry=Retry(attempts=task.attempts),
                at_most_once=task.at_most_once,
            )
        for hook in self.hooks:
            getattr(scheme, hook)(body)
        return scheme


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
