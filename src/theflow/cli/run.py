"""`theflow run`: a runtime in the foreground."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from threading import Event
from time import monotonic
from typing import Any

import click

import theflow
from theflow import wire
from theflow.cli.events import Events
from theflow.cli.exits import Exit, Refusal
from theflow.cli.journal import keep_journal
from theflow.cli.limits import unknown, whole_number
from theflow.cli.moments import duration
from theflow.cli.pairs import pair
from theflow.cli.printable import line
from theflow.cli.printer import Board, Lines, Printer
from theflow.cli.screen import Screen
from theflow.cli.session import Command, Form, Session
from theflow.cli.target import schemes_of
from theflow.errors import StoreUnavailable
from theflow.model.scheme import FlowScheme
from theflow.runtime.backoff import Backoff
from theflow.runtime.options import RuntimeOptions
from theflow.runtime.runtime import Runtime

DEFAULTS = RuntimeOptions()
# Between two tries to reach the database, in seconds.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 15.0


@click.command(cls=Command)
@click.argument("target", metavar="TARGET")
@click.option(
    "--burst", is_flag=True, help="End when nothing is left to do; exit code 1 if a flow failed or was undone."
)
@click.option("--name", help="The name of this runtime, unique while it lives.  [default: host and pid]")
@click.option("--flows", type=int, help=f"Flows in hand at once.  [default: {DEFAULTS.flows}]")
@click.option(
    "--flows-of", metavar="CLASS=N", multiple=True, type=pair, help="Flows of this class at once.  [default: as many]"
)
@click.option(
    "--label", "labels", metavar="LABEL", multiple=True, help="What this runtime has, for classes to require."
)
@click.option("--threads", type=int, help=f"Synchronous bodies at once.  [default: {DEFAULTS.threads}]")
@click.option("--processes", type=int, help='Bodies at once in the pool "process".  [default: one a core]')
@click.option("--ttl", type=float, metavar="SECONDS", help=f"Silent so long means dead.  [default: {DEFAULTS.ttl}]")
@click.option("--poll", type=float, metavar="SECONDS", help=f"Between looks for work.  [default: {DEFAULTS.poll}]")
@click.option(
    "--grace", type=float, metavar="SECONDS", help=f"What a stop leaves to bodies.  [default: {DEFAULTS.grace}]"
)
@click.option("--no-wait", "impatient", is_flag=True, help="Fail at once if the database is out of reach.")
@click.pass_context
def command(context: click.Context, /, target: str, burst: bool, impatient: bool, **options: Any) -> None:  # noqa: FBT001
    """Run flows of the classes that TARGET defines, until a signal comes.

    TARGET is a file (flows.py), a module, or one name in either (flows.py:order, package.flows:order). The first
    SIGTERM or Ctrl-C lets running bodies finish, the second aborts them; what was cut off runs again later.
    """
    session: Session = context.obj
    if session.form is Form.JSON:
        raise Refusal("run prints event by event, and one JSON document has no end", Exit.USAGE, "-o jsonl")
    options["flows_of"] = _counts(options["flows_of"], schemes := schemes_of(target, "theflow run"))
    chosen = RuntimeOptions(**{name: value for name, value in options.items() if value is not None})
    keep_journal()
    runtime = _bootstrapped(partial(wire.bootstrap, session.db, schemes, chosen), impatient=impatient)
    events = Events({scheme.name: len(scheme.tasks) for scheme in schemes})
    runtime.subscribe(events)
    _introduce(session, runtime, schemes)
    started = monotonic()
    with _shown(runtime, events, session):
        code = runtime.run_until_idle() if burst else runtime.run()
    _summarise(events, monotonic() - started)
    ended = events.ended()
    failed = burst and any(ended[word] for word in ("failed", "parked", "reverted", "revert_failed"))
    context.exit(code or (Exit.FLOW_FAILED if failed else Exit.OK))


def _counts(pairs: tuple[tuple[str, str], ...], schemes: tuple[FlowScheme, ...]) -> dict[str, int]:
    """Read how many flows of some classes this runtime holds at once."""
    counts = {}
    for name, text in pairs:
        if name not in (names := [scheme.name for scheme in schemes]):
            raise Refusal(f"--flows-of {name}={text}: {unknown('class', name, names)}", Exit.USAGE)
        counts[name] = whole_number(f"--flows-of {name}", text)
    return counts


def _bootstrapped(bootstrap: Callable[[], Runtime], *, impatient: bool) -> Runtime:
    """Wait, longer each time, for a database that is out of reach; what waiting does not mend is raised at once."""
    backoff = Backoff(_FIRST_PAUSE, _LONGEST_PAUSE)
    while True:
        try:
            return bootstrap()
        except StoreUnavailable as error:
            if impatient:
                raise
            pause = backoff.pause()
            click.echo(f"waiting {pause:.1f} s: {line(str(error))}", err=True)
        Event().wait(pause)


def _shown(runtime: Runtime, events: Events, session: Session) -> ExitStack:
    """Show events until the end: a live view on a terminal, else lines."""
    started = monotonic()
    stack = ExitStack()
    if session.form is Form.TABLE and Screen.here().live:
        board = Board(events, runtime.name, started)
        stack.enter_context(board.live)
        stack.enter_context(Printer(events, board))
    else:
        stack.enter_context(Printer(events, Lines(session, started)))
    return stack


def _introduce(session: Session, runtime: Runtime, schemes: tuple[FlowScheme, ...]) -> None:
    """Say on standard error what runs here, and on which database."""
    classes = ", ".join(f"{line(scheme.name)} ({_tasks(len(scheme.tasks))})" for scheme in schemes)
    click.echo(f"theflow {theflow.__version__}  {classes}", err=True)
    click.echo(f"database  {line(wire.display(session.db))}", err=True)
    click.echo(f"runtime   {line(runtime.name)}", err=True)


def _summarise(events: Events, seconds: float) -> None:
    ended = events.ended()
    counts = ", ".join(f"{count} {word}" for word, count in ended.items()) or "no flow ended"
    click.echo(f"stopped after {duration(int(seconds * 1_000_000))}: {counts}", err=True)


def _tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count} tasks"
