"""What is asked of the program before a task starts, or goes on: a function of storage and results, without effects."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from theflow.errors import SchemeError
from theflow.model.binding import Parameter, Place, Source, parameters_of

_LOOKED_AT = (Source.STORAGE, Source.RESULT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A condition (`when=`, `until=`) or a list (`map=`), and who fills its parameters. Errors call it `what`."""

    what: str
    body: Callable[..., Any]
    parameters: tuple[Parameter, ...] = ()

    @classmethod
    def of(cls, what: str, body: Any, place: str) -> Question:
        """Take a function of the program; raise SchemeError for what is none. `place` says where it stands."""
        if not callable(body):
            raise SchemeError(f"{place}: {what} is {body!r}; give it a function of the storage or of results")
        call = getattr(body, "__call__", None)  # noqa: B004
        if any(inspect.iscoroutinefunction(each) for each in (body, call)):
            raise SchemeError(f"{place}: {what} is async; it only looks at values, so make it a plain function (def)")
        return cls(what=what, body=body)

    def bound(self, place: Place) -> Question:
        """Return it with its parameters filled."""
        parameters = parameters_of(self.body, replace(place, takes_bare=True))
        for parameter in parameters:
            if parameter.source not in _LOOKED_AT:
                raise place.wrong(
                    f"{self.what} takes parameter {parameter.name!r}; it may look at the storage and at results by "
                    "the names of their tasks, and at nothing else"
                )
        return replace(self, parameters=parameters)

    @property
    def results(self) -> tuple[str, ...]:
        """The tasks whose results it looks at."""
        return tuple(one.name for one in self.parameters if one.source is Source.RESULT)
