"""`theflow cancel`: flows end as they stand."""

from __future__ import annotations

from typing import Any

import click

from theflow.cli.many import apply_to_all, filtered, one_kind, taken_filter
from theflow.cli.request import accounted, ask_each
from theflow.cli.session import Command, Session
from theflow.model.status import FlowStatus
from theflow.runtime.client import Client

_DONE = (FlowStatus.CANCELLED, FlowStatus.CANCELLING)


@click.command(cls=Command)
@click.argument("flows", metavar="[ID]...", nargs=-1)
@filtered
@accounted
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def command(context: click.Context, /, flows: tuple[str, ...], **given: Any) -> None:
    """End flows as they stand. ID is a flow's id, the beginning of one, or #OFFSET; or name them by filters.

    A flow that no runtime holds has ended at once. One that runs is told to its runtime, which starts nothing more of
    it: `theflow wait` waits for the end. Tasks that have succeeded stay so, and no hook runs. On a terminal this asks
    first.
    """
    session: Session = context.obj
    flow_filter = taken_filter(given)
    one_kind(flows, flow_filter, "cancel")
    if flow_filter is not None:
        context.exit(apply_to_all(session, "cancel", flow_filter, given))

    def ask(client: Client, flow_id: str) -> str:
        stand = client.cancel(flow_id, given["reason"], by=given["by"])
        if stand in _DONE:
            return ""
        return f"flow {flow_id} has {stand} already; cancel is for flows that have not ended"

    context.exit(ask_each(session, flows, ask, "" if given["yes"] else "cancel"))
