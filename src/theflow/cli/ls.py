"""`theflow ls`: flows, newest first, a page at a time."""

from __future__ import annotations

from typing import Any

import click

from theflow import wire
from theflow.cli.document import print_many
from theflow.cli.moments import Moments
from theflow.cli.pairs import pair
from theflow.cli.printable import line
from theflow.cli.screen import Screen
from theflow.cli.session import Command, Form, Session
from theflow.model.status import FlowStatus
from theflow.model.view import FlowFilter, FlowSummary
from theflow.runtime.clock import SystemClock

TITLES = ("#", "STATUS", "CLASS", "USER", "CREATED", "TOOK", "ABOUT", "ID")
# Offsets are 64-bit integers with a sign.
LARGEST = 2**63 - 1
ABOUT = TITLES.index("ABOUT")


@click.command(cls=Command)
@click.option(
    "--status", type=click.Choice([status.value for status in FlowStatus]), help="Only flows that stand there."
)
@click.option("--class", "flow_class", metavar="CLASS", help="Only flows of this class.")
@click.option("--user", help="Only flows of this user.")
@click.option("--label", "labels", metavar="KEY=VALUE", multiple=True, type=pair, help="Only flows with this label.")
@click.option("--id", "id_prefix", metavar="PREFIX", help="Only flows whose id begins so.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many at most.")
@click.option("--after", type=int, metavar="KEY", help="Go on behind an earlier page, which says its key.")
@click.pass_obj
def command(session: Session, /, limit: int, after: int | None, **filters: Any) -> None:
    """List flows, newest first."""
    status = filters.pop("status")
    labels = dict(filters.pop("labels"))
    wanted = FlowFilter(status=FlowStatus(status) if status else None, labels=labels, **filters)
    with wire.connect(session.db) as client:
        page = client.find_flows(wanted, after=None if after is None else min(after, LARGEST), limit=limit)
    if session.form is not Form.TABLE:
        print_many(session.form, "flow", page.items, next=page.next)
        return
    screen = Screen.here()
    moments = Moments(style=session.times, now=SystemClock().now())
    screen.table(TITLES, [_row(flow, screen, moments) for flow in page.items], elastic=ABOUT)
    if not page.items:
        click.echo("no flows yet" if wanted == FlowFilter() and after is None else "no such flows", err=True)
    if page.next is not None:
        click.echo(f"older ones: the same with --after {page.next}", err=True)


def _row(flow: FlowSummary, screen: Screen, moments: Moments) -> tuple[str, ...]:
    return (
        f"#{flow.offset}",
        screen.status(flow.status),
        line(flow.flow_class),
        line(flow.user),
        moments.show(flow.created_at),
        moments.lasted(flow.started_at, flow.ended_at),
        line(flow.reason or flow.description),
        flow.flow_id,
    )
