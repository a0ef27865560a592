"""What one turn has decided and not yet saved: new flows, the rows to write, and the commands owed afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from theflow.database import codec
from theflow.database.store import AttemptRow, Batch, FlowRow, LogRow, TaskRow
from theflow.model.decide import Decision
from theflow.model.flow import Flow
from theflow.model.message import AttemptEnded, Command, Recovered, Release, Started
from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus
from theflow.runtime.inbox import Begun

_NEVER: Mapping[int, int] = MappingProxyType({})


class FlowWork:
    """What a turn has decided for one flow.

    `came` is how it was taken in hand, `begun` when bodies began; `released` once nothing is owed to it any more,
    `last_resort` where the database has refused what was decided before.
    """

    __slots__ = (
        "attempts",
        "before",
        "begun",
        "came",
        "commands",
        "flow",
        "last_resort",
        "logs",
        "released",
        "touched",
    )

    def __init__(self, flow: Flow) -> None:
        self.before = flow
        self.flow = flow
        self.touched: list[int] = []
        self.attempts: list[AttemptEnded] = []
        self.commands: list[Command] = []
        self.logs: list[LogRow] = []
        self.begun: Mapping[int, int] = _NEVER
        self.came: Started | Recovered | None = None
        self.released = False
        self.last_resort = False

    def mark(self, begun: Begun) -> None:
        """Let it be seen that a body has begun, and when; a body that has ended meanwhile needs no mark."""
        number = self.flow.scheme.orchestration.index[begun.name]
        state = self.flow.plan.states[number]
        if state.status is TaskStatus.RUNNING and state.attempt == begun.attempt:
            self.touched.append(number)
            self.begun = {**self.begun, number: begun.started_at}

    def add(self, decision: Decision) -> None:
        """Take in one more decision for the flow."""
        self.flow, commands, touched, attempts = decision
        self.touched.extend(touched)
        if attempts:
            self.attempts.extend(attempts)
        if commands:
            self.commands.extend(commands)
            # Nothing comes after the command that lets a flow go.
            self.released = type(commands[-1]) is Release


class Work:
    """The work of one turn, a flow at a time."""

    def __init__(self, flows: dict[int, FlowWork] | None = None) -> None:
        self.flows = flows if flows is not None else {}

    def of(self, flow: Flow) -> FlowWork:
        """Return the work on a flow of this turn."""
        offset = flow.data.job.offset
        found = self.flows.get(offset)
        if found is None:
            found = self.flows[offset] = FlowWork(flow)
        return found

    def begin(self, flow: Flow, came: Started, decision: Decision) -> None:
        """Take in a flow that has just come, and for which there is nothing else yet."""
        mine = self.flows[flow.data.job.offset] = FlowWork(flow)
        mine.came = came
        mine.flow = decision.flow
        mine.commands = decision.commands

    def halves(self) -> tuple[Work, Work]:
        """Split the flows in two, to find the one whose row the database refuses."""
        items = list(self.flows.items())
        middle = len(items) // 2
        return Work(dict(items[:middle])), Work(dict(items[middle:]))

    def batch(self, runtime: int, now: int) -> Batch:
        """Return the rows of this work."""
        tasks: list[TaskRow] = []
        attempts: list[AttemptRow] = []
        flows: list[FlowRow] = []
        logs: list[LogRow] = []
        released: list[int] = []
        parked: list[int] = []
        for offset, work in self.flows.items():
            flow = work.flow
            touched = work.touched
            numbers = touched if len(touched) == 1 else dict.fromkeys(touched)
            tasks.extend([_task_row(work, offset, number, runtime) for number in numbers])
            if work.attempts:
                attempts.extend(_attempt_rows(work, offset, runtime))
            if work.logs:
                logs.extend(work.logs)
            if _differs(flow, work.before):
                flows.append(_flow_row(flow, work.before, offset, now))
            if work.released:
                released.append(offset)
            elif flow.status is FlowStatus.PARKED:
                parked.append(offset)
        return Batch(tasks=tasks, attempts=attempts, flows=flows, logs=logs, released=released, parked=parked)


def _differs(flow: Flow, before: Flow) -> bool:
    # That a flow runs was written by its claim.
    moved = flow.status is not before.status and flow.status is not FlowStatus.RUNNING
    return moved or flow.plan.storage is not before.plan.storage or flow.reason != before.reason


def _task_row(work: FlowWork, offset: int, number: int, runtime: int) -> TaskRow:
    flow = work.flow
    state = flow.plan.states[number]
    return TaskRow(
        offset,
        flow.scheme.orchestration.names[number],
        # The enumeration's `value` runs Python code for what is a plain attribute.
        state.status._value_,
        state.attempt,
        state.failures,
        None if state.result is None else state.result.decode(),
        state.retry_at,
        work.begun.get(number, state.started_at) if state.ended_at is None else state.started_at,
        state.ended_at,
        runtime,
    )


def _attempt_rows(work: FlowWork, offset: int, runtime: int) -> list[AttemptRow]:
    """Return the attempts that ended badly; one that was lost went down with an earlier incarnation."""
    lost = any(ended.status is AttemptStatus.LOST for ended in work.attempts)
    earlier = {task.name: task.runtime for task in work.before.data.tasks} if lost else {}
    return [
        _attempt_row(ended, offset, earlier.get(ended.name, runtime) if ended.status is AttemptStatus.LOST else runtime)
        for ended in work.attempts
    ]


def _attempt_row(ended: AttemptEnded, offset: int, runtime: int) -> AttemptRow:
    return AttemptRow(
        offset,
        ended.name,
        ended.attempt,
        ended.status.value,
        None if ended.failure is None else codec.encode_failure(ended.failure),
        runtime,
        ended.started_at,
        ended.ended_at,
    )


def _flow_row(flow: Flow, before: Flow, offset: int, now: int) -> FlowRow:
    plan = flow.plan
    storage = None if plan.storage is before.plan.storage else codec.join(plan.storage).decode()
    return FlowRow(flow.status._value_, storage, flow.reason, now if flow.status.ended else None, offset)
