"""What people ask of a flow as events of the machine: what does not fit the types of its class is refused here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from theflow.database import codec
from theflow.errors import DataRefused, InputError
from theflow.model.binding import Source
from theflow.model.flow import Flow
from theflow.model.message import (
    Cancel,
    EditStorage,
    Event,
    MarkDone,
    MarkFailed,
    Pause,
    Resume,
    Retry,
    RetryFrom,
    Revert,
    RunNow,
    Skip,
)
from theflow.model.operator import marked_failed
from theflow.model.scheme import FlowScheme
from theflow.model.view import Request


def event_of(request: Request, flow: Flow) -> Event:
    """Return the event of a request; raise InputError if what it gives does not fit the class of the flow."""
    make = _EVENTS.get(request.verb)
    if make is None:
        raise InputError(f"this runtime does not know the verb {request.verb!r}; it is of another version")
    return make(request, flow)


def checked_result(scheme: FlowScheme, name: str, value: Any) -> bytes:
    """Return a result as JSON; raise DataRefused if a task that takes it by name could not read it."""
    data = codec.encode(value, "result")
    for task in scheme.tasks.values():
        for parameter in task.parameters:
            if parameter.source is Source.RESULT and parameter.name == name and parameter.annotation is not None:
                try:
                    codec.decode(data, parameter.annotation)
                except DataRefused as error:
                    place = error.path.replace("$", "result", 1)
                    raise DataRefused(place, f"{error.problem}, as task {task.name!r} takes it") from None
    return data


def checked_fields(scheme: FlowScheme, storage: Mapping[str, bytes], fields: Mapping[str, Any]) -> Mapping[str, bytes]:
    """Return fields of the storage as JSON; raise DataRefused if the storage with them would not fit its type."""
    given = {name: codec.encode(value, f"$.{name}") for name, value in fields.items()}
    whole = codec.decode(codec.join({**storage, **given}), scheme.storage)
    again = codec.split(codec.encode(whole, "storage"))
    unknown = given.keys() - again.keys() - storage.keys()
    if unknown:
        known = ", ".join(repr(name) for name in again) or "none"
        name = min(unknown)
        raise DataRefused(
            f"$.{name}", f"class {scheme.name!r} has no such field in its storage; its fields are {known}"
        )
    return {name: again.get(name, data) for name, data in given.items()}


def _task(request: Request) -> str:
    return str(request.payload.get("task") or "")


def _result(request: Request, flow: Flow) -> bytes:
    return checked_result(flow.scheme, _task(request), request.payload.get("result"))


def _edit(request: Request, flow: Flow) -> Event:
    return EditStorage(checked_fields(flow.scheme, flow.plan.storage, request.payload.get("fields") or {}))


_EVENTS: Mapping[str, Callable[[Request, Flow], Event]] = {
    "cancel": lambda request, _: Cancel(request.line()),
    "revert": lambda request, _: Revert(str(request.payload.get("to") or ""), request.line()),
    "pause": lambda request, _: Pause(request.line()),
    "resume": lambda _, __: Resume(),
    "retry": lambda request, _: Retry(tuple(request.payload.get("tasks") or ())),
    "retry_from": lambda request, _: RetryFrom(_task(request)),
    "skip": lambda request, flow: Skip(_task(request), _result(request, flow)),
    "mark_done": lambda request, flow: MarkDone(_task(request), _result(request, flow)),
    "mark_failed": lambda request, _: MarkFailed(_task(request), marked_failed(request.line())),
    "edit_storage": _edit,
    "run_now": lambda request, _: RunNow(_task(request)),
}
