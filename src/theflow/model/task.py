"""Step 6: a flow's decision to make one attempt of one task."""

from __future__ import annotations

from typing import Any, NamedTuple

from theflow.model.flow import Flow
from theflow.model.scheme import TaskScheme


class Task(NamedTuple):
    """One attempt to be made; `flow` is the flow as it was decided on."""

    flow: Flow
    scheme: TaskScheme[..., Any]
    attempt: int

    @classmethod
    def of(cls, flow: Flow, name: str, attempt: int) -> Task:
        """Make the attempt of a task of this flow."""
        return cls(flow=flow, scheme=flow.scheme.tasks[name], attempt=attempt)

    @property
    def name(self) -> str:
        """The name of the task."""
        return self.scheme.name

    def result_of(self, name: str) -> bytes | None:
        """Return the JSON result of a task that this one comes after."""
        flow = self.flow
        return flow.plan.states[flow.scheme.orchestration.index[name]].result

    @property
    def idempotency_key(self) -> str:
        """A key for the outside world: the same for all attempts of this task of this flow."""
        return f"{self.flow.flow_id}/{self.scheme.name}"
