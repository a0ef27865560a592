"""What a class of flows consists of: the decorators build it, `orchestration` checks it whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any, ParamSpec, TypeVar, Unpack, cast, overload

from theflow.errors import InputError, SchemeError
from theflow.model.binding import Place
from theflow.model.child import ChildScheme, check_subflow, checked_child
from theflow.model.compensation import Compensation, Compensations, Policy, is_rollback
from theflow.model.control import PLAIN, checked_control
from theflow.model.job import check_name
from theflow.model.merge import Merge
from theflow.model.orchestration import Dag
from theflow.model.pool import THREAD, check_transaction, checked_pool
from theflow.model.retry import checked_retry
from theflow.model.shape import ShapeOptions, checked_shape
from theflow.model.storage_fields import check_storage, merges_of
from theflow.model.task_scheme import TaskOptions, TaskScheme, name_of
from theflow.model.time_limits import check_deadline, checked_grace, checked_seconds
from theflow.model.undo import SUFFIX

P = ParamSpec("P")
R = TypeVar("R")
Q = ParamSpec("Q")
S = TypeVar("S")

UNLIMITED = 2**31 - 1
TASKS_LIMIT = 100_000
CANCEL_GRACE = 30.0
ON_SUCCESS = "on_success"
ON_FAILURE = "on_failure"


class FlowOptions(ShapeOptions, total=False):
    """What a class of flows may be told besides its tasks; see `FlowScheme`, and `Shape` for how it is let in."""

    description: str
    on_failure: Policy
    on_cancel: Policy
    deadline: float | None
    cancel_grace: float


class SubflowOptions(TaskOptions, total=False):
    """What the task of a sub-flow may be told; see `FlowScheme.subflow`."""

    input: Callable[..., Any] | None
    user: str | Callable[[Any], str] | None


@dataclass(kw_only=True, slots=True)
class _Draft:
    """What the decorators have collected so far."""

    tasks: dict[str, TaskScheme[..., Any]] = field(default_factory=dict)
    hooks: dict[str, TaskScheme[..., Any]] = field(default_factory=dict)


class FlowScheme:
    """A class of flows: tasks over one typed storage. A value to give to a Runtime; nothing registers it anywhere.

    `concurrency` is how many flows of one user run at once (theflow.UNLIMITED for no order). With
    `on_failure="rollback"` what a flow did is undone when a task fails for good, with `on_cancel="rollback"` when
    somebody cancels it; else it stops. A flow that is not done `deadline` seconds after its start fails. Bodies that
    are told to end are left behind after `cancel_grace` seconds. The scheme is complete once its `orchestration` was
    asked for: from then on it takes no further task.
    """

    def __init__(
        self,
        name: str,
        *,
        storage: Any = dict,
        version: int = 1,
        concurrency: int = 1,
        orchestration: type[Dag] = Dag,
        **options: Unpack[FlowOptions],
    ) -> None:
        unknown = options.keys() - FlowOptions.__annotations__.keys() - ShapeOptions.__annotations__.keys()
        if unknown:
            raise TypeError(f"flow {name!r}: a FlowScheme takes no {', '.join(sorted(unknown))}")
        try:
            name = check_name("the name of a flow class", name)
        except InputError as error:
            raise SchemeError(str(error)) from None
        check_storage(name, storage)
        for what, value in (("version", version), ("concurrency", concurrency)):
            if type(value) is not int or not 1 <= value <= UNLIMITED:
                raise SchemeError(f"flow {name!r}: {what} is {value!r}; it must be an int from 1 to {UNLIMITED}")
        if not (isinstance(orchestration, type) and issubclass(orchestration, Dag)):
            raise SchemeError(f"flow {name!r}: orchestration is {orchestration!r}; use theflow.Dag or theflow.Chain")
        self.name = name
        self.storage = storage
        self.version = version
        self.concurrency = concurrency
        self.shape = checked_shape(name, options)
        self.description = options.get("description", "")
        self.reverts_on_failure = is_rollback(name, ON_FAILURE, options.get("on_failure", "stop"))
        self.reverts_on_cancel = is_rollback(name, "on_cancel", options.get("on_cancel", "stop"))
        self.deadline = checked_seconds(f"flow {name!r}", "deadline", options.get("deadline"))
        self.cancel_grace = checked_grace(name, options.get("cancel_grace", CANCEL_GRACE))
        # Whether it, or a task of it, has a deadline at all.
        self.deadlines = self.deadline is not None
        self._shape = orchestration
        self._draft = _Draft()
        self._compensations = Compensations(name)
        # Whether each task starts as soon as all before it have succeeded, once: most schemes ask for no more.
        self.plain = True
        self._tasks: Mapping[str, TaskScheme[..., Any]] = {}
        self._hooks: Mapping[str, TaskScheme[..., Any]] = {}
        self._undos: Mapping[str, TaskScheme[..., Any]] = {}

    def __repr__(self) -> str:
        return f"FlowScheme({self.name!r}, version={self.version}, tasks={len(self._draft.tasks)})"

    @overload
    def task(self, body: Callable[P, R], /) -> TaskScheme[P, R]: ...

    @overload
    def task(
        self, body: None = None, /, **options: Unpack[TaskOptions]
    ) -> Callable[[Callable[P, R]], TaskScheme[P, R]]: ...

    def task(self, body: Callable[..., Any] | None = None, /, **options: Any) -> Any:
        """Make the decorated function a task; see `add` for the options."""
        if body is None:
            return partial(self.add, **options)
        return self.add(body, **options)

    def add(self, body: Callable[P, R], **options: Unpack[TaskOptions]) -> TaskScheme[P, R]:
        """Add a task; `name` is that of its body where none is given.

        `after` names tasks that must succeed first (parameters named like tasks add to it). `retry` says how often it
        is tried, `timeout` how many seconds one attempt may take, `deadline` how many all attempts together may take
        from the first start on, `heartbeat` for how many it may give no sign of life (`ctx.heartbeat()`,
        `ctx.progress(...)`). A task that is `at_most_once` is never started again when its outcome is unknown. What a
        `transactional` one writes with `ctx.tx` is committed with its outcome, or not at all. `pool` is where a plain
        function runs: "thread", "process", or the name of an executor that the Runtime is given.

        `when` is a condition over storage and results: where it is false, the task is skipped. `join` says how many of
        the tasks before it must succeed ("all", "any", a number; "all_done": they must have ended), and `if_skipped`
        whether one that was skipped counts as done ("run") or skips this one too ("skip"). `map` runs it once per item
        of a list, `repeat` again until a condition holds.
        """
        unknown = options.keys() - TaskOptions.__annotations__.keys()
        if unknown:
            raise TypeError(f"flow {self.name!r}: a task takes no {', '.join(sorted(unknown))}")
        called = name_of(self.name, body, options.get("name"))
        self._refuse_late(called)
        if called in (ON_SUCCESS, ON_FAILURE):
            raise SchemeError(f"flow {self.name!r}: {called!r} is the name of a hook; give the task another name")
        if called in self._draft.tasks:
            raise SchemeError(f"flow {self.name!r}: two tasks are named {called!r}; give one of them name=")
        where = f"flow {self.name!r}, task {called!r}"
        at_most_once = options.get("at_most_once", False)
        task = TaskScheme(
            name=called,
            body=body,
            after=self._names(called, options.get("after", ())),
            retry=checked_retry(self.name, called, options.get("retry"), at_most_once),
            timeout=checked_seconds(where, "timeout", options.get("timeout")),
            deadline=checked_seconds(where, "deadline", options.get("deadline")),
            heartbeat=checked_seconds(where, "heartbeat", options.get("heartbeat")),
            at_most_once=at_most_once,
            transactional=options.get("transactional", False),
            control=checked_control(where, options),
            pool=THREAD if options.get("pool") is None else checked_pool(self.name, called, body, options),
            compensations=self._compensations,
        )
        check_transaction(self.name, called, body, options)
        check_deadline(where, task.deadline, task.control)
        self._draft.tasks[called] = task
        self.deadlines |= task.deadline is not None
        return task

    def subflow(self, scheme: FlowScheme | str, **options: Unpack[SubflowOptions]) -> Any:
        """Add a task that is a flow of another class, or make the decorated function one; see docs/subflows.md.

        `input` builds what the sub-flow begins with, from the same parameters as any body; without it this is a
        decorator for the function that does. `user` says in whose queue the sub-flow stands: that of the parent's user,
        or a name, or what makes one of the input. All other options are those of `add`.
        """
        if (build := options.pop("input", None)) is None:
            return lambda body: self.subflow(scheme, **{**options, "input": body})
        child = _child_of(self.name, scheme, options.pop("user", None))
        check_subflow(self.name, options)
        task = replace(self.add(build, **cast("TaskOptions", options)), child=child)
        self._draft.tasks[task.name] = task
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
    def subflows(self) -> tuple[int, ...]:
        """The numbers of the tasks that are flows of their own; empty for nearly every class."""
        return tuple(number for number, task in enumerate(self.in_order) if task.child is not None)

    @cached_property
    def hooks(self) -> Mapping[str, TaskScheme[..., Any]]:
        """The hooks by name."""
        self.orchestration  # noqa: B018 - builds and checks
        return self._hooks

    @cached_property
    def undos(self) -> Mapping[str, TaskScheme[..., Any]]:
        """What undoes tasks, by the name of the task."""
        self.orchestration  # noqa: B018 - builds and checks
        return self._undos

    @cached_property
    def undone_by(self) -> Mapping[str, int]:
        """The numbers of the tasks that can be undone, by the name of what undoes them."""
        return {undo.name: self.orchestration.index[task] for task, undo in self.undos.items()}

    @cached_property
    def merges(self) -> Mapping[str, Merge]:
        """How the fields of the storage merge that declare it, by the names under which they are stored."""
        return merges_of(self.name, self.storage)

    def _build(self) -> Dag:
        self.merges  # noqa: B018 - a rule that does not fit is refused
        drafts = self._draft.tasks
        if not drafts:
            raise SchemeError(f"flow {self.name!r} has no task; decorate a function with @{self.name}.task")
        if len(drafts) > TASKS_LIMIT:
            raise SchemeError(f"flow {self.name!r} has {len(drafts)} tasks; at most {TASKS_LIMIT} are allowed")
        bound = {name: task.bound(self._place(name)) for name, task in drafts.items()}
        orchestration = self._shape(self, bound)
        hooks = {name: hook.bound(self._place(name)) for name, hook in self._draft.hooks.items()}
        tasks = {name: replace(task, after=orchestration.after(name)) for name, task in bound.items()}
        self.plain = all(task.control is PLAIN for task in tasks.values())
        for task in tasks.values():
            task.control.check(f"flow {self.name!r}, task {task.name!r}", task.name, task.after, tasks)
            if task.collects and not task.others:
                raise self._place(task.name).wrong(
                    f"parameter **{task.collects} collects the results of the tasks in `after`, and there is none "
                    "that no other parameter takes; add after=[...], or take the parameter out"
                )
        self._tasks = MappingProxyType(tasks)
        self._hooks = MappingProxyType(hooks)
        self._undos = MappingProxyType(
            {
                # Whose results a parameter **others takes: those of the task and of what it came after.
                task: _undo_of(self._place(task + SUFFIX), (task, *orchestration.after(task)), undo)
                for task, undo in self._compensations.complete(drafts).items()
            }
        )
        return orchestration

    def _place(self, task: str) -> Place:
        tasks = self._draft.tasks.keys()
        return Place(scheme=self.name, task=task, storage=self.storage, tasks=tasks, takes_failure=task == ON_FAILURE)

    def _hook(self, name: str, body: Callable[P, R]) -> TaskScheme[P, R]:
        self._refuse_late(name)
        if name in self._draft.hooks:
            raise SchemeError(f"flow {self.name!r} has two hooks {name}; keep one")
        if isinstance(body, TaskScheme) and body.transactional:
            raise SchemeError(
                f"flow {self.name!r}, hook {name}: task {body.name!r} is transactional, and a hook has no outcome to "
                "be committed with; give the hook a function of its own"
            )
        if isinstance(body, TaskScheme) and body.pool != THREAD:
            raise SchemeError(
                f"flow {self.name!r}, hook {name}: task {body.name!r} runs in pool {body.pool!r}, and a hook in a "
                "thread; give the hook a function of its own"
            )
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


def _undo_of(place: Place, after: tuple[str, ...], undo: Compensation) -> TaskScheme[..., Any]:
    body, options = undo
    scheme = TaskScheme(
        name=place.task,
        body=body,
        after=after,
        retry=checked_retry(place.scheme, place.task, options.get("retry"), False),  # noqa: FBT003
        timeout=checked_seconds(f"flow {place.scheme!r}, task {place.task!r}", "timeout", options.get("timeout")),
        transactional=options.get("transactional", False),
    )
    check_transaction(place.scheme, place.task, body, options)
    return scheme.bound(replace(place, takes_undo=True))


def _child_of(flow: str, scheme: FlowScheme | str, user: Any) -> ChildScheme:
    if isinstance(scheme, FlowScheme):
        return checked_child(flow, scheme.name, scheme.version, scheme.storage, user)
    return checked_child(flow, scheme, None, None, user)
