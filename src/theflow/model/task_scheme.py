"""What one task of a class of flows consists of: its body, and how that is to be run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Generic, ParamSpec, TypedDict, TypeVar, Unpack, cast, overload

from theflow.errors import InputError, SchemeError
from theflow.model.binding import Parameter, Place, Source, parameters_of
from theflow.model.child import ChildScheme
from theflow.model.compensation import CompensationOptions, Compensations
from theflow.model.control import PLAIN, Control
from theflow.model.job import check_name
from theflow.model.joining import Join
from theflow.model.mapping import Map, Over
from theflow.model.pool import THREAD, is_async
from theflow.model.repetition import Repeat
from theflow.model.retry import ONCE, Retry

P = ParamSpec("P")
R = TypeVar("R")
Q = ParamSpec("Q")
S = TypeVar("S")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskScheme(Generic[P, R]):
    """One task: its body, what it comes after, how long it may take, how often it is tried. A call calls its body."""

    name: str
    body: Callable[P, R]
    after: tuple[str, ...] = ()
    retry: Retry = ONCE
    timeout: float | None = None
    deadline: float | None = None
    heartbeat: float | None = None
    at_most_once: bool = False
    transactional: bool = False
    pool: str = THREAD
    parameters: tuple[Parameter, ...] = ()
    is_async: bool = False
    control: Control = PLAIN
    child: ChildScheme | None = None
    compensations: Compensations | None = field(default=None, repr=False, compare=False)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the plain body, without the engine."""
        return self.body(*args, **kwargs)

    @property
    def join(self) -> Join:
        """How many of the tasks before it must succeed."""
        return self.control.join

    @property
    def if_skipped(self) -> str:
        """What becomes of it when one of these was skipped."""
        return self.control.if_skipped

    @property
    def asks(self) -> bool:
        """Whether there is something to find out, or to be told, before it starts."""
        return self.control.asks

    @property
    def collects(self) -> str:
        """The name of the parameter that takes the results which no other one takes; empty without one."""
        return next((one.name for one in self.parameters if one.source is Source.OTHER_RESULTS), "")

    @property
    def others(self) -> tuple[str, ...]:
        """The tasks before this one whose results no parameter takes by name."""
        named = {one.name for one in self.parameters if one.source is Source.RESULT}
        return tuple(name for name in self.after if name not in named)

    @overload
    def compensate(self, body: Callable[Q, S], /, **options: Unpack[CompensationOptions]) -> Callable[Q, S]: ...

    @overload
    def compensate(
        self, body: None = None, /, **options: Unpack[CompensationOptions]
    ) -> Callable[[Callable[Q, S]], Callable[Q, S]]: ...

    def compensate(self, body: Callable[..., Any] | None = None, /, **options: Any) -> Any:
        """Let the decorated function undo this task when its flow is reverted; it stays a plain function.

        Its parameters are filled like those of a task; one annotated `Undo` is told why. `retry`, `timeout` and
        `transactional` are as for a task.
        """
        if self.compensations is None:
            raise SchemeError(f"{self.name!r} is no task of a flow: there is nothing to undo")
        if self.control.divides:
            kind = "mapped" if self.control.map else "repeated"
            raise SchemeError(f"compensate: task {self.name!r} is {kind}; undo it in a task of its own")
        if body is None:
            return partial(self.compensate, **options)
        self.compensations.add(self.name, body, cast("CompensationOptions", options))
        return body

    def bound(self, place: Place) -> TaskScheme[P, R]:
        """Return the task with its parameters filled and the tasks that these make it come after."""
        control = self.control.bound(place)
        parameters = parameters_of(self.body, control.place_of_body(place))
        results = (one.name for one in parameters if one.source is Source.RESULT and one.name != self.name)
        return replace(
            self,
            parameters=parameters,
            after=tuple(dict.fromkeys((*self.after, *results, *control.results))),
            is_async=is_async(self.body),
            control=control,
        )


class TaskOptions(TypedDict, total=False):
    """What a task may be told besides its body; see `FlowScheme.add`."""

    name: str | None
    after: Iterable[TaskScheme[..., Any] | str]
    retry: Retry | None
    timeout: float | None
    deadline: float | None
    heartbeat: float | None
    at_most_once: bool
    transactional: bool
    when: Callable[..., Any] | None
    join: str | int
    if_skipped: str
    map: Map | Over | None
    repeat: Repeat | None
    pool: str | None


def name_of(flow: str, body: Any, called: Any) -> str:
    """Return the name of a task: the one it is given, or that of its body; raise SchemeError for what is none."""
    if called is None:
        called = getattr(body, "__name__", None)
    if not callable(body):
        raise SchemeError(f"flow {flow!r}: task {called!r} needs a callable body, got {body!r}")
    if called is None:
        raise SchemeError(f"flow {flow!r}: {body!r} has no name of its own; name the task with name=")
    try:
        check_name(f"flow {flow!r}, the name of a task", called)
    except InputError as error:
        raise SchemeError(str(error)) from None
    return str(called)
