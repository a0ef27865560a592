"""Where another process finds the body of a task: the name of its module, and its name in there."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from theflow.model.pool import PROCESS
from theflow.model.task_scheme import TaskScheme

_MOVE = "move it to the top level of a module"


class Unsendable(Exception):
    """A body that no other process can find; the message says why, and what to do."""


class BodyReference(NamedTuple):
    """A function by name: code itself never travels."""

    module: str
    name: str

    @classmethod
    def of(cls, body: Callable[..., Any]) -> BodyReference:
        """Name a body; raise Unsendable if nobody finds it under that name."""
        module, name = getattr(body, "__module__", None), getattr(body, "__qualname__", None)
        if not module or not name:
            raise Unsendable(f"it is {body!r}, which has no name of its own; write it with def, and {_MOVE}")
        outer, inside, inner = name.rpartition(".<locals>.")
        if inner == "<lambda>":
            raise Unsendable(f"it is a lambda; write it with def, and {_MOVE}")
        if inside:
            raise Unsendable(f"it is defined inside function {outer}; {_MOVE}")
        reference = cls(module, name)
        try:
            found = reference.found()
        except (ImportError, AttributeError):
            found = None
        if found is not body:
            raise Unsendable(
                f"it is not what {module}.{name} names; give it a name of its own at the top level of a module"
            )
        return reference

    def check_file(self, pool: str) -> None:
        """Raise Unsendable if it stands in a main module that is no file, which a new process cannot import again."""
        if pool == PROCESS and self.module == "__main__" and not getattr(sys.modules["__main__"], "__file__", None):
            raise Unsendable("it is defined in an interactive session; write it into a file")

    def found(self) -> Callable[..., Any]:
        """Import the module, and return the function; a decorated one is the body of its task."""
        value: Any = importlib.import_module(self.module)
        for part in self.name.split("."):
            value = getattr(value, part)
        body: Callable[..., Any] = value.body if isinstance(value, TaskScheme) else value
        return body
