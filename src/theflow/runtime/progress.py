"""What a runtime tells those who watch it: one value for each thing that has happened and is on disk."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from theflow.model.message import Recovered, RunTask, Started
from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus
from theflow.runtime.work import FlowWork

_logger = logging.getLogger("theflow.engine")


class Progress(NamedTuple):
    """Something that happened to a flow.

    `kind` is admitted, recovered, task_started, task_succeeded, task_retrying, task_failed, task_lost, flow_succeeded,
    flow_failed or flow_parked.
    """

    flow_id: str
    offset: int
    flow_class: str
    user: str
    kind: str
    task: str = ""
    attempt: int = 0
    detail: str = ""


KINDS = frozenset(
    {
        "admitted",
        "recovered",
        "task_started",
        "task_succeeded",
        "task_retrying",
        "task_failed",
        "task_lost",
        "flow_succeeded",
        "flow_failed",
        "flow_parked",
    }
)
_OF_TASKS = frozenset({"task_started", "task_succeeded", "task_retrying", "task_failed"})
_OF_COMINGS = frozenset({"admitted", "recovered"})
_OUTCOMES = {
    TaskStatus.SUCCEEDED: "task_succeeded",
    TaskStatus.FAILED: "task_failed",
    TaskStatus.RETRYING: "task_retrying",
}


class Watchers:
    """Those who are told what happens, each of the kinds that he asked for."""

    def __init__(self) -> None:
        self._all: list[_Watcher] = []

    def add(self, listener: Callable[[Progress], None], kinds: frozenset[str]) -> None:
        """Tell one more."""
        self._all.append(_Watcher(listener, kinds))

    def tell(self, works: Collection[FlowWork]) -> None:
        """Tell all of them what a turn did to these flows."""
        for watcher in tuple(self._all):
            try:
                for work in works:
                    watcher.watch(work)
            except Exception:
                # Whoever watches must not stop the work: he is not told any more.
                self._all.remove(watcher)
                _logger.exception("a listener raised and is dropped")


class _Watcher:
    """A listener; what is not of its kinds is passed over quickly."""

    def __init__(self, listener: Callable[[Progress], None], kinds: frozenset[str]) -> None:
        self._listener = listener
        self._kinds = kinds
        self._tasks = not kinds.isdisjoint(_OF_TASKS)
        self._comings = not kinds.isdisjoint(_OF_COMINGS)

    def watch(self, work: FlowWork) -> None:
        flow = work.flow
        over = flow.status is not FlowStatus.RUNNING and flow.status is not work.before.status
        if self._tasks or over or work.attempts or (self._comings and work.came is not None):
            for progress in progress_of(work, self._kinds):
                self._listener(progress)


def progress_of(work: FlowWork, wanted: frozenset[str]) -> Iterator[Progress]:
    """Say what a turn did to a flow, of the kinds that are wanted, in an order that makes sense to people."""
    flow = work.flow
    if work.came is not None:
        kind = "admitted" if type(work.came) is Started else "recovered"
        if kind in wanted:
            yield _about(work, kind, detail=_kept(work))
    if work.attempts and "task_lost" in wanted:
        for ended in work.attempts:
            if ended.status is AttemptStatus.LOST:
                yield _about(work, "task_lost", ended.name, ended.attempt, "its process ended while it ran")
    if not wanted.isdisjoint(_OF_TASKS):
        yield from _of_tasks(work, wanted)
    if flow.status is not work.before.status and (flow.status.ended or flow.status is FlowStatus.PARKED):
        kind = f"flow_{flow.status.value}"
        if kind in wanted:
            yield _about(work, kind, detail=flow.reason)


def _of_tasks(work: FlowWork, wanted: frozenset[str]) -> Iterator[Progress]:
    names = work.flow.scheme.orchestration.names
    for number in sorted(work.touched):
        state = work.flow.plan.states[number]
        kind = _OUTCOMES.get(state.status, "")
        if kind in wanted:
            yield _about(work, kind, names[number], state.attempt, _detail(work, names[number]))
    if "task_started" in wanted:
        for command in work.commands:
            if type(command) is RunTask:
                yield _about(work, "task_started", command.task.name, command.task.attempt)


def _detail(work: FlowWork, name: str) -> str:
    failures = [ended.failure for ended in work.attempts if ended.name == name and ended.failure is not None]
    return failures[-1].line() if failures else ""


def _kept(work: FlowWork) -> str:
    states = work.before.plan.states
    kept = sum(state.status is TaskStatus.SUCCEEDED for state in states)
    return f"{kept} of {len(states)} tasks kept" if type(work.came) is Recovered else ""


def _about(work: FlowWork, kind: str, task: str = "", attempt: int = 0, detail: str = "") -> Progress:
    job = work.flow.data.job
    return Progress(job.flow_id, job.offset, job.meta.flow_class, job.meta.user, kind, task, attempt, detail)
