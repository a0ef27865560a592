"""What a runtime tells those who watch it: one value for each thing that has happened and is on disk."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from theflow.errors import InputError
from theflow.model.message import Recovered, RunTask, Started
from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus
from theflow.model.undo import SUFFIX
from theflow.runtime.flow_work import FlowWork

_logger = logging.getLogger("theflow.engine")


class Progress(NamedTuple):
    """Something that happened to a flow.

    `kind` is admitted, recovered, task_started, task_succeeded, task_retrying, task_failed, task_cancelled,
    task_skipped, task_lost, undo_started, undo_succeeded, undo_retrying, undo_failed, flow_succeeded, flow_failed,
    flow_cancelled, flow_reverting, flow_reverted, flow_revert_failed or flow_parked.
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
        "task_cancelled",
        "task_skipped",
        "task_lost",
        "undo_started",
        "undo_succeeded",
        "undo_retrying",
        "undo_failed",
        "flow_succeeded",
        "flow_failed",
        "flow_cancelled",
        "flow_reverting",
        "flow_reverted",
        "flow_revert_failed",
        "flow_parked",
    }
)
_OF_TASKS = frozenset(
    {"task_started", "task_succeeded", "task_retrying", "task_failed", "task_cancelled", "task_skipped"}
)
_OF_UNDOS = frozenset({"undo_started", "undo_succeeded", "undo_retrying", "undo_failed"})
_OF_COMINGS = frozenset({"admitted", "recovered"})
_OVER = {
    FlowStatus.SUCCEEDED: "flow_succeeded",
    FlowStatus.FAILED: "flow_failed",
    FlowStatus.CANCELLED: "flow_cancelled",
    FlowStatus.REVERTING: "flow_reverting",
    FlowStatus.REVERTED: "flow_reverted",
    FlowStatus.REVERT_FAILED: "flow_revert_failed",
    FlowStatus.PARKED: "flow_parked",
}
_OUTCOMES = {
    TaskStatus.SUCCEEDED: "task_succeeded",
    TaskStatus.FAILED: "task_failed",
    TaskStatus.RETRYING: "task_retrying",
    TaskStatus.CANCELLED: "task_cancelled",
    TaskStatus.SKIPPED: "task_skipped",
}


class Watchers:
    """Those who are told what happens, each of the kinds that he asked for."""

    def __init__(self) -> None:
        self._all: list[_Watcher] = []

    def add(self, listener: Callable[[Progress], None], kinds: Collection[str]) -> None:
        """Tell one more what happens, of these kinds."""
        unknown = set(kinds) - KINDS
        if unknown:
            raise InputError(f"kinds: {', '.join(sorted(unknown))} unknown; there are {', '.join(sorted(KINDS))}")
        self._all.append(_Watcher(listener, frozenset(kinds)))

    @property
    def hear_of_starts(self) -> bool:
        """Whether anybody wants to hear that flows begin, or their first tasks."""
        return any(watcher.hears_of_starts for watcher in self._all)

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
        self._tasks = not kinds.isdisjoint(_OF_TASKS | _OF_UNDOS)
        self._comings = not kinds.isdisjoint(_OF_COMINGS)
        self.hears_of_starts = self._tasks or self._comings

    def watch(self, work: FlowWork) -> None:
        if self._tasks or work.attempts or (self._comings and work.came is not None):
            for progress in progress_of(work, self._kinds):
                self._listener(progress)
        elif work.flow.status is not work.before.status:
            kind = _OVER.get(work.flow.status)
            if kind in self._kinds:
                self._listener(_about(work, kind, detail=work.flow.reason))


def progress_of(work: FlowWork, wanted: frozenset[str]) -> Iterator[Progress]:
    """Say what a turn did to a flow, of the kinds that are wanted, in an order that makes sense to people."""
    flow = work.flow
    if type(work.came) in (Started, Recovered):
        kind = "admitted" if type(work.came) is Started else "recovered"
        if kind in wanted:
            yield _about(work, kind, detail=_kept(work))
    if work.attempts and "task_lost" in wanted:
        for ended in work.attempts:
            if ended.status is AttemptStatus.LOST:
                yield _about(work, "task_lost", ended.name, ended.attempt, "its process ended while it ran")
    if not wanted.isdisjoint(_OF_TASKS | _OF_UNDOS):
        yield from _of_tasks(work, wanted)
    if flow.status is not work.before.status:
        over = _OVER.get(flow.status)
        if over in wanted:
            yield _about(work, over, detail=flow.reason)


def _of_tasks(work: FlowWork, wanted: frozenset[str]) -> Iterator[Progress]:
    names = work.flow.scheme.orchestration.names
    for number in sorted(work.touched):
        if number < 0:
            state, name = work.flow.plan.undo_states[~number], names[~number] + SUFFIX
            kind = _OUTCOMES.get(state.status, "").replace("task_", "undo_")
        else:
            state, name = work.flow.plan.states[number], names[number]
            kind = _OUTCOMES.get(state.status, "")
        if kind in wanted:
            yield _about(work, kind, name, state.attempt, _detail(work, name))
    for command in work.commands:
        if type(command) is RunTask:
            kind = "undo_started" if command.task.name in work.flow.scheme.undone_by else "task_started"
            if kind in wanted:
                yield _about(work, kind, command.task.name, command.task.attempt)


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
