"""What undoes the tasks of a scheme, as their decorators collect it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias, TypedDict

from theflow.errors import InputError, SchemeError
from theflow.model.job import check_name
from theflow.model.retry import Retry
from theflow.model.undo import SUFFIX

Policy: TypeAlias = Literal["stop", "rollback"]
_POLICIES = ("stop", "rollback")


class CompensationOptions(TypedDict, total=False):
    """What a compensation may be told besides its body; see `TaskScheme.compensate`."""

    retry: Retry | None
    timeout: float | None
    transactional: bool


class Compensation(NamedTuple):
    """What undoes one task, as it was declared."""

    body: Callable[..., Any]
    options: CompensationOptions


class Compensations:
    """The compensations of one scheme, at most one a task."""

    def __init__(self, flow: str) -> None:
        self._flow = flow
        self._found: dict[str, Compensation] = {}
        self._complete = False

    def add(self, task: str, body: Callable[..., Any], options: CompensationOptions) -> None:
        """Let a function undo a task."""
        where = f"flow {self._flow!r}, task {task!r}"
        unknown = options.keys() - CompensationOptions.__annotations__.keys()
        if unknown:
            raise TypeError(f"{where}: a compensation takes no {', '.join(sorted(unknown))}")
        if not callable(body):
            raise SchemeError(f"{where}: its compensation needs a callable body, got {body!r}")
        if self._complete:
            raise SchemeError(f"{where}: the flow is in use already; add its compensation before a Runtime gets it")
        if task in self._found:
            raise SchemeError(f"{where} has two compensations; keep one, and let it undo everything")
        try:
            check_name(f"{where}, the name of its compensation", task + SUFFIX)
        except InputError as error:
            raise SchemeError(str(error)) from None
        self._found[task] = Compensation(body, options)

    def complete(self, tasks: Iterable[str]) -> Mapping[str, Compensation]:
        """Take no more of them, and return those there are by their tasks; raise SchemeError if two names are alike."""
        self._complete = True
        known = set(tasks)
        for task in self._found:
            if task + SUFFIX in known:
                raise SchemeError(
                    f"flow {self._flow!r}: task {task + SUFFIX!r} has the name under which the compensation of task "
                    f"{task!r} is recorded; give it another name"
                )
        return self._found


def is_rollback(flow: str, what: str, policy: Any) -> bool:
    """Whether a flow is to undo what it did; raise SchemeError for a policy that nobody knows."""
    if policy not in _POLICIES:
        raise SchemeError(f'flow {flow!r}: {what} is {policy!r}; write "stop" or "rollback"')
    return bool(policy == "rollback")
