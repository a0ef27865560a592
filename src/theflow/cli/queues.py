"""What `theflow pause` and `theflow resume` do where whole queues or classes are meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from theflow import wire
from theflow.cli.document import print_many
from theflow.cli.exits import Exit, Refusal
from theflow.cli.moments import Moments, iso
from theflow.cli.printable import line
from theflow.cli.screen import Screen
from theflow.cli.session import Form, Session
from theflow.runtime.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TITLES = ("CLASS", "USER", "BY", "SINCE", "REASON")


def of_queues(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command take a queue or a class in place of flows."""
    of = click.option("--of", "owner", metavar="USER", help="With --queue: only what this user has in it.")
    queue = click.option("--queue", metavar="CLASS", help="No flow, but whether flows of this class may start.")
    return queue(of(command))


def taken_queue(options: dict[str, Any], flows: tuple[str, ...]) -> tuple[str, str] | None:
    """Take the queue out of the options of a command; None if there is none."""
    queue, owner = options.pop("queue"), options.pop("owner")
    if owner and not queue:
        raise Refusal("--of is for --queue, and there is none", Exit.USAGE, f"--queue CLASS --of {owner}")
    if queue and flows:
        raise Refusal("a queue and flows are named; give one of both", Exit.USAGE, f"--queue {queue}")
    return (queue, owner or "") if queue else None


def pause_queue(session: Session, queue: tuple[str, str], given: Mapping[str, Any]) -> None:
    """Pause a queue or a class, and list what is paused."""
    with wire.connect(session.db) as client:
        client.pause_queue(*queue, reason=given["reason"], by=given["by"])
    list_pauses(session)


def resume_queue(session: Session, queue: tuple[str, str], given: Mapping[str, Any]) -> None:
    """Let a queue or a class start again, and list what is still paused."""
    with wire.connect(session.db) as client:
        client.resume_queue(*queue, reason=given["reason"], by=given["by"])
    list_pauses(session)


def list_pauses(session: Session) -> None:
    """Print what is paused, by whom and why."""
    with wire.connect(session.db) as client:
        pauses = client.pauses()
    if session.form is not Form.TABLE:
        print_many(session.form, "pause", [each._asdict() | {"asked_at": iso(each.asked_at)} for each in pauses])
        return
    moments = Moments(style=session.times, now=SystemClock().now())
    rows = [
        (
            line(each.flow_class),
            line(each.user) or "all",
            line(each.asked_by),
            moments.show(each.asked_at),
            line(each.reason),
        )
        for each in pauses
    ]
    Screen.here().table(TITLES, rows, elastic=TITLES.index("REASON"))
    if not pauses:
        click.echo("no queue is paused", err=True)
