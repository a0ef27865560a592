"""`theflow retry`: flows that have ended go on where they failed, or from a task on."""

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
@click.option(
    "--task", "tasks", metavar="TASK", multiple=True, help="Only this failed task; may be given several times."
)
@click.option("--from", "first", metavar="TASK", help="This task and all behind it, whether it has failed or not.")
@accounted
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def command(context: click.Context, /, flows: tuple[str, ...], **given: Any) -> None:
    """Let failed and cancelled flows go on: what has succeeded stays, what has not is tried again.

    It is the same run: attempts are numbered on, and have all the tries of their policy again. With --from a task and
    all that comes after it runs again, also in a flow that has succeeded.
    """
    session: Session = context.obj
    flow_filter = taken_filter(given)
    one_kind(flows, flow_filter, "retry")
    tasks, first = given["tasks"], given["first"]
    if tasks and first:
        raise Refusal("--task and --from are given; give one of both", Exit.USAGE, f"--from {first}")
    if flow_filter is not None:
        if tasks or first:
            raise Refusal("tasks are named for flows by a filter", Exit.USAGE, "theflow retry ID... --from TASK")
        context.exit(apply_to_all(session, "retry", flow_filter, given))
    account = {"reason": given["reason"], "by": given["by"]}

    def ask(client: Client, flow_id: str) -> str:
        if first:
            return refusal_of(lambda: client.retry_from(flow_id, first, **account))
        return refusal_of(lambda: client.retry(flow_id, tasks, **account))

    context.exit(ask_each(session, flows, ask))
