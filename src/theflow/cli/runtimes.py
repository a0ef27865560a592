"""`theflow runtimes`: who is alive, where, and what they hold."""

from __future__ import annotations

from typing import Any

import click

from theflow import wire
from theflow.cli.document import print_many
from theflow.cli.moments import Moments, duration, iso
from theflow.cli.printable import line
from theflow.cli.screen import Screen
from theflow.cli.session import Command, Form, Session
from theflow.database import codec
from theflow.database.records import RuntimeRecord
from theflow.errors import DataRefused
from theflow.runtime.clock import SystemClock

TITLES = ("NAME", "STATE", "HOST", "PID", "LAST BEAT", "FLOWS", "LOST", "SINCE", "CLASSES")
CLASSES = TITLES.index("CLASSES")


@click.command(cls=Command)
@click.pass_obj
def command(session: Session, /) -> None:
    """List the runtimes that count as alive.

    A runtime that has been silent for its TTL is taken over by the others: it leaves this list, and its flows go on
    elsewhere. When it last beat is told by the clock of the database. LOST counts the threads that bodies keep after
    their time.
    """
    with wire.connect(session.db) as client:
        records = client.runtimes()
    if session.form is not Form.TABLE:
        print_many(session.form, "runtime", [_plain(record) for record in records])
        return
    screen = Screen.here()
    moments = Moments(style=session.times, now=SystemClock().now())
    screen.table(TITLES, [_row(record, moments) for record in records], elastic=CLASSES)
    if not records:
        click.echo("no runtime is alive; start one: theflow run TARGET", err=True)


def _row(record: RuntimeRecord, moments: Moments) -> tuple[str, ...]:
    holder = record.holder
    return (
        line(holder.name),
        _state(record),
        line(_host(record)),
        str(holder.pid),
        "not yet" if record.silent is None else f"{duration(max(record.silent, 0))} ago",
        f"{record.held}/{holder.flows}",
        str(record.lost_threads or ""),
        moments.show(record.started_at),
        ", ".join(f"{line(name)} v{'/'.join(map(str, versions))}" for name, versions in _classes(record).items()),
    )


def _plain(record: RuntimeRecord) -> dict[str, Any]:
    holder = record.holder
    return {
        "id": record.incarnation.id,
        "name": holder.name,
        "state": _state(record),
        "host": _host(record),
        "pid": holder.pid,
        "silent_seconds": None if record.silent is None else record.silent / 1_000_000,
        "held": record.held,
        "flows": holder.flows,
        "lost_threads": record.lost_threads,
        "classes": _classes(record),
        "started_at": iso(record.started_at),
    }


def _state(record: RuntimeRecord) -> str:
    return "draining" if record.draining else record.state


def _host(record: RuntimeRecord) -> str:
    # Behind the slash stands what tells two boots of a machine apart.
    return record.holder.host.partition("/")[0]


def _classes(record: RuntimeRecord) -> dict[str, list[int]]:
    try:
        found: dict[str, list[int]] = codec.decode(record.holder.classes, dict[str, list[int]])
    except DataRefused:
        return {}
    return found
