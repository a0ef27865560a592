"""`theflow revert`: what flows have done is undone."""

from __future__ import annotations

from typing import Any

import click

from theflow.cli.exits import Exit, Refusal
from theflow.cli.many import apply_to_all, filtered, one_kind, taken_filter
from theflow.cli.request import accounted, ask_each, refusal_of
from theflow.cli.session import Command, Session
from theflow.runtime.client import Client


@click.command(cls=Command)
@click.argument("flows", metavar="[ID]...", nargs=-1)
@filtered
@click.option("--to", metavar="TASK", help="Undo only what came after this task; it stays itself.")
@accounted
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def command(context: click.Context, /, flows: tuple[str, ...], **given: Any) -> None:
    """Undo what flows have done, also after they succeeded. ID is a flow's id, the beginning of one, or #OFFSET.

    The compensations of their tasks run, in reverse order; `theflow wait` waits for the end. A flow that could not be
    undone goes on from there, and one that runs is stopped first. On a terminal this asks first.
    """
    session: Session = context.obj
    flow_filter, to = taken_filter(given), given["to"]
    one_kind(flows, flow_filter, "revert")
    if flow_filter is not None:
        if to:
            raise Refusal("a task is named for flows by a filter", Exit.USAGE, f"theflow revert ID... --to {to}")
        context.exit(apply_to_all(session, "revert", flow_filter, given))

    def ask(client: Client, flow_id: str) -> str:
        return refusal_of(lambda: client.revert(flow_id, to, given["reason"], by=given["by"]))

    context.exit(ask_each(session, flows, ask, "" if given["yes"] else "undo"))
