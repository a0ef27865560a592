"""`theflow version`: for a report, or a script."""

from __future__ import annotations

import platform

import click

import theflow
from theflow.cli.document import print_one
from theflow.cli.session import Command, Form, Session


@click.command(cls=Command)
@click.pass_obj
def command(session: Session, /) -> None:
    """Say which version of theflow this is, and of Python."""
    if session.form is Form.TABLE:
        click.echo(f"theflow {theflow.__version__}  Python {platform.python_version()}")
    else:
        print_one(session.form, "theflow", {"release": theflow.__version__, "python": platform.python_version()})
