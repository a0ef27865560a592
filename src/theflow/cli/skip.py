"""`theflow skip`: a task does not run, and counts as succeeded."""

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
    """Let a task of a flow count as succeeded, and not run: one that has not begun, waits, or has failed.

    A flow that has failed goes on if this was the only failure. A task that runs is for `theflow done`.
    """
    context.exit(
        ask_each(
            context.obj, (flow,), lambda client, found: refusal_of(lambda: client.skip(found, task, result, **account))
        )
    )
