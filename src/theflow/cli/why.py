"""`theflow why`: what keeps a flow waiting, in the order in which it is to be mended."""

from __future__ import annotations

from typing import Any

import click

from theflow import wire
from theflow.cli.document import print_one
from theflow.cli.hints import hint_of
from theflow.cli.limits import plain_scope
from theflow.cli.moments import Moments, iso
from theflow.cli.printable import line
from theflow.cli.screen import Screen
from theflow.cli.session import Command, Form, Session
from theflow.model.view import FlowDetail
from theflow.runtime.clock import SystemClock
from theflow.runtime.shaper import Explanation


@click.command(cls=Command)
@click.argument("flow", metavar="ID")
@click.pass_obj
def command(session: Session, flow: str) -> None:
    """Say why a flow does not run: each reason with numbers and ids, and what would let it go on.

    ID is its id, the beginning of it, or #OFFSET. The first reason is to be mended first.
    """
    with wire.connect(session.db) as client:
        flow_id = client.resolve(flow)
        explanation = client.explain(flow_id)
        detail = client.get_flow(flow_id)
    if session.form is not Form.TABLE:
        print_one(session.form, "why", _plain(detail, explanation))
        return
    _say(detail, explanation, Moments(style=session.times, now=SystemClock().now()))


def _say(flow: FlowDetail, explanation: Explanation, moments: Moments) -> None:
    screen = Screen.here()
    screen.say(f"{screen.status(flow.status)}  {line(flow.flow_class)}  #{flow.offset}  {flow.flow_id}")
    if not explanation.reasons:
        screen.say("it has ended" if flow.status.ended else "nothing keeps it waiting")
        return
    if flow.started_at is None and not flow.status.ended:
        ahead = explanation.ahead
        place = f"{ahead} flow{'s' * (ahead != 1)} before it" if ahead else "first"
        screen.say(f"queue    of user {line(repr(flow.user))} in class {line(repr(flow.flow_class))}: {place}")
    for number, reason in enumerate(explanation.reasons, 1):
        screen.say(f"{number:<8} {line(reason.text)}  [{reason.code}]")
        hint = hint_of(reason, flow)
        if hint:
            screen.say(f"         -> {line(hint)}")
    if explanation.until is not None:
        screen.say(f"starts   {moments.both(explanation.until)} at the earliest")


def _plain(flow: FlowDetail, explanation: Explanation) -> dict[str, Any]:
    return {
        "flow_id": flow.flow_id,
        "offset": flow.offset,
        "status": flow.status.value,
        "flow_class": flow.flow_class,
        "user": flow.user,
        "ahead": explanation.ahead,
        "until": None if explanation.until is None else iso(explanation.until),
        "reasons": [
            {
                "code": reason.code,
                "text": reason.text,
                "until": None if reason.until is None else iso(reason.until),
                "scope": None if reason.scope is None else plain_scope(reason.scope),
                "needs": None if reason.needs is None else {reason.needs.part: reason.needs.units},
                "hint": hint_of(reason, flow),
            }
            for reason in explanation.reasons
        ],
    }
