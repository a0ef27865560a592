"""Step 5: a flow in memory."""

from __future__ import annotations

from typing import NamedTuple

from theflow.errors import SchemeError
from theflow.model.failure import OUT_OF_TIME, Failure, out_of_time
from theflow.model.flow_data import FlowDataObject, TaskDataObject
from theflow.model.part import split_part
from theflow.model.plan import Fan, FlowExecPlanState, Rollback, TaskState
from theflow.model.restoring import restore_control
from theflow.model.scheme import ON_FAILURE, ON_SUCCESS, FlowScheme
from theflow.model.status import GOING_ON, PAUSES, FlowStatus, TaskStatus
from theflow.model.undo import UNKNOWN_ITEMS
from theflow.model.vector import Vector

_HOOKS = {FlowStatus.SUCCEEDED: ON_SUCCESS, FlowStatus.FAILED: ON_FAILURE}
_REVERTED = (FlowStatus.REVERTED, FlowStatus.REVERT_FAILED)


class Flow(NamedTuple):
    """Data, scheme and plan: an immutable value, replaced by each decision.

    `failure` is the first that was final: a flow that has one starts nothing more. `ending` says how the bodies ended
    that were told to.
    """

    data: FlowDataObject
    scheme: FlowScheme
    plan: FlowExecPlanState
    status: FlowStatus
    failure: Failure | None = None
    reason: str = ""
    ending: str = ""

    @classmethod
    def from_data(cls, data: FlowDataObject, scheme: FlowScheme) -> Flow:
        """Build the flow from what the database knows; raise SchemeError if that does not fit the scheme."""
        dag = scheme.orchestration
        plan = dag.fresh._replace(storage=data.storage) if data.storage else dag.fresh
        undos: dict[int, TaskDataObject] = {}
        parts: dict[int, dict[int, TaskDataObject]] = {}
        for task in data.tasks:
            number = dag.index.get(task.name)
            if number is None and (part := split_part(task.name)) is not None and part[0] in dag.index:
                parts.setdefault(dag.index[part[0]], {})[part[1]] = task
                continue
            if number is None:
                undone = scheme.undone_by.get(task.name)
                if undone is not None:
                    undos[undone] = task
                    continue
                raise SchemeError(
                    f"flow {data.job.flow_id} has a task {task.name!r} on disk, which is not in class {scheme.name!r} "
                    f"version {scheme.version}; run it with the code that it was started with"
                )
            plan = _restore(plan, number, task, dag.successors[number])
        if undos or (data.tasks and any(task.doubt for task in data.tasks)):
            plan = plan._replace(undo=_rollback(data, undos, len(dag.names)))
        if data.tasks and not scheme.plain:
            plan = restore_control(scheme, plan, data.tasks, parts)
        # One that the flow can do without does not count.
        failure = _failure(data) if plan.failed or data.status is FlowStatus.FAILED else None
        return cls(data, scheme, plan, data.status, failure, data.reason)

    @property
    def offset(self) -> int:
        """The place of its job in the total order."""
        return self.data.job.offset

    @property
    def halted(self) -> bool:
        """Whether it starts nothing more: a task of it failed for good, or it does not run."""
        return self.failure is not None or self.status is not FlowStatus.RUNNING

    @property
    def lost(self) -> bool:
        """Whether it can come to no good end any more: a task of it failed for good, or it is to end. No pause does."""
        return self.failure is not None or self.status not in GOING_ON

    def failing(self, failure: Failure, reason: str) -> Flow:
        """Return it as it fails: as it starts nothing more, there is nothing left of it to pause."""
        if self.status in PAUSES:
            return self._replace(status=FlowStatus.RUNNING, failure=failure, reason=reason)
        return self._replace(failure=self.failure or failure, reason=self.reason or reason)

    def part(self, name: str) -> tuple[int, int, Fan] | None:
        """Find a part by its name: the number of its task, its index, and all parts of that task."""
        found = split_part(name)
        number = None if found is None else self.scheme.orchestration.index.get(found[0])
        fan = None if number is None else self.plan.fans.get(number)
        if found is None or number is None or fan is None or not fan.first <= found[1] <= fan.last:
            return None
        return number, found[1], fan

    @property
    def hook(self) -> str:
        """The name of the hook that its outcome calls for, if the scheme has it; empty for one that calls for none."""
        if self.status in _REVERTED:
            return ON_FAILURE if self.plan.failed else ""
        return _HOOKS.get(self.status, "")

    @property
    def flow_id(self) -> str:
        """The id that people and programs name it by."""
        return self.data.job.flow_id


def _failure(data: FlowDataObject) -> Failure:
    """Return why a flow fails: whoever handles that is never given nothing, also when no details were kept."""
    if data.reason.startswith(OUT_OF_TIME):
        # No task failed of that, so no attempt has it on record.
        return out_of_time(data.reason.removeprefix(OUT_OF_TIME))
    return data.failure or Failure.plain("FlowFailed", data.reason or "a task of it failed", "flow_failed")


def _restore(
    plan: FlowExecPlanState, number: int, task: TaskDataObject, following: tuple[int, ...]
) -> FlowExecPlanState:
    """Put one saved task into the plan; what ran when it was saved counts as running, until the machine is told."""
    states = plan.states.set(
        number,
        TaskState(
            status=task.status,
            holds=plan.states[number].holds if task.status is TaskStatus.PENDING else 0,
            attempt=task.attempt,
            failures=task.failures,
            retry_at=task.retry_at,
            started_at=task.started_at,
            ended_at=task.ended_at,
            result=task.result,
            deadline_at=task.deadline_at,
        ),
    )
    if task.status is TaskStatus.SUCCEEDED:
        for follower in following:
            state = states[follower]
            if state.status is TaskStatus.PENDING and state.holds:
                states = states.set(follower, state._replace(holds=state.holds - 1))
    return plan._replace(
        states=states,
        open=plan.open - task.status.ended,
        running=plan.running + (task.status is TaskStatus.RUNNING or task.status is TaskStatus.WAITING),
        failed=(*plan.failed, task.name) if task.status is TaskStatus.FAILED else plan.failed,
    )


def _rollback(data: FlowDataObject, undos: dict[int, TaskDataObject], size: int) -> Rollback:
    """Read how far the flow has come in undoing what it did; the machine finds out again what holds what back."""
    states = {
        number: TaskState(
            status=undo.status,
            attempt=undo.attempt,
            failures=undo.failures,
            retry_at=undo.retry_at,
            started_at=undo.started_at,
            ended_at=undo.ended_at,
            result=undo.result,
        )
        for number, undo in undos.items()
    }
    absent = TaskState(TaskStatus.SKIPPED)
    return Rollback(
        doubts=frozenset(task.name for task in data.tasks if task.doubt),
        states=Vector(states.get(number, absent) for number in range(size)) if undos else None,
        unknown=frozenset(number for number, undo in undos.items() if undo.given == UNKNOWN_ITEMS),
        open=sum(undo.status is not TaskStatus.SUCCEEDED for undo in undos.values()),
        running=sum(undo.status is TaskStatus.RUNNING for undo in undos.values()),
        waiting=sum(undo.status is TaskStatus.RETRYING for undo in undos.values()),
    )
