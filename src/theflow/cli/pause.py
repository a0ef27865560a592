"""`theflow pause`: flows come to rest, or queues start nothing."""

from __future__ import annotations

from typing import Any

import click

from theflow.cli.many import apply_to_all, filtered, one_kind, taken_filter
from theflow.cli.queues import list_pauses, of_queues, pause_queue, taken_queue
from theflow.cli.request import accounted, ask_each, refusal_of
from theflow.cli.session import Command, Session
from theflow.runtime.client import Client
from theflow.runtime.operator import TIMERS


@click.command(cls=Command)
@click.argument("flows", metavar="[ID]...", nargs=-1)
@filtered
@of_queues
@click.option("--timers", type=click.Choice(TIMERS), default="run", show_default=True, help="What waits do meanwhile.")
@click.option("--list", "listed", is_flag=True, help="List the queues and classes that are paused.")
@accounted
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def command(context: click.Context, /, flows: tuple[str, ...], **given: Any) -> None:
    """Let flows come to rest, or with --queue a class or a queue start nothing more.

    A flow is `pausing` while bodies of it run, and `paused` when nothing of it runs any more. Its waits for retries go
    on passing, or with --timers hold what was left of them is left. What is paused with --queue lets what runs go on.
    """
    session: Session = context.obj
    flow_filter, queue = taken_filter(given), taken_queue(given, flows)
    if given["listed"]:
        list_pauses(session)
    elif queue is not None:
        pause_queue(session, queue, given)
    else:
        one_kind(flows, flow_filter, "pause")
        if flow_filter is not None:
            context.exit(apply_to_all(session, "pause", flow_filter, given))

        def ask(client: Client, flow_id: str) -> str:
            given_on = {"timers": given["timers"], "by": given["by"]}
            return refusal_of(lambda: client.pause(flow_id, given["reason"], **given_on))

        context.exit(ask_each(session, flows, ask))
