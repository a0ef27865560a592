"""What a sub-flow is to be: the class that a task starts, the type of its input, and whose queue it stands in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from theflow.errors import InputError, SchemeError
from theflow.model.job import check_name

# How many flows may stand above a sub-flow.
DEPTH_LIMIT = 16
_BEFORE = "do that work in a task before it"
_NOT_TOGETHER = {
    "transactional": _BEFORE,
    "at_most_once": _BEFORE,
    "pool": _BEFORE,
    "deadline": "give its class a deadline",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildScheme:
    """The class of a sub-flow. `version` and `storage` are None where its scheme is not known here.

    `user` is whose queue it joins: that of its parent's user for None, else a name or what makes one of the input.
    """

    flow_class: str
    version: int | None = None
    storage: Any = None
    user: str | Callable[[Any], str] | None = None

    def user_for(self, given: Any, parent: str) -> str:
        """Return the user of a sub-flow that begins with this input, under a flow of that user."""
        if self.user is None:
            return parent
        return self.user if isinstance(self.user, str) else self.user(given)


def checked_child(flow: str, flow_class: str, version: int | None, storage: Any, user: Any) -> ChildScheme:
    """Return what a sub-flow is to be; raise SchemeError for a name that no class or user can have."""
    if user is not None and not isinstance(user, str) and not callable(user):
        raise SchemeError(
            f"flow {flow!r}: user of a sub-flow is {user!r}; give a name, or a function that makes one of the input"
        )
    try:
        if isinstance(user, str):
            user = check_name(f"flow {flow!r}, the user of a sub-flow", user)
        flow_class = check_name(f"flow {flow!r}, the class of a sub-flow", flow_class)
    except InputError as error:
        raise SchemeError(str(error)) from None
    return ChildScheme(flow_class=flow_class, version=version, storage=storage, user=user)


def check_subflow(flow: str, options: Mapping[str, Any]) -> None:
    """Refuse what a task cannot be told whose body only builds the input of a sub-flow."""
    for word, mend in _NOT_TOGETHER.items():
        if options.get(word):
            raise SchemeError(
                f"flow {flow!r}: the task of a sub-flow takes no {word}: its body only builds the input; {mend}"
            )
