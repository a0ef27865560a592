"""`theflow edit`: fields of a flow's storage are set by hand."""

from __future__ import annotations

from typing import Any

import click

from theflow import wire
from theflow.cli.pairs import json_or_text, pair
from theflow.cli.request import accounted, ask_each, refusal_of
from theflow.cli.session import Command, Session
from theflow.cli.target import schemes_of


@click.command(cls=Command)
@click.argument("flow", metavar="ID")
@click.argument("fields", metavar="FIELD=VALUE...", nargs=-1, type=pair, required=True)
@click.option("--target", metavar="TARGET", help="Check the fields against this definition first.")
@accounted
@click.pass_context
def command(
    context: click.Context, /, flow: str, fields: tuple[tuple[str, str], ...], target: str | None, **account: Any
) -> None:
    """Set fields of the storage of a flow, all or none. A VALUE that reads as JSON is JSON, else text.

    The runtime that does it checks them against the type of the storage: what does not fit changes nothing.
    """
    session: Session = context.obj
    values = {name: json_or_text(text) for name, text in fields}
    schemes = schemes_of(target, "theflow edit ID --target") if target else ()

    def edit(found: str) -> None:
        with wire.connect(session.db, schemes) as client:
            client.edit_storage(found, values, **account)

    context.exit(ask_each(session, (flow,), lambda _, found: refusal_of(lambda: edit(found))))
