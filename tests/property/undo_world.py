"""A world in which flows are undone: after a failure, after a cancel, or because somebody asks for it."""

from __future__ import annotations

from tests.property.story import Story
from tests.property.watch import Watch
from tests.property.world import BOOM, UNDOING, World
from theflow.model.flow import Flow
from theflow.model.flow_data import FlowDataObject
from theflow.model.message import Decision, Event, Revert, RunTask, SetTimer, TaskFailed, TaskSucceeded
from theflow.model.status import IN_DOUBT, AttemptStatus, FlowStatus, TaskStatus
from theflow.model.task import Task
from theflow.model.undo import SUFFIX
from theflow.model.view import Request

SUCCEEDED = TaskStatus.SUCCEEDED


def revert_to(task: str) -> Request:
    """Somebody wants all to be undone that came after a task."""
    return Request(verb="revert", asked_by="bob", reason="", asked_at=0, payload={"to": task})


class UndoWorld(World):
    """People ask for reverts, as the story says; what failed for good is tried again then."""

    def __init__(self, story: Story, watch: Watch | None = None) -> None:
        self.asked: Request | None = None
        self.unheard = False
        self.reverts = list(story.reverts)
        self.scopes: list[str] = []
        self.undone: list[str] = []
        self.was_cancelled = False
        super().__init__(story, watch)

    def run(self) -> UndoWorld:
        """Live until nobody asks for anything any more."""
        super().run()
        while self.reverts:
            self._ask_after_the_end(self.reverts.pop())
            super().run()
        return self

    def load(self) -> FlowDataObject:
        """Read the flow, with what is in doubt, and what people have asked."""
        data = super().load()
        doubts = self.doubts()
        data = data._replace(tasks=tuple(task._replace(doubt=task.name in doubts) for task in data.tasks))
        return data._replace(revert=self.asked) if data.status is FlowStatus.REVERTING else data

    def come(self, data: FlowDataObject) -> list[Decision]:
        """Take it in hand; what was asked before is heard when it rests. A revert that was heard goes on."""
        if data.revert is not None:
            return [self._revert(self.flow, data.revert)]
        decisions: list[Decision] = []
        if not (self.unheard and data.status.ended):
            if self.unheard and data.status is FlowStatus.RUNNING:
                self.flow = self.flow._replace(status=FlowStatus.PAUSING)
            decisions = super().come(data)
        flow = decisions[-1].flow if decisions else self.flow
        if self.unheard and self.asked is not None and flow.status is not FlowStatus.REVERTING:
            decisions.append(self._revert(flow, self.asked))
        return decisions

    def _revert(self, flow: Flow, asked: Request) -> Decision:
        return self.watch.decide(flow, Revert(asked.payload["to"], asked.line()), self.now)

    def doubts(self) -> set[str]:
        """Tasks without success that had an attempt of which nobody knows what it did."""
        return {
            each.name
            for each in self.disk.attempts.values()
            if each.status in IN_DOUBT
            and (each.status is not AttemptStatus.CANCELLED or each.started_at)
            and each.name in self.tasks
            and self.disk.rows[each.name].status is not SUCCEEDED
        }

    def hear(self) -> list[Decision]:
        """Hear that somebody wants the flow to be undone while it runs."""
        if self.turns != self.story.reverted_at or self.flow.status is not FlowStatus.RUNNING or self.disk.asked:
            return []
        self.asked, self.unheard = revert_to(""), True
        self.scopes.append("")
        return [self.watch.decide(self.flow, Revert("", self.asked.line()), self.now)]

    def check_owed(self, decision: Decision) -> None:
        """Judge what is owed; the watch has judged already that all runs that may."""
        flow = decision.flow
        if flow.status not in UNDOING:
            super().check_owed(decision)
            return
        undo = flow.plan.undo
        assert sum(isinstance(command, RunTask) for command in decision.commands) == (undo.running if undo else 0)
        assert sum(isinstance(command, SetTimer) for command in decision.commands) == (undo.waiting if undo else 0)

    def _ask_after_the_end(self, task: str) -> None:
        """Somebody asks for the flow to be undone after its end."""
        disk = self.disk
        if disk.flow.status is FlowStatus.REVERT_FAILED:
            task = ""
        self.was_cancelled |= disk.asked
        self.asked, self.unheard, disk.asked = revert_to(task), True, False
        self.scopes.append(task)
        # A hook that runs once more is not recorded once more.
        disk.attempts.pop(("on_failure", 1), None)
        self._forget()
        self.released = False
        self.turns = 0

    def _outcome(self, task: Task) -> Event:
        if not task.name.endswith(SUFFIX):
            return super()._outcome(task)
        name = task.name.removesuffix(SUFFIX)
        known = [each for each in self.disk.attempts.values() if each.name == task.name]
        failures = sum(each.status is not AttemptStatus.LOST for each in known)
        if failures < self.tasks[name].undo_fails:
            return TaskFailed(task.name, task.attempt, BOOM, retryable=True, started_at=self.now, ended_at=self.now)
        return TaskSucceeded(task.name, task.attempt, b"null", {name: None}, self.now, self.now)

    def _waits(self, flow: Flow, name: str) -> bool:
        return flow.status is (FlowStatus.REVERTING if name.endswith(SUFFIX) else FlowStatus.RUNNING)

    def _running(self, flow: Flow) -> list[int]:
        undos = enumerate(flow.plan.undo_states)
        return super()._running(flow) + [~n for n, state in undos if state.status is TaskStatus.RUNNING]

    def _commit(self, decisions: list[Decision]) -> None:
        before = {name for name, row in self.disk.rows.items() if row.status is SUCCEEDED}
        flow = self.disk.flow
        try:
            super()._commit(decisions)
        finally:
            saved = self.disk.flow is not flow
            self.unheard = self.unheard and not (saved and self.disk.flow.status in UNDOING)
            done = [name for name, row in self.disk.rows.items() if row.status is SUCCEEDED and name not in before]
            self.undone += [name.removesuffix(SUFFIX) for name in done if name.endswith(SUFFIX)]
