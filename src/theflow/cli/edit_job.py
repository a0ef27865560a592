"""`theflow edit-job`: a job is changed before its flow begins."""

from __future__ import annotations

from typing import Any

import click

from theflow import wire
from theflow.cli.exits import Exit, Refusal
from theflow.cli.pairs import pair
from theflow.cli.request import accounted, ask_each, refusal_of
from theflow.cli.session import Command, Session
from theflow.cli.submit import input_of, instant
from theflow.cli.target import schemes_of


@click.command(cls=Command)
@click.argument("flow", metavar="ID")
@click.argument("fields", metavar="[FIELD=VALUE]...", nargs=-1, type=pair)
@click.option("--input", "document", metavar="JSON|@FILE|-", help="The whole new input as JSON.")
@click.option("--priority", type=int, help="Larger goes first among the queues.")
@click.option("--run-at", type=instant, metavar="TIME", help="Not earlier than this (ISO 8601 with zone).")
@click.option("--description", help="What people should know of it.")
@click.option("--target", metavar="TARGET", help="Check the input against this definition first.")
@accounted
@click.pass_context
def command(
    context: click.Context, /, flow: str, fields: tuple[tuple[str, str], ...], target: str | None, **given: Any
) -> None:
    """Change a job whose flow has not begun; its input is replaced as a whole. It keeps its place in its queue."""
    session: Session = context.obj
    account = {"by": given.pop("by"), "reason": given.pop("reason")}
    document = given.pop("document")
    changes = {name: value for name, value in given.items() if value is not None}
    if fields or document is not None:
        changes["input"] = input_of(fields, document)
    if not changes:
        raise Refusal("nothing is changed", Exit.USAGE, "theflow edit-job ID --priority 5")
    schemes = schemes_of(target, "theflow edit-job ID --target") if target else ()

    def edit(found: str) -> None:
        with wire.connect(session.db, schemes) as client:
            client.edit_job(found, **account, **changes)

    context.exit(ask_each(session, (flow,), lambda _, found: refusal_of(lambda: edit(found))))
