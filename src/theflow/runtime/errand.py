"""One attempt that is made elsewhere: what its body is given travels as JSON, and so does what comes of it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeAlias

from theflow.database import codec
from theflow.database.batch import LogRow
from theflow.errors import InputError
from theflow.model.binding import Source
from theflow.model.flow import Flow
from theflow.model.flow_data import FlowDataObject, TaskDataObject
from theflow.model.job import JobMeta, JobMetaObject
from theflow.model.message import Event, TaskFailed
from theflow.model.plan import Fan, TaskState
from theflow.model.status import FlowStatus, TaskStatus
from theflow.model.task import Task
from theflow.model.vector import Vector
from theflow.runtime.attempt import Attempt
from theflow.runtime.attempt_log import AttemptLog, LogCapture, current_attempt
from theflow.runtime.clock import SystemClock
from theflow.runtime.failure_detail import failure_of
from theflow.runtime.kit import unpacked
from theflow.runtime.signs import Said
from theflow.runtime.told_signs import Sign, ToldSigns

Rows: TypeAlias = Sequence[LogRow]
# What is told of a body while it runs.
News: TypeAlias = Rows | Sign
_SEEN = (Source.STORAGE, Source.CONTEXT)
_installing = threading.Lock()
_clock = SystemClock()


class Given(NamedTuple):
    """What a body is given, as text, numbers and JSON; `results` are those that it asks for."""

    kit: bytes
    flow_id: str
    offset: int
    user: str
    labels: Mapping[str, str]
    task: str
    attempt: int
    storage: bytes
    results: Mapping[str, bytes]
    part: int | None = None
    item: bytes | None = None

    @classmethod
    def of(cls, attempt: Attempt, kit: bytes) -> Given:
        """Take out of an attempt what its body can see."""
        flow, scheme = attempt.task.flow, attempt.task.scheme
        meta = flow.data.job.meta
        sources = {parameter.source for parameter in scheme.parameters}
        names = [parameter.name for parameter in scheme.parameters if parameter.source is Source.RESULT]
        if Source.OTHER_RESULTS in sources:
            names.extend(scheme.others)
        found = ((name, attempt.task.result_of(name)) for name in names)
        return cls(
            kit=kit,
            flow_id=flow.flow_id,
            offset=flow.offset,
            user=meta.user,
            labels=dict(meta.labels),
            task=scheme.name,
            attempt=attempt.attempt,
            storage=codec.join(flow.plan.storage) if sources.intersection(_SEEN) else b"{}",
            results={name: result for name, result in found if result is not None},
            part=attempt.task.part,
            item=attempt.task.item if Source.ITEM in sources else None,
        )

    def made(self) -> Task:
        """Return the task where its body is to run: its flow, as far as it can be seen from there."""
        scheme = unpacked(self.kit)
        meta = JobMeta(flow_class=scheme.name, user=self.user, labels=self.labels)
        data = FlowDataObject(
            job=JobMetaObject(self.offset, self.flow_id, 0, meta),
            version=scheme.version,
            status=FlowStatus.RUNNING,
            storage=codec.split(self.storage),
            tasks=tuple(
                TaskDataObject(name, TaskStatus.SUCCEEDED, 1, 0, result, None, None, None)
                for name, result in self.results.items()
                if name != self.task
            ),
        )
        flow = Flow.from_data(data, scheme)
        if self.part is not None:
            # Of a task that is done in parts only this one is seen, and of rounds the one before.
            before = TaskState(TaskStatus.SUCCEEDED, result=self.results.get(self.task))
            fan = Fan(Vector([before, TaskState()]), (), (b"null", self.item or b"null"), first=self.part - 1)
            flow = flow._replace(plan=flow.plan._replace(fans={scheme.orchestration.index[self.task]: fan}))
        return Task(flow, scheme.tasks[self.task], self.attempt, self.part)


class Errand:
    """What an executor is given to run. Within the process it also says whether anybody still needs the outcome."""

    def __init__(self, given: Given, is_over: Callable[[], bool] | None = None) -> None:
        self.given = given
        self.is_over = is_over

    def __reduce__(self) -> tuple[type[Errand], tuple[Given]]:
        """Leave behind what means nothing in another process."""
        return Errand, (self.given,)


class Report(NamedTuple):
    """What came of an errand, and what its body has logged."""

    event: Event
    rows: Rows


class DistantAttempt(Attempt):
    """The attempt where its body runs; `is_over` asks the runtime, if that is near."""

    __slots__ = ("_asked", "_told")

    def __init__(self, task: Task, asked: Callable[[], bool] | None, tell: Callable[[News], object] | None) -> None:
        super().__init__(task, _clock)
        self._asked = asked
        self._told: ToldSigns | None = None
        if tell is not None:
            self._log = StreamedLog(self, tell)
            self._told = ToldSigns(_clock, tell, task.scheme.heartbeat)

    def report(self, said: Said | None) -> None:
        """Tell the runtime that the body is alive; where that cannot be told, nobody asks for it."""
        if self._told is not None and not self.closed:
            self._told.give(said)

    def close(self) -> bool:
        """End the attempt; what was held back of its signs is told before its outcome."""
        if self._told is not None:
            self._told.close()
        return super().close()

    def is_over(self) -> bool:
        """Whether nobody needs what the body still does."""
        if self._asked is not None and self._asked():
            self.cancelled = True
        return super().is_over()


class StreamedLog(AttemptLog):
    """A log whose records are told at once: the process may be gone before the attempt ends."""

    def __init__(self, place: DistantAttempt, tell: Callable[[News], object]) -> None:
        super().__init__(place)
        self._tell = tell

    def add(self, at: int, level: str, logger: str, message: str) -> None:
        """Keep a record, and tell it."""
        super().add(at, level, logger, message)
        if rows := self.take():
            # Who does not listen any more is about to end this process.
            with suppress(OSError):
                self._tell(rows)


def run_errand(errand: Errand) -> Report:
    """Run the body of an attempt here, wherever that is; whatever it raises is in the report."""
    return report_of(errand, None)


def report_of(errand: Errand, tell: Callable[[News], object] | None) -> Report:
    """Run the body of an attempt; with `tell`, what it logs, and says of its progress, is told as it comes."""
    given = errand.given
    _listen()
    try:
        attempt = DistantAttempt(given.made(), errand.is_over, tell)
    except BaseException as error:  # noqa: BLE001 - importing the user's module may raise anything
        return Report(_not_found(given, error), ())
    token = current_attempt.set(attempt)
    try:
        arguments = attempt.arguments()
        event = attempt.succeeded(attempt.task.scheme.body(**arguments), 0)
    except BaseException as error:  # noqa: BLE001 - SystemExit of a body is the body's failure
        event = attempt.raised(error, 0)
    finally:
        current_attempt.reset(token)
    attempt.close()
    return Report(event, attempt.taken_logs())


def _not_found(given: Given, error: BaseException) -> Event:
    refusal = InputError(
        f"task {given.task!r}: its body or a type of it cannot be found by the process that was to run it ({error}); "
        "every process of its pool must be able to import the module in which it is defined, and that is not the "
        "main program there"
    )
    refusal.__cause__ = error
    return TaskFailed(given.task, given.attempt, failure_of(refusal), True, 0, 0)  # noqa: FBT003 - its policy decides


def _listen() -> None:
    """Let what bodies log be heard here; within a runtime's own process it is."""
    with _installing:
        if not any(type(handler) is LogCapture for handler in logging.root.handlers):
            LogCapture(_clock.now).install()
