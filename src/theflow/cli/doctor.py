"""`theflow doctor`: what is wrong with this set-up, and how to mend it."""

from __future__ import annotations

import click

from theflow import wire
from theflow.cli.document import print_many
from theflow.cli.exits import Exit
from theflow.cli.printable import line
from theflow.cli.session import Command, Form, Session

SIGNS = {"ok": "✓", "warning": "!", "error": "✗"}


@click.command(cls=Command)
@click.pass_context
def command(context: click.Context, /) -> None:
    """Look at the database and its runtimes for what is wrong; the exit code is 6 if something is."""
    session: Session = context.obj
    findings = wire.doctor(session.db)
    if session.form is not Form.TABLE:
        print_many(session.form, "finding", findings)
    else:
        for finding in findings:
            click.echo(f"{SIGNS.get(finding.level, '?')} {finding.level:7}  {line(finding.what)}")
            if finding.mend:
                click.echo(f"{'':9}  {line(finding.mend)}")
    if any(finding.level == "error" for finding in findings):
        context.exit(Exit.STORE)
