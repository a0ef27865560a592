"""`theflow shape`: how flows are let in."""

from __future__ import annotations

import click

from theflow.cli import shape_pause, shape_set, shape_show


@click.group()
def command() -> None:
    """Show, set or pause how flows are let in."""


command.add_command(shape_show.command)
command.add_command(shape_set.command)
command.add_command(shape_pause.pause)
command.add_command(shape_pause.resume)
