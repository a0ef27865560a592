"""`theflow shape`: how flows are let in."""

from __future__ import annotations

import click

from theflow.cli import shape_pause, shape_set, shape_show, shape_simulate


@click.group()
def command() -> None:
    """Show, set, pause or simulate how flows are let in."""


command.add_command(shape_show.command)
command.add_command(shape_set.command)
command.add_command(shape_pause.pause)
command.add_command(shape_pause.resume)
command.add_command(shape_simulate.command)
