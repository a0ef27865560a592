"""`theflow shape set`: limits, one by name or many from a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from theflow import wire
from theflow.cli.document import print_many
from theflow.cli.exits import Exit, Refusal
from theflow.cli.limit_file import read_limits
from theflow.cli.limits import PARTS, changed, plain_limit, plain_scope, scope_of, shell_words
from theflow.cli.printable import line
from theflow.cli.request import accounted, be_sure
from theflow.cli.session import Command, Form, Session
from theflow.model.limit import Limit, Scope
from theflow.model.rate import Rate
from theflow.runtime.client import Client

# From the limits that are set to those that somebody wants.
Wanted = Callable[[Mapping[Scope, Limit]], dict[Scope, Limit]]


@click.command("set", cls=Command)
@click.argument("kind", metavar="[KIND]", required=False)
@click.argument("name", metavar="[NAME]", default="")
@click.argument("user", metavar="[USER]", default="")
@click.option("--capacity", metavar="N", help="How many units run at once.")
@click.option("--rate", metavar="UNITS/SECONDS", help="How many units start in a time: 10/60 is ten in a minute.")
@click.option("--burst", metavar="N", help="How many of a rate may start at once after a rest.  [default: UNITS]")
@click.option("--weight", metavar="W", help="How large the share of a user is beside others.")
@click.option("--none", "removed", type=click.Choice([*PARTS, "all"]), multiple=True, help="Take this away.")
@click.option("--file", metavar="FILE", type=click.Path(path_type=Path), help="Set all limits of a TOML file.")
@accounted
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def command(session: Session, /, **given: Any) -> None:
    """Limit what runs or starts, from now on and everywhere; what is not given stays as it is set.

    KIND is all, class NAME, user [USER], queue NAME [USER] or resource NAME; without a USER it holds for each that has
    no limit of his own. A limit of FILE takes the whole place of what was set for the same thing.
    """
    if (given["file"] is None) == (given["kind"] is None):
        hint = "theflow shape set class mesh --capacity 4, or theflow shape set --file limits.toml"
        raise Refusal("name what is to be limited, or a file of limits", Exit.USAGE, hint)
    wanted_over = _of_options(given) if given["file"] is None else _of_file(given)
    with wire.connect(session.db) as client:
        client.prepare()
        set_before = {each.scope: each.limit for each in client.limits()}
        wanted = wanted_over(set_before)
        for scope, limit in wanted.items():
            client.check_limit(*scope, limit=limit)
        news = {scope: limit for scope, limit in wanted.items() if limit != set_before.get(scope, Limit())}
        _agree(given, set_before, news)
        done = [(scope, limit, _put(client, scope, limit, given)) for scope, limit in news.items()]
    _tell(session, done, set_before)


def _of_file(given: Mapping[str, Any]) -> Wanted:
    """Read the file before a database is asked for anything."""
    beside = [f"--{name}" for name in (*PARTS, "burst") if given[name] is not None]
    if beside or given["removed"]:
        raise Refusal(f"{', '.join(beside) or '--none'} is for one limit, and a file is given", Exit.USAGE)
    found = read_limits(given["file"])
    return lambda _: found


def _of_options(given: dict[str, Any]) -> Wanted:
    """Refuse what is wrong by itself; the rest depends on what is set."""
    scope = scope_of(given["kind"], given["name"], given["user"])
    removed = set(PARTS) if "all" in given["removed"] else set(given["removed"])
    named = [name for name in (*PARTS, "burst") if given[name] is not None]
    if not named and not removed:
        hint = f"theflow shape set {shell_words(scope)} --capacity 4"
        raise Refusal(f"nothing is said of {scope.line()}", Exit.USAGE, hint)
    both = [name for name in named if name in removed or (name == "burst" and "rate" in removed)]
    if both:
        raise Refusal(f"--{both[0]} is set and taken away in one call; do one of both", Exit.USAGE)
    changed(Limit(rate=Rate(units=1)), given, removed)
    return lambda known: {scope: changed(known.get(scope, Limit()), given, removed)}


def _agree(given: Mapping[str, Any], known: Mapping[Scope, Limit], news: Mapping[Scope, Limit]) -> None:
    """Ask where many limits change, or one goes."""
    if given["file"] is not None and news:
        for scope, limit in () if given["yes"] else news.items():
            click.echo(_told(scope, limit, known.get(scope, Limit())), err=True)
        question = f"set {len(news)} limit{'s' * (len(news) != 1)}?"
        be_sure(question, f"theflow shape set --file {given['file']} --yes", yes=given["yes"])
        return
    for scope, limit in news.items():
        if limit.empty:
            hint = f"theflow shape set {shell_words(scope)} --none all --yes"
            be_sure(f"take away the limit of {line(scope.line())}?", hint, yes=given["yes"])


def _put(client: Client, scope: Scope, limit: Limit, given: Mapping[str, Any]) -> Limit:
    return client.set_limit(*scope, limit=limit, reason=given["reason"], by=given["by"])


def _tell(session: Session, done: Sequence[tuple[Scope, Limit, Limit]], known: Mapping[Scope, Limit]) -> None:
    for scope, _, was in done:
        if was != known.get(scope, Limit()):
            click.echo(f"{line(scope.line())} was set by somebody else meanwhile; this goes over that", err=True)
    if not done:
        click.echo("nothing changes: it is set so already", err=True)
    if session.form is not Form.TABLE:
        changes = [
            plain_scope(scope) | plain_limit(limit) | {"was": plain_limit(was), "changes": limit.changes(was)}
            for scope, limit, was in done
        ]
        print_many(session.form, "limit", changes)
        return
    for scope, limit, was in done:
        click.echo(_told(scope, limit, was))


def _told(scope: Scope, limit: Limit, was: Limit) -> str:
    return f"{line(scope.line())}: {limit.changes(was) or 'as it was'}"
