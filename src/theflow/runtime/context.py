"""What the body of a task sees of its flow."""

from __future__ import annotations

import logging
from asyncio import CancelledError
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from theflow.model.task import Task
from theflow.runtime.attempt_log import LOGGER
from theflow.runtime.signs import Said

Storage = TypeVar("Storage")


class Context(Generic[Storage]):
    """A parameter annotated `Context[YourStorage]` gets one of these.

    `storage` is this attempt's own copy; what the body changes in it is kept when the attempt succeeds. `tx` is the
    connection of a transactional task, whose rows are kept with the outcome.
    `idempotency_key` is the same for all attempts of a task of a flow: give it to systems outside.
    """

    __theflow_context__ = True

    def __init__(
        self,
        task: Task,
        load: Callable[[], Storage],
        connect: Callable[[], Any],
        is_over: Callable[[], bool],
        report: Callable[[Said | None], None],
    ) -> None:
        self._task = task
        self._load = load
        self._connect = connect
        self._is_over = is_over
        self._report = report
        self.log = logging.getLogger(f"{LOGGER}.{task.flow.scheme.name}")

    @property
    def storage(self) -> Storage:
        """The storage of the flow, to read and to change."""
        return self._load()

    @property
    def tx(self) -> Any:
        """The SQLAlchemy Connection of a transactional task: what is written with it is committed with the outcome.

        Raises InputError in a task that is not transactional.
        """
        return self._connect()

    @property
    def cancelled(self) -> bool:
        """Whether the body should end: its flow was cancelled, or its time is up, or its runtime has let go of it."""
        return self._is_over()

    def checkpoint(self) -> None:
        """Raise asyncio.CancelledError if the body should end; call it now and then in a loop that takes long."""
        if self._is_over():
            raise CancelledError(f"task {self.task!r} of flow {self.flow_id} should end")

    def progress(self, done: float, total: float | None = None, message: str = "") -> None:
        """Let people see how far the body has come; call it from any thread, as often as you like.

        The newest is kept about once a second, and with the outcome. `done` may be more than `total`. Raises InputError
        for numbers that are negative or not finite; a message is cut to 500 characters.
        """
        self._report(Said.checked(done, total, message))

    def heartbeat(self) -> None:
        """Say that the body is alive, for a task with `heartbeat=`; `progress` says so too."""
        self._report(None)

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
        """The name of the task; that of a child or a round has its index in brackets."""
        return self._task.name

    @property
    def index(self) -> int | None:
        """Which child of a map this is, or which round of a repetition, from 0; None in any other task."""
        return self._task.part

    @property
    def attempt(self) -> int:
        """The number of this attempt, from 1."""
        return self._task.attempt

    @property
    def idempotency_key(self) -> str:
        """A key for the outside world, stable over all attempts."""
        return self._task.idempotency_key
