"""What is printed as JSON: a version, a noun, and the view beneath it. Times are ISO 8601, UTC."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import click

from theflow.cli.moments import iso
from theflow.cli.printable import json_text
from theflow.cli.session import Form
from theflow.model.failure import Failure, Frame
from theflow.model.view import (
    Attempt,
    Finding,
    FlowDetail,
    FlowLink,
    FlowSummary,
    FlowTree,
    LogLine,
    Request,
    TaskLine,
    TaskProgress,
    UndoLine,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

# Raised when a field changes its meaning or goes; new fields may come without.
VERSION = 1
VIEWS = (
    FlowSummary,
    FlowDetail,
    FlowLink,
    FlowTree,
    TaskLine,
    UndoLine,
    TaskProgress,
    Attempt,
    LogLine,
    Request,
    Finding,
    Failure,
    Frame,
)


def print_one(form: Form, noun: str, value: Any) -> None:
    """Print one thing."""
    click.echo(json_text({"version": VERSION, noun: plain(value)}, indent=2 if form is Form.JSON else None))


def print_many(form: Form, noun: str, values: Iterable[Any], **beside: Any) -> None:
    """Print a list: one document, or one line a thing (without what stands beside the list)."""
    if form is Form.JSON:
        listed = {f"{noun}s": [plain(value) for value in values]}
        click.echo(json_text({"version": VERSION, **listed, **beside}, indent=2))
        return
    for value in values:
        print_one(form, noun, value)


def plain(value: Any) -> Any:
    """A view as JSON values. What users stored is passed on untouched: only our own fields named *_at are times."""
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    if isinstance(value, VIEWS) and is_dataclass(value):
        return {field.name: _field(field.name, getattr(value, field.name)) for field in fields(value)}
    return value


def _field(name: str, value: Any) -> Any:
    if isinstance(value, int) and (name == "at" or name.endswith("_at")):
        return iso(value)
    return dict(value) if name == "labels" else plain(value)
