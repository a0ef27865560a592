"""`theflow resume`: flows that rest go on, and queues start again."""

from __future__ import annotations

from typing import Any

import click

from theflow.cli.many import apply_to_all, filtered, one_kind, taken_filter
from theflow.cli.queues import of_queues, resume_queue, taken_queue
from theflow.cli.request import accounted, ask_each, refusal_of
from theflow.cli.session import Command, Session
from theflow.runtime.client import Client


@click.command(cls=Command)
@click.argument("flows", metavar="[ID]...", nargs=-1)
@filtered
@of_queues
@accounted
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def command(context: click.Context, /, flows: tuple[str, ...], **given: Any) -> None:
    """Let parked and paused flows go on where they were. ID is a flow's id, the beginning of one, or #OFFSET.

    Such a flow keeps its place in its queue, and so goes first; its claims are counted anew. What made it park should
    be mended before: `theflow show` says what it was. With --queue a paused class or queue starts again.
    """
    session: Session = context.obj
    flow_filter, queue = taken_filter(given), taken_queue(given, flows)
    if queue is not None:
        resume_queue(session, queue, given)
        return
    one_kind(flows, flow_filter, "resume")
    if flow_filter is not None:
        context.exit(apply_to_all(session, "resume", flow_filter, given))

    def ask(client: Client, flow_id: str) -> str:
        return refusal_of(lambda: client.resume(flow_id, given["reason"], by=given["by"]))

    context.exit(ask_each(session, flows, ask))
