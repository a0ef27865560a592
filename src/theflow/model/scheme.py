"""What a class of flows consists of: the decorators build it, `orchestration` checks it whole."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any, Generic, ParamSpec, TypeVar, get_origin, is_typeddict, overload

from theflow.errors import InputError, SchemeError
from theflow.model.binding import Parameter, Place, Source, parameters_of
from theflow.model.job import check_name
from theflow.model.orchestration import Dag
from theflow.model.retry import ONCE, Retry

P = ParamSpec("P")
R = TypeVar("R")

UNLIMITED = 2**31 - 1
TIMEOUT_LIMIT = 366 * 86_400.0
TASKS_LIMIT = 100_000
ON_SUCCESS = "on_success"
ON_FAILURE = "on_failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskScheme(Generic[P, R]):
    """One task: its body, what it comes after, how long it may take, how often it is tried. A call calls its body."""

    name: str
    body: Callable[P, R]
    after: tuple[str, ...] = ()
    retry: Retry = ONCE
    timeout: float | None = None
    at_most_once: bool = False
    parameters: tuple[Parameter, ...] = ()
    is_async: bool = False

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the plain body, without the engine."""
        return self.body(*args, **kwargs)

    @property
    def collects(self) -> str:
        """The name of the parameter that takes the results which no other one takes; empty without one."""
        return next((one.name for one in self.parameters if one.source is Source.OTHER_RESULTS), "")

    @property
    def others(self) -> tuple[str, ...]:
        """The tasks before this one whose results no parameter takes by name."""
        named = {one.name for one in self.parameters if one.source is Source.RESULT}
        return tuple(name for name in self.after if name not in named)

    def bound(self, place: Place) -> TaskScheme[P, R]:
        """Return the task with its parameters filled and the tasks that these make it come after."""
        parameters = parameters_of(self.body, place)
        results = (parameter.name for parameter in parameters if parameter.source is Source.RESULT)
        return replace(
            self,
            parameters=parameters,
            after=tuple(dict.fromkeys((*self.after, *results))),
            is_async=_is_async(self.body),
        )


@dataclass(kw_only=True, slots=True)
class _Draft:
    """What the decorators have collected so far."""

    tasks: dict[str, TaskScheme[..., Any]] = field(default_factory=dict)
    hooks: dict[str, TaskScheme[..., Any]] = field(default_factory=dict)


