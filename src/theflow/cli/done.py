"""`theflow done`: a task counts as succeeded, also if it runs."""

from __future__ import annotations

from typing import Any

import click

from theflow.cli.pairs import json_or_text
from theflow.cli.request import accounted, ask_each, refusal_of
from theflow.cli.session import Command


@click.command(cls=Command)
@click.argument("flow", metavar="ID")
@click.argument("task")
@click.option("--result", type=json_or_text, metavar="JSON", help="What later tasks are given as its result.")
@accounted
@click.pass_context
def command(context: click.Context, /, flow: str, task: str, result: Any, **account: Any) -> None:
    """Let a task of a flow count as succeeded. If its body runs, that is told to end, and not heard any more."""
    context.exit(
        ask_each(
            context.obj,
            (flow,),
            lambda client, found: refusal_of(lambda: client.mark_done(found, task, result, **account)),
        )
    )
