"""`theflow drain`: a runtime finishes what it holds, and admits no more."""

from __future__ import annotations

import click

from theflow import wire
from theflow.cli.printable import line
from theflow.cli.session import Command, Session


@click.command(cls=Command)
@click.argument("name")
@click.option("--undo", is_flag=True, help="Let it admit flows again.")
@click.pass_obj
def command(session: Session, /, name: str, undo: bool) -> None:  # noqa: FBT001 - a flag
    """Tell the runtime NAME, wherever it runs, to admit no more flows.

    It finishes those that it holds, and stays: `theflow runtimes` shows it as draining. To end it, stop its process.
    """
    with wire.connect(session.db) as client:
        client.drain(name, undo=undo)
    click.echo(f"{line(name)} admits flows again" if undo else f"{line(name)} admits no more flows", err=True)
