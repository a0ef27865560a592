"""What one turn has decided and not yet saved: new flows, the rows to write, and the commands owed afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from theflow.database import codec
from theflow.database.batch import (
    AbandonRow,
    AnswerRow,
    AttemptRow,
    Batch,
    FlowRow,
    LogRow,
    PartRow,
    ProgressRow,
    RestRow,
    TaskRow,
)
from theflow.model.flow import Flow
from theflow.model.head_failure import held_back, lets_go
from theflow.model.message import (
    Ask,
    AttemptEnded,
    Decision,
    Started,
    TaskSucceeded,
)
from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus
from theflow.model.subflow import abandons
from theflow.model.throttle import Throttle
from theflow.runtime.flow_work import FlowWork, find_task
from theflow.runtime.inbox import Posted
from theflow.runtime.kin import abandon_row, spare_rows, subflow_rows
from theflow.runtime.part_rows import part_row, part_succeeded, undo_row

# A flow that stands there is let go, and keeps its place in its queue.
RESTING = (FlowStatus.PARKED, FlowStatus.PAUSED)
# A member of an enumeration is looked up by Python code.
_PENDING, _RUNNING = FlowStatus.PENDING, FlowStatus.RUNNING


class Work:
    """The work of one turn, a flow at a time.

    Once its batch is made, `concerns_kin` says whether sub-flows begin or end with it, or parents of them go on.
    """

    def __init__(self, flows: dict[int, FlowWork] | None = None) -> None:
        self.flows = flows if flows is not None else {}
        self.concerns_kin = False

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

    def succeeded(self, posted: Posted) -> bool:
        """Whether the one outcome in it still counts, and is the success that its body took it for."""
        mine = self.flows.get(posted.offset)
        if mine is None or type(posted.event) is not TaskSucceeded:
            return False
        found = find_task(mine.flow, posted.event.name)
        if found is None:
            return part_succeeded(mine.flow, posted.event.name)
        number, state = found
        return number in mine.touched and state.status is TaskStatus.SUCCEEDED

    def taken_questions(self) -> list[Ask]:
        """Return what is to be found out before this work is complete, once."""
        asked = []
        for mine in self.flows.values():
            if mine.asked:
                asked.extend(mine.asked)
                mine.asked = []
        return asked

    def halves(self) -> tuple[Work, Work]:
        """Split the flows in two, to find the one whose row the database refuses."""
        items = list(self.flows.items())
        middle = len(items) // 2
        return Work(dict(items[:middle])), Work(dict(items[middle:]))

    def batch(self, runtime: int, now: int) -> Batch:
        """Return the rows of this work."""
        tasks: list[TaskRow] = []
        parts: list[PartRow] = []
        attempts: list[AttemptRow] = []
        flows: list[FlowRow] = []
        logs: list[LogRow] = []
        progress: list[ProgressRow] = []
        released: list[int] = []
        parked: list[int] = []
        reopened: list[tuple[int, str]] = []
        answers: list[AnswerRow] = []
        for offset, work in self.flows.items():
            flow = work.flow
            touched = work.touched
            if len(touched) == 1 and flow.plan.undo is None:
                tasks.append(_task_row(work, offset, touched[0], runtime))
            else:
                _add_rows(work, runtime, tasks, parts)
            if work.parts:
                parts.extend([part_row(flow, offset, key, runtime, work.begun) for key in work.parts])
            if work.attempts:
                attempts.extend(_attempt_rows(work, offset, runtime))
            logs.extend(work.logs)
            if work.progress:
                progress.extend(work.progress.values())
            if _differs(flow, work.before):
                flows.append(_flow_row(flow, work.before, offset, now))
            if work.released:
                released.append(offset)
            elif flow.status in RESTING:
                parked.append(offset)
            if work.answers:
                answers.extend(work.answers)
                reopened.extend([(offset, name) for name in work.reopened])
        batch = Batch(
            tasks=tasks,
            parts=parts,
            attempts=attempts,
            flows=flows,
            logs=logs,
            progress=progress,
            released=released,
            parked=parked,
            throttles=_throttles(self.flows.values()) if attempts else (),
            paused=[(offset, now) for offset in parked if _has_come_to_rest(self.flows[offset].flow)] if parked else (),
            reopened=reopened,
            answers=answers,
        )
        return _with_kin(self, _with_queues(self, batch, now), now)


def _abandoned(work: FlowWork, now: int) -> list[AbandonRow]:
    """Return what a flow asks of its sub-flows: of all if it goes on no more, else of those that it can spare."""
    if abandons(work.before, work.flow, work.came):
        return [abandon_row(work.flow, now)]
    return spare_rows(work.flow, work.commands, now)


def _has_come_to_rest(flow: Flow) -> bool:
    return flow.status is FlowStatus.PAUSED and flow.data.status is not FlowStatus.PAUSED


def _throttles(works: Iterable[FlowWork]) -> list[Throttle]:
    """Return who is to wait, each once, and in one order everywhere: two transactions never wait for each other."""
    longest: dict[tuple[str, str], Throttle] = {}
    for throttle in (ended.throttle for work in works for ended in work.attempts):
        if throttle is not None:
            queue = throttle[:2]
            longest[queue] = max(throttle, longest.get(queue, throttle))
    return sorted(longest.values())


def _with_queues(whole: Work, batch: Batch, now: int) -> Batch:
    """Add which queues wait for a flow that has failed, or waited for one that has succeeded."""
    heads = [
        work.flow
        for work in whole.flows.values()
        if work.flow.scheme.shape.holds_back and _differs(work.flow, work.before)
    ]
    if not heads:
        return batch
    return replace(
        batch,
        held_back=[pause for flow in heads if (pause := held_back(flow, now)) is not None],
        let_go=[
            (flow.data.job.meta.flow_class, flow.data.job.meta.user, flow.offset) for flow in heads if lets_go(flow)
        ],
    )


def _with_kin(whole: Work, batch: Batch, now: int) -> Batch:
    """Add what flows write of their sub-flows, and those of which nothing else is under way."""
    kin = [work for work in whole.flows.values() if work.flow.scheme.subflows or work.flow.data.depth]
    if not kin:
        return batch
    flows = list(batch.flows)
    resting: list[RestRow] = []
    for work in kin:
        flow = work.flow
        if work.rests:
            resting.append(RestRow(int(flow.status is not FlowStatus.RUNNING), flow.offset))
            flows = [row for row in flows if row.offset != flow.offset]
            flows.append(_resting_row(flow, work.before, flow.offset, now))
    batch = replace(
        batch,
        flows=flows,
        subflows=[row for work in kin for row in subflow_rows(work.flow, work.commands, now)],
        abandoned=[row for work in kin for row in _abandoned(work, now)],
        ended_children=[work.flow.offset for work in kin if _has_ended_below(work)],
        resting=resting,
    )
    whole.concerns_kin = batch.has_kin
    return batch


def _has_ended_below(work: FlowWork) -> bool:
    return bool(work.flow.data.depth) and work.flow.status.ended and _differs(work.flow, work.before)


def _resting_row(flow: Flow, before: Flow, offset: int, now: int) -> FlowRow:
    """Let people see that nothing of a flow is under way but sub-flows; one that is to end shows that all along."""
    row = _flow_row(flow, before, offset, now)
    return row._replace(status=FlowStatus.WAITING.value) if flow.status is FlowStatus.RUNNING else row


def _differs(flow: Flow, before: Flow) -> bool:
    # That a flow runs for the first time was written by its claim.
    moved = flow.status is not before.status and (flow.status is not _RUNNING or before.status is not _PENDING)
    return moved or flow.plan.storage is not before.plan.storage or flow.reason != before.reason


def _add_rows(work: FlowWork, runtime: int, tasks: list[TaskRow], parts: list[PartRow]) -> None:
    """Add the rows of tasks, and of what undoes tasks: their numbers are inverted."""
    flow, offset = work.flow, work.flow.offset
    for number in dict.fromkeys(work.touched):
        if number < 0:
            parts.append(undo_row(flow, offset, number, runtime, work.begun.get(number)))
        else:
            tasks.append(_task_row(work, offset, number, runtime))


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
        state.deadline_at,
        _listed(work.let[number]) if number in work.let else None,
    )


@lru_cache(maxsize=4096)
def _listed(names: tuple[str, ...]) -> str:
    return codec.encode(list(names)).decode()


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
    ended_at = now if flow.status.ended else None
    if flow.status is before.status and before.data.ended_at is not None:
        ended_at = before.data.ended_at
    return FlowRow(flow.status._value_, storage, flow.reason, ended_at, flow.ending or None, offset)
