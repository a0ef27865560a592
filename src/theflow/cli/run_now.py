"""`theflow run-now`: what waits for its time waits no longer."""

from __future__ import annotations

from typing import Any

import click

from theflow.cli.request import accounted, ask_each, refusal_of
from theflow.cli.session import Command


@click.command(cls=Command)
@click.argument("flow", metavar="ID")
@click.option("--task", metavar="TASK", help="Only the next attempt of this task.")
@accounted
@click.pass_context
def command(context: click.Context, /, flow: str, task: str | None, **account: Any) -> None:
    """Let a delayed flow be due now, or the next attempts of a flow whose tasks wait for a retry."""
    context.exit(
        ask_each(context.obj, (flow,), lambda client, found: refusal_of(lambda: client.run_now(found, task, **account)))
    )
