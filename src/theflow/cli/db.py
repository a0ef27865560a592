"""`theflow db`: the schema of the database."""

from __future__ import annotations

import click

from theflow import wire
from theflow.cli.document import print_one
from theflow.cli.exits import Exit
from theflow.cli.printable import block, line
from theflow.cli.session import Command, Form, Session
from theflow.wire import SchemaState


@click.group()
def command() -> None:
    """Create, update or check the schema of the database."""


@command.command("upgrade", cls=Command)
@click.option("--sql", is_flag=True, help="Print the statements instead of running them.")
@click.pass_obj
def upgrade(session: Session, sql: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Create the schema, or bring it up to date."""
    if sql:
        click.echo(block(wire.upgrade_sql(session.db)))
    else:
        _tell(session, wire.upgrade(session.db))


@command.command("check", cls=Command)
@click.pass_context
def check(context: click.Context, /) -> None:
    """Say which schema the database has.

    The exit code is 6 if it is not the one that this theflow needs.
    """
    session: Session = context.obj
    state = wire.schema_state(session.db)
    _tell(session, state)
    if state.current != state.newest:
        hint = "theflow db upgrade, once its runtimes are stopped" if state.current is None else "theflow db upgrade"
        click.echo(f"Try: {hint}", err=True)
        context.exit(Exit.STORE)


def _tell(session: Session, state: SchemaState) -> None:
    if session.form is not Form.TABLE:
        print_one(session.form, "schema", {"current": state.current, "newest": state.newest})
        return
    current = "none" if state.current is None else line(state.current)
    same = "up to date" if state.current == state.newest else f"this theflow needs {state.newest}"
    click.echo(f"{line(wire.display(session.db))}  schema {current}  {same}")