class FlowScheme:
    """A class of flows: tasks over one typed storage. A value to give to a Runtime; nothing registers it anywhere.

    `concurrency` is how many flows of one user run at once (theflow.UNLIMITED for no order). The scheme is complete
    once its `orchestration` was asked for: from then on it takes no further task.
    """

    def __init__(
        self,
        name: str,
        *,
        storage: Any = dict,
        version: int = 1,
        concurrency: int = 1,
        orchestration: type[Dag] = Dag,
        description: str = "",
    ) -> None:
        try:
            check_name("the name of a flow class", name)
        except InputError as error:
            raise SchemeError(str(error)) from None
        _check_storage(name, storage)
        for what, value in (("version", version), ("concurrency", concurrency)):
            if type(value) is not int or not 1 <= value <= UNLIMITED:
                raise SchemeError(f"flow {name!r}: {what} is {value!r}; it must be an int from 1 to {UNLIMITED}")
        if not (isinstance(orchestration, type) and issubclass(orchestration, Dag)):
            raise SchemeError(f"flow {name!r}: orchestration is {orchestration!r}; use theflow.Dag or theflow.Chain")
        self.name = name
        self.storage = storage
        self.version = version
        self.concurrency = concurrency
        self.description = description
        self._shape = orchestration
        self._draft = _Draft()
        self._tasks: Mapping[str, TaskScheme[..., Any]] = {}
        self._hooks: Mapping[str, TaskScheme[..., Any]] = {}

    def __repr__(self) -> str:
        return f"FlowScheme({self.name!r}, version={self.version}, tasks={len(self._draft.tasks)})"

    @overload
    def task(self, body: Callable[P, R], /) -> TaskScheme[P, R]: ...

    @overload
    def task(
        self,
        body: None = None,
        /,
        *,
        name: str | None = None,
        after: Iterable[TaskScheme[..., Any] | str] = (),
        retry: Retry | None = None,
        timeout: float | None = None,
        at_most_once: bool = False,
    ) -> Callable[[Callable[P, R]], TaskScheme[P, R]]: ...

    def task(self, body: Callable[..., Any] | None = None, /, **options: Any) -> Any:
        """Make the decorated function a task; see `add` for the options."""
        if body is None:
            return partial(self.add, **options)
        return self.add(body, **options)

    def add(
        self,
        body: Callable[P, R],
        *,
        name: str | None = None,
        after: Iterable[TaskScheme[..., Any] | str] = (),
        retry: Retry | None = None,
        timeout: float | None = None,
        at_most_once: bool = False,
    ) -> TaskScheme[P, R]:
        """Add a task.

        `after` names tasks that must succeed first (parameters named like tasks add to it). `timeout` is the seconds
        that one attempt may take. A task that is `at_most_once` is never started again when its outcome is unknown.
        """
        called = name if name is not None else getattr(body, "__name__", None)
        if not callable(body):
            raise SchemeError(f"flow {self.name!r}: task {called!r} needs a callable body, got {body!r}")
        if called is None:
            raise SchemeError(f"flow {self.name!r}: {body!r} has no name of its own; name the task with name=")
        self._refuse_late(called)
        try:
            check_name(f"flow {self.name!r}, the name of a task", called)
        except InputError as error:
            raise SchemeError(str(error)) from None
        if called in (ON_SUCCESS, ON_FAILURE):
            raise SchemeError(f"flow {self.name!r}: {called!r} is the name of a hook; give the task another name")
        if called in self._draft.tasks:
            raise SchemeError(f"flow {self.name!r}: two tasks are named {called!r}; give one of them name=")
        task = TaskScheme(
            name=called,
            body=body,
            after=self._names(called, after),
            retry=_checked_retry(self.name, called, retry, at_most_once),
            timeout=_checked_timeout(self.name, called, timeout),
            at_most_once=at_most_once,
        )
        self._draft.tasks[called] = task
        return task

    def on_success(self, body: Callable[P, R]) -> TaskScheme[P, R]:
        """Run the function after a flow succeeded, at least once; if it fails, that is recorded and changes nothing."""
        return self._hook(ON_SUCCESS, body)

    def on_failure(self, body: Callable[P, R]) -> TaskScheme[P, R]:
        """Run the function after a flow failed, at least once; a parameter annotated `Failure` gets the failure."""
        return self._hook(ON_FAILURE, body)

    @cached_property
    def orchestration(self) -> Dag:
        """The order of the tasks; the first call checks the whole definition and raises SchemeError."""
        return self._build()

    @cached_property
    def tasks(self) -> Mapping[str, TaskScheme[..., Any]]:
        """The tasks in the order of their declaration, complete."""
        self.orchestration  # noqa: B018 - builds and checks
        return self._tasks

    @cached_property
    def in_order(self) -> tuple[TaskScheme[..., Any], ...]:
        """The tasks by their numbers in the orchestration."""
        return tuple(self.tasks.values())

    @cached_property
    def hooks(self) -> Mapping[str, TaskScheme[..., Any]]:
        """The hooks by name."""
        self.orchestration  # noqa: B018 - builds and checks
        return self._hooks

    def _build(self) -> Dag:
        drafts = self._draft.tasks
        if not drafts:
            raise SchemeError(f"flow {self.name!r} has no task; decorate a function with @{self.name}.task")
        if len(drafts) > TASKS_LIMIT:
            raise SchemeError(f"flow {self.name!r} has {len(drafts)} tasks; at most {TASKS_LIMIT} are allowed")
        bound = {name: task.bound(self._place(name)) for name, task in drafts.items()}
        orchestration = self._shape(self, bound)
        hooks = {name: hook.bound(self._place(name)) for name, hook in self._draft.hooks.items()}
        tasks = {name: replace(task, after=orchestration.after(name)) for name, task in bound.items()}
        for task in tasks.values():
            if task.collects and not task.others:
                raise self._place(task.name).wrong(
                    f"parameter **{task.collects} collects the results of the tasks in `after`, and there is none "
                    "that no other parameter takes; add after=[...], or take the parameter out"
                )
        self._tasks = MappingProxyType(tasks)
        self._hooks = MappingProxyType(hooks)
        return orchestration

    def _place(self, task: str) -> Place:
        tasks = self._draft.tasks.keys()
        return Place(scheme=self.name, task=task, storage=self.storage, tasks=tasks, takes_failure=task == ON_FAILURE)

    def _hook(self, name: str, body: Callable[P, R]) -> TaskScheme[P, R]:
        self._refuse_late(name)
        if name in self._draft.hooks:
            raise SchemeError(f"flow {self.name!r} has two hooks {name}; keep one")
        hook = TaskScheme(name=name, body=body)
        self._draft.hooks[name] = hook
        return hook

    def _refuse_late(self, name: str) -> None:
        if "orchestration" in self.__dict__:
            raise SchemeError(f"flow {self.name!r} is in use already; add {name!r} before a Runtime or Client gets it")

    def _names(self, task: str, after: Iterable[TaskScheme[..., Any] | str]) -> tuple[str, ...]:
        if isinstance(after, (str, TaskScheme)) or not isinstance(after, Iterable):
            raise SchemeError(f"flow {self.name!r}, task {task!r}: after must be a list of tasks; write after=[...]")
        names = []
        for before in after:
            if not isinstance(before, (str, TaskScheme)):
                raise SchemeError(
                    f"flow {self.name!r}, task {task!r}: after holds {before!r}; give tasks or their names"
                )
            names.append(before if isinstance(before, str) else before.name)
        return tuple(dict.fromkeys(names))


