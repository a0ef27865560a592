"""What one turn has decided for one flow and not yet saved, and the commands owed afterwards."""

from __future__ import annotations

from theflow.database.batch import (
    AnswerRow,
    LogRow,
    ProgressRow,
)
from theflow.model.flow import Flow
from theflow.model.message import (
    Ask,
    AttemptEnded,
    Command,
    Decision,
    Event,
    Recovered,
    Release,
    Revert,
    Started,
)
from theflow.model.plan import TaskState
from theflow.model.status import FlowStatus, TaskStatus
from theflow.model.subflow import rests
from theflow.runtime.inbox import Begun
from theflow.runtime.part_rows import ended_before


class FlowWork:
    """What a turn has decided for one flow.

    `came` is how it was taken in hand, `begun` when bodies began; `released` once nothing is owed to it any more, `let`
    names tasks whose condition held, by the number of the task whose outcome says so; `last_resort` where the database
    has refused what was decided before; `answers` is what came of requests, `reopened` names the tasks whose outcome
    these took back.
    """

    __slots__ = (
        "answers",
        "asked",
        "attempts",
        "before",
        "begun",
        "came",
        "commands",
        "flow",
        "last_resort",
        "let",
        "logs",
        "parts",
        "progress",
        "released",
        "reopened",
        "touched",
    )

    def __init__(self, flow: Flow) -> None:
        self.before = flow
        self.flow = flow
        # Most flows have one decision a turn: its lists are taken as they are, and added to by the next ones.
        self.touched: list[int] = []
        self.attempts: list[AttemptEnded] = []
        self.commands: list[Command] = []
        self.logs: list[LogRow] = []
        self.parts: dict[tuple[int, int | None], None] = {}
        self.asked: list[Ask] = []
        self.let: dict[int, tuple[str, ...]] = {}
        self.begun: dict[int | str, int] = {}
        self.progress: dict[str, ProgressRow] | None = None
        self.came: Started | Recovered | Revert | None = None
        self.released = False
        self.last_resort = False
        self.answers: tuple[AnswerRow, ...] = ()
        self.reopened: tuple[str, ...] = ()

    @property
    def rests(self) -> bool:
        """Whether the flow goes out of hand until a sub-flow ends: nothing else of it is under way."""
        return bool(self.flow.scheme.subflows) and rests(self.flow)

    def note_coming(self, event: Event) -> None:
        """Note how the flow was taken in hand, if it was with this event."""
        if isinstance(event, (Started, Recovered)) or (
            isinstance(event, Revert) and self.before.status is FlowStatus.REVERTING
        ):
            self.came = event

    def mark(self, begun: Begun) -> None:
        """Let it be seen that a body has begun, and when; a body that has ended meanwhile needs no mark."""
        found = find_task(self.flow, begun.name)
        if found is None:
            self._mark_part(begun)
            return
        number, state = found
        if state.status is TaskStatus.RUNNING and state.attempt == begun.attempt:
            self.touched.append(number)
            self.begun[number] = begun.started_at

    def say(self, progress: ProgressRow) -> None:
        """Let it be seen how far a task has come: a turn writes the newest."""
        if self.progress is None:
            self.progress = {}
        self.progress[progress.name] = progress

    def add(self, decision: Decision) -> None:
        """Take in one more decision for the flow."""
        self.flow, commands, touched, attempts, parts, let = decision
        if self.flow.scheme.orchestration.asking:
            for command in commands:
                if type(command) is Ask:
                    self.asked.append(command)
        if parts:
            self.parts.update(dict.fromkeys(parts))
        if self.touched:
            self.touched.extend(touched)
        else:
            self.touched = touched
        for number in let:
            self._let_in(number)
        if attempts:
            self.attempts.extend(attempts)
        if commands:
            if self.commands:
                self.commands.extend(commands)
            else:
                self.commands = commands
            # Nothing comes after the command that lets a flow go.
            self.released = type(commands[-1]) is Release

    def _let_in(self, number: int) -> None:
        """Have on record that the condition of a task held.

        Whoever comes after one task only stands in the row of that, if its outcome is saved now: the answer holds as
        long as the outcome does. Others have a row of their own.
        """
        dag = self.flow.scheme.orchestration
        before = dag.only_before[number]
        if before in self.touched and before is not None and self.before.plan.states[before].ended_at is None:
            self.let[before] = (*self.let.get(before, ()), dag.names[number])
        else:
            self.touched.append(number)

    def _mark_part(self, begun: Begun) -> None:
        found = self.flow.part(begun.name)
        if found is None:
            return
        number, index, fan = found
        state = fan.state(index)
        if state.status is TaskStatus.RUNNING and state.attempt == begun.attempt:
            self.parts[number, index] = None
            self.begun[begun.name] = begun.started_at

    def take_back(self, before: Flow, decision: Decision) -> None:
        """Note which tasks of a decision had an outcome before it."""
        self.reopened = (*self.reopened, *ended_before(before, decision))


def find_task(flow: Flow, name: str) -> tuple[int, TaskState] | None:
    """Find the number and state of a task, or of what undoes one: then the number is inverted. None for a part."""
    number = flow.scheme.orchestration.index.get(name)
    if number is not None:
        return number, flow.plan.states[number]
    number = flow.scheme.undone_by.get(name)
    return None if number is None else (~number, flow.plan.undo_states[number])
