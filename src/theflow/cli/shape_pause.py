"""`theflow shape pause` and `theflow shape resume`: what `pause` and `resume` do with --queue."""

from __future__ import annotations

from typing import Any

import click

from theflow.cli.queues import pause_queue, resume_queue
from theflow.cli.request import accounted
from theflow.cli.session import Command, Session


@click.command("pause", cls=Command)
@click.argument("flow_class", metavar="CLASS")
@click.option("--of", "owner", metavar="USER", default="", help="Only what this user has in it.")
@accounted
@click.pass_obj
def pause(session: Session, /, flow_class: str, owner: str, **given: Any) -> None:
    """Let no flow of a class start, or none of one user in it; what runs goes on."""
    pause_queue(session, (flow_class, owner), given)


@click.command("resume", cls=Command)
@click.argument("flow_class", metavar="CLASS")
@click.option("--of", "owner", metavar="USER", default="", help="Only what this user has in it.")
@accounted
@click.pass_obj
def resume(session: Session, /, flow_class: str, owner: str, **given: Any) -> None:
    """Let the flows of a class, or of one user in it, start again."""
    resume_queue(session, (flow_class, owner), given)
