"""`theflow submit`: a job from the shell."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from theflow import wire
from theflow.cli.document import plain, print_one
from theflow.cli.exits import Exit, Refusal
from theflow.cli.pairs import json_or_text, pair
from theflow.cli.printable import line
from theflow.cli.session import Command, Form, Session
from theflow.cli.target import schemes_of
from theflow.cli.wait import outcome, say_why, tell, wait_for
from theflow.model.job import JobMeta, OnConflict
from theflow.model.scheme import FlowScheme
from theflow.model.submission import Outcome
from theflow.runtime.client import FlowHandle

_HOW = {
    Outcome.CREATED: "submitted",
    Outcome.EXISTING: "was there already, by its key",
    Outcome.REPLACED: "was pending, and does this job now",
}


def instant(text: str) -> datetime:
    """Read a point in time; without a zone it names none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no time; write it as 2026-12-24T08:00:00Z") from None
    if moment.tzinfo is None:
        raise click.BadParameter(f"{text!r} has no zone; add Z for UTC, or an offset such as +01:00")
    return moment


@click.command(cls=Command)
@click.argument("flow_class", metavar="CLASS")
@click.argument("fields", metavar="[FIELD=VALUE]...", nargs=-1, type=pair)
@click.option("--input", "document", metavar="JSON|@FILE|-", help="The input as JSON: here, in a file, or on stdin.")
@click.option("--user", default="default", show_default=True, help="Whose job it is.")
@click.option("--description", default="", help="What people should know of it.")
@click.option(
    "--label",
    "labels",
    metavar="KEY=VALUE",
    multiple=True,
    type=pair,
    help="To find it by; may be given several times.",
)
@click.option("--priority", type=int, default=0, show_default=True, help="Larger goes first among the queues.")
@click.option("--run-at", type=instant, metavar="TIME", help="Not earlier than this (ISO 8601 with zone).")
@click.option("--delay", type=float, metavar="SECONDS", help="Not earlier than in so many seconds.")
@click.option("--expires-at", type=instant, metavar="TIME", help="If it has not started by then, it never does.")
@click.option("--expires-in", type=float, metavar="SECONDS", help="If it has not started by then, it never does.")
@click.option("--key", "idempotency_key", help="The same key again returns the flow of the first submit.")
@click.option("--unique", metavar="KEY", help="One flow of this user, class and key is active at a time.")
@click.option(
    "--on-conflict", type=click.Choice([each.value for each in OnConflict]), help="What becomes of it if one is."
)
@click.option("--debounce", type=float, metavar="SECONDS", help="Each submit with the same --unique puts it off again.")
@click.option("--debounce-limit", type=float, metavar="SECONDS", help="So long after the first at most.")
@click.option("--target", metavar="TARGET", help="Check the input against this definition first.")
@click.option("--wait", is_flag=True, help="Wait for the end; the exit code is 1 if the flow failed.")
@click.pass_context
def command(context: click.Context, /, fields: tuple[tuple[str, str], ...], target: str | None, **job: Any) -> None:
    """Submit a job of a class of flows; print the id of its flow.

    The input is FIELD=VALUE pairs (a VALUE that reads as JSON is taken as JSON, else as text), or --input. No runtime
    needs to know the class yet: until one does, the flow waits.
    """
    session: Session = context.obj
    document, wait = job.pop("document"), job.pop("wait")
    job["labels"] = dict(job["labels"])
    meta = JobMeta(input=input_of(fields, document), **job)
    handle = _created(session, meta, _known(target, meta.flow_class))
    with wire.connect(session.db) as client:
        if not wait:
            _tell(session, meta, handle)
            say_why(client.get_flow(handle.flow_id))
            return
        if session.form is Form.TABLE:
            _tell(session, meta, handle)
        ended = wait_for(client, [handle.flow_id], None)
    if session.form is Form.TABLE:
        tell(session, ended)
    else:
        print_one(session.form, "flow", plain(ended[0]) | {"created": handle.created, "outcome": handle.outcome})
    context.exit(outcome(ended))


def _known(target: str | None, flow_class: str) -> tuple[FlowScheme, ...]:
    if target is None:
        return ()
    schemes = schemes_of(target, f"theflow submit {flow_class} --target")
    if not any(scheme.name == flow_class for scheme in schemes):
        names = ", ".join(scheme.name for scheme in schemes)
        hint = f"theflow submit {schemes[0].name} --target {target}"
        raise Refusal(f"{target} does not define class {flow_class!r}, but {names}", Exit.USAGE, hint)
    return schemes


def _created(session: Session, meta: JobMeta, schemes: tuple[FlowScheme, ...]) -> FlowHandle:
    """Submit with the schemes at hand, which check the input; what is shown later is read without them."""
    with wire.connect(session.db, schemes) as client:
        return client.create_job(meta)


def _tell(session: Session, meta: JobMeta, handle: FlowHandle) -> None:
    if session.form is not Form.TABLE:
        shown = {
            "flow_id": handle.flow_id,
            "offset": handle.offset,
            "created": handle.created,
            "outcome": handle.outcome,
        }
        print_one(session.form, "flow", shown)
        return
    click.echo(handle.flow_id)
    click.echo(
        f"{line(meta.flow_class)} #{handle.offset} {_HOW[handle.outcome]}; "
        f"see it with: theflow show '#{handle.offset}'",
        err=True,
    )


def input_of(fields: tuple[tuple[str, str], ...], document: str | None) -> Any:
    """Read the input of a job: from pairs, or from a document."""
    if document is None:
        return {name: json_or_text(text) for name, text in fields} if fields else None
    if fields:
        raise Refusal("the input is given twice, as FIELD=VALUE and as --input", Exit.USAGE, "one of them")
    where = "--input"
    text = document
    if document == "-":
        where, text = "standard input", sys.stdin.read()
    elif document.startswith("@"):
        where = document[1:]
        try:
            text = Path(where).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise Refusal(f"{where} cannot be read: {why}", Exit.USAGE, "--input @FILE with JSON in UTF-8") from None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refusal(f"{where} is not JSON: {error}", Exit.USAGE, """--input '{"field": "value"}'""") from None
