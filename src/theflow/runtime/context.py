"""What the body of a task sees of its flow."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from theflow.model.task import Task
from theflow.runtime.attempt_log import LOGGER

Storage = TypeVar("Storage")


class Context(Generic[Storage]):
    """A parameter annotated `Context[YourStorage]` gets one of these.

    `storage` is this attempt's own copy; what the body changes in it is kept when the attempt succeeds.
    `idempotency_key` is the same for all attempts of a task of a flow: give it to systems outside.
    """

    __theflow_context__ = True

    def __init__(self, task: Task, load: Callable[[], Storage]) -> None:
        self._task = task
        self._load = load
        self.log = logging.getLogger(f"{LOGGER}.{task.flow.scheme.name}")

    @property
    def storage(self) -> Storage:
        """The storage of the flow, to read and to change."""
        return self._load()

    @property
    def flow_id(self) -> str:
        """The id of the flow."""
        return self._task.flow.flow_id

    @property
    def offset(self) -> int:
        """The place of the flow's job in the total order."""
        return self._task.flow.offset

    @property
    def flow_class(self) -> str:
        """The class of the flow."""
        return self._task.flow.scheme.name

    @property
    def user(self) -> str:
        """The user for whom the job was submitted."""
        return self._task.flow.data.job.meta.user

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels of the job."""
        return self._task.flow.data.job.meta.labels

    @property
    def task(self) -> str:
        """The name of the task."""
        return self._task.name

    @property
    def attempt(self) -> int:
        """The number of this attempt, from 1."""
        return self._task.attempt

    @property
    def idempotency_key(self) -> str:
        """A key for the outside world, stable over all attempts."""
        return self._task.idempotency_key
