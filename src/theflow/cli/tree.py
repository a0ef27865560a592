"""`theflow tree`: a flow and all that it started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from theflow import wire
from theflow.cli.document import print_one
from theflow.cli.printable import line
from theflow.cli.screen import Screen
from theflow.cli.session import Command, Form, Session
from theflow.model.view import FlowTree

if TYPE_CHECKING:
    from collections.abc import Iterator


@click.command(cls=Command)
@click.argument("flow", metavar="ID")
@click.pass_obj
def command(session: Session, flow: str) -> None:
    """Show a flow with its sub-flows, and what those started: each with its task, class, user and status.

    ID is its id, the beginning of it, or #OFFSET. `theflow show` names the flow above a sub-flow.
    """
    with wire.connect(session.db) as client:
        found = client.tree(client.resolve(flow))
    if session.form is not Form.TABLE:
        print_one(session.form, "tree", found)
        return
    screen = Screen.here()
    for each in _lines(screen, found, "", ""):
        screen.say(each)


def _lines(screen: Screen, tree: FlowTree, first: str, rest: str) -> Iterator[str]:
    task = f"{line(tree.task)}: " if tree.task else ""
    attempt = f" (attempt {tree.attempt})" if tree.attempt > 1 else ""
    reason = f"  {line(tree.reason)}" if tree.reason else ""
    name = f"{task}{line(tree.flow_class)}{attempt}"
    yield f"{first}{name}  {screen.status(tree.status)}  {tree.flow_id}  {line(tree.user)}{reason}"
    for number, child in enumerate(tree.children, 1):
        last = number == len(tree.children)
        yield from _lines(screen, child, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  "))
