"""`theflow shape show`: what limits flows now, who set it, and how much of it is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from theflow import wire
from theflow.cli.document import VERSION, print_many, print_one
from theflow.cli.limits import plain_record
from theflow.cli.moments import Moments, iso
from theflow.cli.printable import json_text, line
from theflow.cli.screen import Screen
from theflow.cli.session import Command, Form, Session
from theflow.model.limit import LimitRecord, Scope, ScopeKind
from theflow.model.queue_pause import QueuePause
from theflow.model.view import Request
from theflow.runtime.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TITLES = ("LIMIT OF", "AT ONCE", "IN USE", "RATE", "WEIGHT", "V", "BY", "SINCE", "REASON")
PAUSED = ("PAUSED", "BY", "SINCE", "REASON")
DONE = ("WHAT", "BY", "WHEN", "REASON")


@click.command("show", cls=Command)
@click.option("--history", is_flag=True, help="What people did to queues, classes and limits, the oldest first.")
@click.pass_obj
def command(session: Session, history: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Show the limits that people have set, what is in use of them, and what is paused.

    What classes declare themselves holds where nothing is set here.
    """
    if history:
        _show_history(session)
        return
    with wire.connect(session.db) as client:
        limits, pauses, usage = client.limits(), client.pauses(), client.usage()
    if session.form is Form.TABLE:
        _show(limits, pauses, usage, Moments(style=session.times, now=SystemClock().now()))
        return
    plain_limits = [plain_record(each) | {"in_use": _used(each.scope, usage)} for each in limits]
    plain_pauses = [each._asdict() | {"asked_at": iso(each.asked_at)} for each in pauses]
    if session.form is Form.JSON:
        click.echo(json_text({"version": VERSION, "limits": plain_limits, "pauses": plain_pauses}, indent=2))
        return
    for noun, values in (("limit", plain_limits), ("pause", plain_pauses)):
        for value in values:
            print_one(session.form, noun, value)


def _used(scope: Scope, usage: Mapping[Scope, int]) -> int | None:
    """How much is in use; None where nothing counts it: of queues, and of every user."""
    if scope.kind is ScopeKind.QUEUE or (scope.kind is ScopeKind.USER and not scope.user):
        return None
    return usage.get(scope, 0)


def _show(
    limits: Sequence[LimitRecord], pauses: Sequence[QueuePause], usage: Mapping[Scope, int], moments: Moments
) -> None:
    screen = Screen.here()
    rows = [_row(each, _used(each.scope, usage), moments) for each in limits]
    screen.table(TITLES, rows, elastic=TITLES.index("REASON"))
    if limits and pauses:
        screen.say("")
    screen.table(
        PAUSED,
        [
            (
                f"class {line(each.flow_class)}" + (f", user {line(each.user)}" if each.user else ""),
                line(each.asked_by),
                moments.show(each.asked_at),
                line(each.reason),
            )
            for each in pauses
        ],
        elastic=PAUSED.index("REASON"),
    )
    if not limits:
        click.echo("no limit is set", err=True)
    if not pauses:
        click.echo("no queue is paused", err=True)


def _row(record: LimitRecord, used: int | None, moments: Moments) -> tuple[str, ...]:
    limit = record.limit
    return (
        line(record.scope.line()),
        "" if limit.capacity is None else str(limit.capacity),
        "" if used is None else str(used),
        "" if limit.rate is None else limit.rate.line(),
        "" if limit.weight is None else f"{limit.weight:g}",
        str(record.version),
        line(record.set_by),
        moments.show(record.set_at),
        line(record.reason),
    )


def _show_history(session: Session) -> None:
    with wire.connect(session.db) as client:
        requests = client.queue_requests()
    if session.form is not Form.TABLE:
        print_many(session.form, "request", requests)
        return
    moments = Moments(style=session.times, now=SystemClock().now())
    rows = [
        (line(_told(each)), line(each.asked_by), moments.show(each.asked_at), line(each.reason)) for each in requests
    ]
    Screen.here().table(DONE, rows, elastic=DONE.index("REASON"))
    if not requests:
        click.echo("nobody has done anything to queues, classes or limits", err=True)


def _told(request: Request) -> str:
    given: Mapping[str, Any] = request.payload
    names = [f"{key} {given[key]}" for key in ("kind", "name", "flow_class", "class", "user") if given.get(key)]
    if given.get("kind"):
        names[0] = str(given["kind"])
    what = f"{request.verb} {', '.join(names)}".rstrip()
    return f"{what}: {given['changes']}" if given.get("changes") else what
