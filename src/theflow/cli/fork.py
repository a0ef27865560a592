"""`theflow fork`: a new flow begins from a task of another."""

from __future__ import annotations

from typing import Any

import click

from theflow import wire
from theflow.cli.document import plain, print_one
from theflow.cli.printable import line
from theflow.cli.request import accounted
from theflow.cli.session import Command, Form, Session


@click.command(cls=Command)
@click.argument("flow", metavar="ID")
@click.option("--from", "first", metavar="TASK", help="Begin there.  [default: where the flow stands]")
@accounted
@click.pass_obj
def command(session: Session, /, flow: str, first: str | None, **account: Any) -> None:
    """Begin a new flow from a task of another; print its id.

    What is finished before that task is taken over, and the storage as it is now. The other flow goes on as it is.
    """
    with wire.connect(session.db) as client:
        origin = client.resolve(flow)
        handle = client.fork(origin, first, **account)
        detail = handle.get()
    if session.form is not Form.TABLE:
        print_one(session.form, "flow", plain(detail))
        return
    click.echo(handle.flow_id)
    click.echo(f"{line(detail.flow_class)} #{handle.offset} forked from {origin}", err=True)
