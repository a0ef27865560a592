"""What the commands share that ask something of flows: they name them, do it one by one, and say what came of it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from theflow import wire
from theflow.cli.document import plain, print_many
from theflow.cli.exits import Exit, Refusal
from theflow.cli.printable import line
from theflow.cli.screen import Screen
from theflow.cli.session import Form, Session
from theflow.errors import InputError
from theflow.model.view import FlowDetail
from theflow.runtime.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A flow that something was asked of, as it stands then; `refusal` says why nothing was done."""

    flow: FlowDetail
    refusal: str = ""


def accounted(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command take why somebody does it, and who."""
    by = click.option("--by", metavar="NAME", help="Who asks.  [default: the user of this process]")
    reason = click.option("--reason", default="", metavar="TEXT", help="Why: it stays on record with the flow.")
    return reason(by(command))


def refusal_of(ask: Callable[[], object]) -> str:
    """Ask something of a flow; return why it does not fit, or nothing."""
    try:
        ask()
    except InputError as error:
        return str(error)
    return ""


def ask_each(session: Session, flows: Sequence[str], ask: Callable[[Client, str], str], question: str = "") -> Exit:
    """Ask the same of several flows; `ask` returns why it does not fit one, or nothing. Return the exit code.

    A question is put before, where somebody is there to answer.
    """
    with wire.connect(session.db) as client:
        ids = list(dict.fromkeys(client.resolve(flow) for flow in flows))
        if question and sys.stdin.isatty():
            for flow_id in ids:
                _tell(Asked(flow=client.get_flow(flow_id)), err=True)
            if not agreed(f"{question} {_count(ids)}?"):
                click.echo("nothing was done", err=True)
                return Exit.INTERRUPTED
        done = [Asked(refusal=ask(client, flow_id), flow=client.get_flow(flow_id)) for flow_id in ids]
    if session.form is Form.TABLE:
        for each in done:
            _tell(each)
    else:
        print_many(session.form, "flow", [plain(each.flow) | {"refusal": each.refusal} for each in done])
    refused = [each for each in done if each.refusal]
    if any(each.flow.requests and each.flow.requests[-1].handled_at is None for each in done):
        click.echo(
            "left for the runtime that holds it, or takes it next: `theflow show` says what came of it", err=True
        )
    for each in refused:
        click.echo(f"theflow: {line(each.refusal)}", err=True)
    if len(refused) == len(done):
        return Exit.USAGE
    return Exit.IN_PART if refused else Exit.OK


def _tell(asked: Asked, *, err: bool = False) -> None:
    flow = asked.flow
    click.echo(f"{Screen.here().status(flow.status)}  {line(flow.flow_class)}  #{flow.offset}  {flow.flow_id}", err=err)


def agreed(question: str) -> bool:
    """Ask somebody at the terminal."""
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        # Ctrl-C, or the end of what is typed, is no.
        click.echo(err=True)
        return False


def be_sure(question: str, hint: str, *, yes: bool) -> None:
    """Go on if somebody agrees, or has with --yes; where nobody can answer, refuse."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Refusal(f"{question} Nobody is there to answer", Exit.USAGE, hint)
    if not agreed(question):
        click.echo("nothing was done", err=True)
        raise click.exceptions.Exit(Exit.INTERRUPTED)


def _count(ids: Sequence[str]) -> str:
    return "this flow" if len(ids) == 1 else f"these {len(ids)} flows"