def _is_async(body: Callable[..., Any]) -> bool:
    # Async is the outermost layer that says so: a decorator's own function, what it wraps, or an object's __call__.
    function = body.func if isinstance(body, partial) else body
    call = getattr(function, "__call__", None)  # noqa: B004
    return any(inspect.iscoroutinefunction(each) for each in (function, inspect.unwrap(function), call))


def _check_storage(name: str, storage: Any) -> None:
    kind = get_origin(storage) or storage
    marks = ("__dataclass_fields__", "__struct_fields__", "__attrs_attrs__", "model_fields")
    named = (
        kind is dict or is_typeddict(kind) or (isinstance(kind, type) and any(hasattr(kind, mark) for mark in marks))
    )
    if named and not getattr(getattr(kind, "__struct_config__", None), "array_like", False):
        return
    shown = getattr(storage, "__name__", repr(storage))
    raise SchemeError(
        f"flow {name!r}: storage type {shown} is not kept as an object with named fields; "
        "use a dataclass, msgspec Struct, pydantic model, attrs class, TypedDict or dict"
    )


def _checked_retry(flow: str, task: str, retry: Retry | None, at_most_once: bool) -> Retry:  # noqa: FBT001 - as declared
    if retry is None:
        return ONCE
    if not isinstance(retry, Retry):
        raise SchemeError(f"flow {flow!r}, task {task!r}: retry is {retry!r}; give it theflow.Retry(...)")
    if at_most_once and retry.attempts > 1:
        raise SchemeError(f"flow {flow!r}, task {task!r} is at_most_once and has a retry; choose one of them")
    return retry


def _checked_timeout(flow: str, task: str, timeout: float | None) -> float | None:
    if timeout is None:
        return None
    number = type(timeout) in (int, float) and math.isfinite(timeout)
    if not number or not 0 < timeout <= TIMEOUT_LIMIT:
        raise SchemeError(
            f"flow {flow!r}, task {task!r}: timeout is {timeout!r}; give it seconds above 0, at most {TIMEOUT_LIMIT:g}"
        )
    return timeout
