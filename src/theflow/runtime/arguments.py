"""What the parameters of a body, or of a question, are filled with: stored values, read as what they are annotated."""

from __future__ import annotations

from typing import Any

from theflow.database import codec
from theflow.errors import DataRefused
from theflow.model.binding import Parameter, Source
from theflow.model.task import Task


def result_of(task: Task, name: str, parameter: Parameter) -> Any:
    """Return the result of a task that this one comes after; None where it has none."""
    return _read(task, task.result_of(name), parameter, f"result of {name}")


def item_of(task: Task, parameter: Parameter) -> Any:
    """Return what a child of a map is made for."""
    return _read(task, task.item, parameter, f"item of {task.name}")


def arguments_of(task: Task, parameters: tuple[Parameter, ...]) -> dict[str, Any]:
    """Return what a question is asked with: the storage and results, each read anew."""
    return {parameter.name: _looked_at(task, parameter) for parameter in parameters}


def _looked_at(task: Task, parameter: Parameter) -> Any:
    if parameter.source is Source.RESULT:
        return result_of(task, parameter.name, parameter)
    return codec.decode(codec.join(task.flow.plan.storage), task.flow.scheme.storage)


def _read(task: Task, data: bytes | None, parameter: Parameter, what: str) -> Any:
    if data is None:
        return None
    try:
        return codec.decode(data, Any if parameter.annotation is None else parameter.annotation)
    except DataRefused as error:
        raise DataRefused(error.path.replace("$", what, 1), f"{error.problem} (task {task.name!r})") from None
