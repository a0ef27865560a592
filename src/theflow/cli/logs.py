"""`theflow logs`: what the tasks of a flow have logged, also while they run."""

from __future__ import annotations

from time import sleep
from typing import TYPE_CHECKING

import click

from theflow import wire
from theflow.cli.document import print_many, print_one
from theflow.cli.exits import Exit, Refusal
from theflow.cli.moments import Moments
from theflow.cli.printable import line
from theflow.cli.session import Command, Form, Session, TimeStyle
from theflow.model.view import FlowFilter, LogLine
from theflow.runtime.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = 1000
# Seconds between two looks, and looks without a new line that end the following once the flow has ended.
PAUSE = 0.3
LAST_LOOKS = 3


@click.command(cls=Command)
@click.argument("flow", metavar="ID")
@click.option("-f", "--follow", is_flag=True, help="Go on until the flow has ended.")
@click.option("--task", help="Only this task.")
@click.pass_obj
def command(session: Session, flow: str, follow: bool, task: str | None) -> None:  # noqa: FBT001 - a flag
    """Print what the tasks of a flow have logged. ID is a flow's id, the beginning of one, or #OFFSET."""
    if follow and session.form is Form.JSON:
        raise Refusal("-f prints line by line, and one JSON document has no end", Exit.USAGE, "-o jsonl")
    with wire.connect(session.db) as client:
        flow_id = client.resolve(flow)
        lines = _followed(client, flow_id, task) if follow else _stored(client, flow_id, task, 0)
        if session.form is Form.JSON:
            print_many(session.form, "line", lines)
            return
        for each in lines:
            _print(session, each)


def _print(session: Session, each: LogLine) -> None:
    if session.form is Form.JSONL:
        print_one(session.form, "line", each)
    else:
        at = Moments(style=TimeStyle.ISO, now=each.at).show(each.at)
        click.echo(f"{at} {line(each.level):7} {line(each.task)}#{each.attempt} {line(each.message)}")


def _stored(client: Client, flow_id: str, task: str | None, after: int) -> Iterator[LogLine]:
    while True:
        lines = client.logs(flow_id, task=task, after=after, limit=PAGE)
        yield from lines
        if len(lines) < PAGE:
            return
        after = lines[-1].id


def _followed(client: Client, flow_id: str, task: str | None) -> Iterator[LogLine]:
    """Every line, and those to come; lines are stored in batches, so some follow the end of their flow."""
    after, looks = 0, LAST_LOOKS
    while looks:
        ended = client.find_flows(FlowFilter(id_prefix=flow_id), limit=1).items[0].status.ended
        looks = looks - 1 if ended else LAST_LOOKS
        for each in _stored(client, flow_id, task, after):
            after, looks = each.id, LAST_LOOKS
            yield each
        if looks:
            sleep(PAUSE)
