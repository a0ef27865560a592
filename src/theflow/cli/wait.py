"""`theflow wait`: the exit code is the outcome."""

from __future__ import annotations

import math
from time import monotonic

import click

from theflow import wire
from theflow.cli.document import print_many
from theflow.cli.exits import Exit
from theflow.cli.moments import Moments
from theflow.cli.printable import line
from theflow.cli.screen import Screen
from theflow.cli.session import Command, Form, Session
from theflow.errors import WaitTimedOut
from theflow.model.status import FlowStatus
from theflow.model.view import FlowDetail
from theflow.runtime.client import Client
from theflow.runtime.clock import SystemClock

# A flow that has not ended after so many seconds may have a reason that its user should know.
NOTICE = 1.0


@click.command(cls=Command)
@click.argument("flows", metavar="ID...", nargs=-1, required=True)
@click.option("--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="Give up then; the flows go on.")
@click.pass_context
def command(context: click.Context, /, flows: tuple[str, ...], timeout: float | None) -> None:
    """Wait until flows have ended. ID is a flow's id, the beginning of one, or #OFFSET.

    The exit code is 0 if all succeeded, 1 if one failed or was undone, 4 if one was cancelled, 5 if the time was up.
    """
    session: Session = context.obj
    with wire.connect(session.db) as client:
        ids = [client.resolve(flow) for flow in flows]
        ended = wait_for(client, ids, timeout)
    tell(session, ended)
    context.exit(outcome(ended))


def outcome(ended: list[FlowDetail]) -> Exit:
    """Return the exit code for flows that have ended: that of the worst."""
    statuses = {flow.status for flow in ended}
    if statuses & {FlowStatus.FAILED, FlowStatus.REVERTED, FlowStatus.REVERT_FAILED}:
        return Exit.FLOW_FAILED
    return Exit.CANCELLED if FlowStatus.CANCELLED in statuses else Exit.OK


def wait_for(client: Client, ids: list[str], timeout: float | None) -> list[FlowDetail]:
    """Wait for all flows; say on standard error what holds one back. WaitTimedOut is about all of them together."""
    until = math.inf if timeout is None else monotonic() + timeout
    ended = []
    for flow_id in ids:
        try:
            ended.append(client.wait(flow_id, _left(until, NOTICE)))
        except WaitTimedOut:
            say_why(client.get_flow(flow_id))
            try:
                ended.append(client.wait(flow_id, _left(until, None)))
            except WaitTimedOut:
                raise WaitTimedOut(f"flow {flow_id} had not ended after {timeout:g} s; it goes on") from None
    return ended


def _left(until: float, most: float | None) -> float | None:
    left = max(until - monotonic(), 0.0)
    return most if left == math.inf else left if most is None else min(left, most)


def say_why(flow: FlowDetail) -> None:
    """Say on standard error why a flow does not run now, if there is a reason."""
    reasons = flow.waiting or ((flow.reason,) if flow.reason else ())
    for reason in reasons if not flow.status.ended else ():
        click.echo(f"#{flow.offset} {line(flow.flow_class)} is {flow.status}: {line(reason)}", err=True)


def tell(session: Session, flows: list[FlowDetail]) -> None:
    """Print how flows ended, a line each."""
    if session.form is not Form.TABLE:
        print_many(session.form, "flow", flows)
        return
    screen = Screen.here()
    moments = Moments(style=session.times, now=SystemClock().now())
    for flow in flows:
        took = moments.lasted(flow.started_at, flow.ended_at)
        reason = f"  {line(flow.reason)}" if flow.reason else ""
        screen.say(
            f"{screen.status(flow.status)}  {line(flow.flow_class)}  #{flow.offset}  {took}  {flow.flow_id}{reason}"
        )
