"""Step 6: a flow's decision to make one attempt of one task."""

from __future__ import annotations

from typing import Any, NamedTuple

from theflow.model.flow import Flow
from theflow.model.part import part_name
from theflow.model.status import TaskStatus
from theflow.model.task_scheme import TaskScheme
from theflow.model.undo import Undo


class Task(NamedTuple):
    """One attempt to be made; `flow` is the flow as it was decided on, `part` says of which part of the task."""

    flow: Flow
    scheme: TaskScheme[..., Any]
    attempt: int
    part: int | None = None

    @classmethod
    def of(cls, flow: Flow, name: str, attempt: int) -> Task:
        """Make the attempt of a task of this flow."""
        return cls(flow=flow, scheme=flow.scheme.tasks[name], attempt=attempt)

    @property
    def name(self) -> str:
        """The name of the task, or of the part of it that is attempted."""
        return self.scheme.name if self.part is None else part_name(self.scheme.name, self.part)

    def result_of(self, name: str) -> bytes | None:
        """Return the JSON result of a task that this one comes after."""
        flow = self.flow
        number = flow.scheme.orchestration.index[name]
        if name == self.scheme.name and self.part is not None:
            # What ends a repetition looks at the round that has just ended, and a round at the one before it.
            fan = flow.plan.fans[number]
            round_of = self.part - (fan.state(self.part).status is not TaskStatus.SUCCEEDED)
            return fan.state(round_of).result if round_of >= fan.first else None
        return flow.plan.states[number].result

    @property
    def undo(self) -> Undo:
        """What a compensation is told of the task that it undoes."""
        number = self.flow.scheme.undone_by[self.scheme.name]
        rollback = self.flow.plan.undo
        return Undo(
            reason=self.flow.reason,
            unknown=rollback is not None and number in rollback.unknown,
            task=self.flow.scheme.orchestration.names[number],
        )

    @property
    def idempotency_key(self) -> str:
        """A key for the outside world: the same for all attempts of this task of this flow, or of this part of it."""
        return f"{self.flow.flow_id}/{self.name}"

    @property
    def item(self) -> bytes | None:
        """What this child of a map is made for, as JSON."""
        fan = self.flow.plan.fans.get(self.flow.scheme.orchestration.index[self.scheme.name])
        return fan.items[self.part - fan.first] if fan is not None and self.part is not None else None
