"""Who fills the parameters of a task's body: decided once, from its signature, when the scheme is built."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from types import SimpleNamespace
from typing import Any, get_origin, get_type_hints

from theflow.errors import SchemeError
from theflow.model.failure import Failure
from theflow.model.undo import Undo

SHOWN = 20
# The parameter of a mapped task that gets the item of the child.
ITEM = "item"


class Source(Enum):
    """Where the value of a parameter comes from."""

    STORAGE = auto()
    CONTEXT = auto()
    RESULT = auto()
    OTHER_RESULTS = auto()
    FAILURE = auto()
    UNDO = auto()
    ITEM = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a body; `annotation` is None where the program gave none."""

    name: str
    source: Source
    annotation: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a body stands: its scheme's name, its own name, the storage type, and all tasks of the scheme by name.

    It may take the failure of the flow, the item of a mapped task, what its own task returned last, or the storage in
    a parameter without an annotation, as lambdas have them.
    """

    scheme: str
    task: str
    storage: Any
    tasks: Collection[str]
    takes_failure: bool = False
    takes_undo: bool = False
    takes_item: bool = False
    takes_own: bool = False
    takes_bare: bool = False

    def wrong(self, problem: str) -> SchemeError:
        """Return an error that says where it is."""
        return SchemeError(f"flow {self.scheme!r}, task {self.task!r}: {problem}")


def parameters_of(body: Callable[..., Any], place: Place) -> tuple[Parameter, ...]:
    """Return the parameters that theflow fills; raise SchemeError for one that nobody fills."""
    if inspect.isgeneratorfunction(body) or inspect.isasyncgenfunction(body):
        raise place.wrong("its body is a generator; a body returns its result, it does not yield")
    try:
        signature = inspect.signature(body)
    except (TypeError, ValueError) as error:
        raise place.wrong(f"its body {body!r} has no readable signature; wrap it in a function") from error
    hints = _hints(body, place)
    given = body.keywords if isinstance(body, partial) else {}
    filled = (
        _fill(parameter, hints.get(name), place)
        for name, parameter in signature.parameters.items()
        if name not in given
    )
    return tuple(parameter for parameter in filled if parameter is not None)


def is_context(annotation: Any) -> bool:
    """Whether a type says of itself that it is what a body sees of its task."""
    return getattr(get_origin(annotation) or annotation, "__theflow_context__", False) is True


def _fill(parameter: inspect.Parameter, annotation: Any, place: Place) -> Parameter | None:
    name = parameter.name
    if parameter.kind is parameter.VAR_KEYWORD:
        return Parameter(name=name, source=Source.OTHER_RESULTS, annotation=annotation)
    if parameter.kind is parameter.VAR_POSITIONAL:
        raise place.wrong(
            f"parameter {name!r} collects arguments by position, which nobody gives; name each parameter, "
            f"or write **{name} for the results of the tasks in `after`"
        )
    if parameter.kind is parameter.POSITIONAL_ONLY:
        raise place.wrong(f"parameter {name!r} is positional-only, but is filled by name; take out the '/'")
    source = _source(name, annotation, place)
    if source is not None:
        return Parameter(name=name, source=source, annotation=annotation)
    if parameter.default is not parameter.empty:
        return None
    raise place.wrong(
        f"nobody fills parameter {name!r}; annotate it with the storage type {_shown(place.storage)} or with Context, "
        f"name it like the task whose result it takes ({_others(place)}), "
        "or give it a default"
    )


def _source(name: str, annotation: Any, place: Place) -> Source | None:
    if is_context(annotation):
        return Source.CONTEXT
    if annotation is Failure and place.takes_failure:
        return Source.FAILURE
    if annotation is Undo and place.takes_undo:
        return Source.UNDO
    if place.takes_item and name == ITEM:
        return Source.ITEM
    stored = annotation is not None and _same(annotation, place.storage)
    if name in place.tasks and (name != place.task or place.takes_own):
        if stored and (get_origin(place.storage) or place.storage) is not dict:
            raise place.wrong(
                f"parameter {name!r} is named like a task and has the storage type {_shown(place.storage)}; "
                "rename the parameter or the task"
            )
        return Source.RESULT
    return Source.STORAGE if stored or (annotation is None and place.takes_bare) else None


def _same(annotation: Any, storage: Any) -> bool:
    if annotation == storage:
        return True
    return (get_origin(annotation) or annotation) is dict is (get_origin(storage) or storage)


def _hints(body: Callable[..., Any], place: Place) -> Mapping[str, Any]:
    function = inspect.unwrap(body.func if isinstance(body, partial) else body)
    if inspect.isclass(function):
        function = function.__init__
    elif not inspect.isroutine(function):
        function = inspect.unwrap(type(function).__call__)
    try:
        # What a body returns need not be found: only parameters are filled.
        noted = {name: each for name, each in getattr(function, "__annotations__", {}).items() if name != "return"}
        names = getattr(function, "__globals__", {})
        return get_type_hints(SimpleNamespace(__annotations__=noted), names, _visible(function, place.storage))
    except NameError as error:
        raise place.wrong(
            f"an annotation names {error.name!r}, which cannot be found; import or define it in the module "
            "(of the names that a function defines, only those that the body uses can be found)"
        ) from error
    except (AttributeError, SyntaxError, TypeError) as error:
        raise place.wrong(f"an annotation cannot be read ({error}); mend it") from error


def _visible(function: Any, storage: Any) -> dict[str, Any]:
    # Annotations kept as text cannot see the types of an enclosing function, except those that the body closes over.
    names = {getattr(storage, "__name__", ""): storage}
    try:
        names.update(inspect.getclosurevars(function).nonlocals)
    except (TypeError, ValueError):
        return names
    return names


def _others(place: Place) -> str:
    others = sorted(name for name in place.tasks if name != place.task)
    return ", ".join(others[:SHOWN]) + ", ..." * (len(others) > SHOWN) or "there is none"


def _shown(annotation: Any) -> str:
    return str(getattr(annotation, "__name__", annotation))
