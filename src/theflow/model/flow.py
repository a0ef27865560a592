"""Step 5: a flow in memory."""

from __future__ import annotations

from typing import NamedTuple

from theflow.errors import SchemeError
from theflow.model.failure import Failure
from theflow.model.flow_data import FlowDataObject, TaskDataObject
from theflow.model.plan import FlowExecPlanState, TaskState
from theflow.model.scheme import ON_FAILURE, ON_SUCCESS, FlowScheme
from theflow.model.status import FlowStatus, TaskStatus


class Flow(NamedTuple):
    """Data, scheme and plan: an immutable value, replaced by each decision. `failure` is the first that was final."""

    data: FlowDataObject
    scheme: FlowScheme
    plan: FlowExecPlanState
    status: FlowStatus
    failure: Failure | None = None
    reason: str = ""

    @classmethod
    def from_data(cls, data: FlowDataObject, scheme: FlowScheme) -> Flow:
        """Build the flow from what the database knows; raise SchemeError if that does not fit the scheme."""
        dag = scheme.orchestration
        plan = dag.fresh._replace(storage=data.storage) if data.storage else dag.fresh
        for task in data.tasks:
            number = dag.index.get(task.name)
            if number is None:
                raise SchemeError(
                    f"flow {data.job.flow_id} has a task {task.name!r} on disk, which is not in class {scheme.name!r} "
                    f"version {scheme.version}; run it with the code that it was started with"
                )
            plan = _restore(plan, number, task, dag.successors[number])
        failure = data.failure
        if failure is None and (plan.failed or data.status is FlowStatus.FAILED):
            # Whoever handles a failure is never given none, also when its details were not kept.
            failure = Failure.plain("FlowFailed", data.reason or "a task of it failed")
        return cls(data=data, scheme=scheme, plan=plan, status=data.status, failure=failure, reason=data.reason)

    @property
    def offset(self) -> int:
        """The place of its job in the total order."""
        return self.data.job.offset

    @property
    def hook(self) -> str:
        """The name of the hook that its outcome calls for, if the scheme has it."""
        return ON_SUCCESS if self.status is FlowStatus.SUCCEEDED else ON_FAILURE

    @property
    def flow_id(self) -> str:
        """The id that people and programs name it by."""
        return self.data.job.flow_id


def _restore(
    plan: FlowExecPlanState, number: int, task: TaskDataObject, following: tuple[int, ...]
) -> FlowExecPlanState:
    """Put one saved task into the plan; what ran when it was saved counts as running, until the machine is told."""
    states = plan.states.set(
        number,
        TaskState(
            status=task.status,
            holds=0 if task.attempt else plan.states[number].holds,
            attempt=task.attempt,
            failures=task.failures,
            retry_at=task.retry_at,
            started_at=task.started_at,
            ended_at=task.ended_at,
            result=task.result,
        ),
    )
    if task.status is TaskStatus.SUCCEEDED:
        for follower in following:
            state = states[follower]
            if not state.attempt:
                states = states.set(follower, state._replace(holds=state.holds - 1))
    return plan._replace(
        states=states,
        open=plan.open - task.status.ended,
        running=plan.running + (task.status is TaskStatus.RUNNING),
        failed=(*plan.failed, task.name) if task.status is TaskStatus.FAILED else plan.failed,
    )
