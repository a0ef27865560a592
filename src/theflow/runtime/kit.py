"""What another process needs to know of a task, whatever the attempt: its body and its types, all of them by name."""

from __future__ import annotations

import pickle
from functools import lru_cache
from typing import Any, NamedTuple

from theflow.errors import InputError
from theflow.model.mapping import Map
from theflow.model.repetition import Repeat
from theflow.model.retry import Retry
from theflow.model.scheme import FlowScheme
from theflow.model.task_scheme import TaskScheme
from theflow.runtime.body_reference import BodyReference, Unsendable

# So many tasks a process remembers the schemes of.
_REMEMBERED = 1024


class Kit(NamedTuple):
    """One task of a class of flows. Pickled by theflow itself: of types that says only where they are found."""

    flow_class: str
    version: int
    storage: Any
    task: str
    body: BodyReference
    after: tuple[str, ...]
    retry: Retry
    pool: str
    mapped: bool
    repeated: bool
    heartbeat: float | None

    @classmethod
    def of(cls, scheme: FlowScheme, task: TaskScheme[..., Any]) -> Kit:
        """Pack the kit of a task; raise InputError, which names the mend, if another process cannot unpack it."""
        where = f"flow {scheme.name!r}, task {task.name!r} pool={task.pool!r}"
        try:
            body = BodyReference.of(task.body)
            body.check_file(task.pool)
        except Unsendable as reason:
            raise InputError(f"{where}: its body cannot be sent to another process because {reason}") from None
        names = (scheme.name, scheme.version, scheme.storage, task.name)
        parts = (task.control.map is not None, task.control.repeat is not None)
        kit = cls(*names, body, task.after, task.retry, task.pool, *parts, task.heartbeat)
        for what, value in (("its storage type", kit.storage), ("an exception of its retry", kit.retry)):
            try:
                pickle.dumps(value)
            except (pickle.PicklingError, AttributeError, TypeError) as error:
                raise InputError(
                    f"{where}: {what} cannot be found by another process ({error}); "
                    "define it at the top level of a module"
                ) from None
        return kit

    def packed(self) -> bytes:
        """Return the kit as it travels."""
        return pickle.dumps(self)


@lru_cache(_REMEMBERED)
def unpacked(packed: bytes) -> FlowScheme:
    """Return, where the body is to run, its scheme: the one task, and the names of those before it."""
    # Written by `packed` of the runtime that sent it, over the channel of its executor: no data of a user is in there.
    kit: Kit = pickle.loads(packed)  # noqa: S301
    scheme = FlowScheme(kit.flow_class, storage=kit.storage, version=kit.version)
    for name in kit.after:
        scheme.add(_elsewhere, name=name)
    scheme.add(
        kit.body.found(),
        name=kit.task,
        after=kit.after,
        retry=kit.retry,
        pool=kit.pool,
        heartbeat=kit.heartbeat,
        map=Map(_elsewhere) if kit.mapped else None,
        repeat=Repeat(until=_elsewhere, max=1) if kit.repeated else None,
    )
    scheme.orchestration  # noqa: B018 - builds and checks
    return scheme


def _elsewhere() -> None:
    """A task that was run elsewhere."""
