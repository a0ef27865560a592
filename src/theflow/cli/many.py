"""What the commands share that mean many flows at once: which ones, whether really, and how far it has come."""

from __future__ import annotations

import signal
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

import click

from theflow import wire
from theflow.cli.document import print_one
from theflow.cli.exits import Exit, Refusal
from theflow.cli.pairs import pair
from theflow.cli.printable import line
from theflow.cli.request import be_sure
from theflow.cli.session import Form, Session
from theflow.model.status import FlowStatus
from theflow.model.view import FlowFilter
from theflow.runtime.crowd import Applied

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_FILTERS = (
    click.option(
        "--status", type=click.Choice([status.value for status in FlowStatus]), help="All flows that stand there."
    ),
    click.option("--class", "flow_class", metavar="CLASS", help="All flows of this class."),
    click.option("--user", help="All flows of this user."),
    click.option("--label", "labels", metavar="KEY=VALUE", multiple=True, type=pair, help="All with this label."),
    click.option("--id", "id_prefix", metavar="PREFIX", help="All flows whose id begins so."),
)


def filtered(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command take the filters of `theflow ls` in place of ids."""
    for option in reversed(_FILTERS):
        command = option(command)
    return command


def taken_filter(options: dict[str, Any]) -> FlowFilter | None:
    """Take the filters out of the options of a command; None if there are none."""
    found = {name: options.pop(name) for name in ("status", "flow_class", "user", "labels", "id_prefix")}
    if not any(found.values()):
        return None
    status = found.pop("status")
    return FlowFilter(status=FlowStatus(status) if status else None, **found | {"labels": dict(found["labels"])})


def one_kind(flows: tuple[str, ...], flow_filter: FlowFilter | None, verb: str) -> None:
    """Refuse a call that names flows in two ways, or in none."""
    if bool(flows) == (flow_filter is not None):
        what = "are named by id and by a filter" if flows else "are not named"
        hint = f"theflow {verb} ID..., or theflow {verb} --class CLASS"
        raise Refusal(f"the flows {what}; give one of both", Exit.USAGE, hint)


def apply_to_all(session: Session, verb: str, flow_filter: FlowFilter, given: Mapping[str, Any]) -> Exit:
    """Say how many flows are meant, ask, and do it a batch at a time; Ctrl-C stops it between two of them."""
    with wire.connect(session.db) as client:
        count = client.count(verb, flow_filter)
        if not count:
            click.echo(f"no flow of these stands where {verb} fits", err=True)
            return Exit.OK
        be_sure(f"{verb} {count} flow{'s' * (count != 1)}?", f"theflow {verb} ... --yes", yes=given["yes"])
        with _Brake() as brake:
            client.apply(verb, flow_filter, reason=given["reason"], by=given["by"], watch=brake.watch)
    applied = brake.applied
    _tell(session, applied, verb, count)
    if brake.pulled and applied.flows < count:
        return Exit.INTERRUPTED
    if not applied.refused:
        return Exit.OK
    return Exit.IN_PART if applied.asked else Exit.USAGE


def _tell(session: Session, applied: Applied, verb: str, count: int) -> None:
    if session.form is not Form.TABLE:
        print_one(session.form, "applied", {"verb": verb, "found": count, **asdict(applied)})
        return
    click.echo(f"{verb}: {applied.asked} of {count} flows asked, {applied.refused} refused")
    if applied.refusal:
        click.echo(f"theflow: {line(applied.refusal)}", err=True)


class _Stop(Exception):
    """Somebody has pressed Ctrl-C."""


@dataclass(slots=True, kw_only=True)
class _Brake:
    """Lets Ctrl-C stop the work where nothing is half done."""

    applied: Applied = field(default_factory=Applied)
    pulled: bool = False
    _before: Any = None

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._pull)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        signal.signal(signal.SIGINT, self._before)
        return kind is _Stop

    def watch(self, applied: Applied) -> None:
        """Note how far it is, and stop if somebody wants that."""
        self.applied = applied
        if self.pulled:
            raise _Stop

    def _pull(self, *_: object) -> None:
        self.pulled = True
