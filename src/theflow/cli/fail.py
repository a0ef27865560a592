"""`theflow fail`: a task counts as failed for good."""

from __future__ import annotations

from typing import Any

import click

from theflow.cli.request import accounted, ask_each, refusal_of
from theflow.cli.session import Command


@click.command(cls=Command)
@click.argument("flow", metavar="ID")
@click.argument("task")
@accounted
@click.pass_context
def command(context: click.Context, /, flow: str, task: str, **account: Any) -> None:
    """Let a task of a flow count as failed, and its flow fail. If its body runs, that is told to end, and not heard."""
    context.exit(
        ask_each(
            context.obj, (flow,), lambda client, found: refusal_of(lambda: client.mark_failed(found, task, **account))
        )
    )
