"""`theflow graph`: the tasks of a definition or of a flow as a picture."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import click

from theflow import wire
from theflow.cli.exits import Exit, Refusal
from theflow.cli.printable import line
from theflow.cli.screen import Screen
from theflow.cli.session import Command, Session
from theflow.cli.target import schemes_of
from theflow.picture.node import Node, nodes_of
from theflow.picture.svg import svg
from theflow.picture.text import draw

FLOW = re.compile(r"#\d+|[0-9a-f][0-9a-f-]*")


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn, and its heading."""

    title: str
    nodes: tuple[Node, ...]


@click.command(cls=Command)
@click.argument("subject", metavar="TARGET|ID")
@click.option("--format", "kind", type=click.Choice(["text", "svg"]), help="[default: by the name of FILE, else text]")
@click.option("-O", "file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write it there.")
@click.pass_obj
def command(session: Session, subject: str, kind: str | None, file: Path | None) -> None:
    """Draw the tasks of a definition (TARGET: a file, or module:attr) or of a flow (its ID, or #OFFSET)."""
    drawings = _drawings(session, subject)
    screen = Screen.here()
    if (kind or ("svg" if file and file.suffix == ".svg" else "text")) == "svg":
        text = _as_svg(drawings, subject)
    else:
        text = "\n".join(f"{line(each.title)}\n\n{draw(each.nodes, screen.room)}\n" for each in drawings)
    if file is None:
        click.echo(text, nl=False)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Refusal(f"{file} cannot be written: {error.strerror}", Exit.USAGE, "another FILE behind -O") from None
    click.echo(f"wrote {file}", err=True)


def _drawings(session: Session, subject: str) -> list[Drawing]:
    if not FLOW.fullmatch(subject) or Path(subject).is_file():
        schemes = schemes_of(subject, "theflow graph")
        return [Drawing(f"{scheme.name} v{scheme.version}", nodes_of(scheme.tasks.values())) for scheme in schemes]
    with wire.connect(session.db) as client:
        flow = client.get_flow(client.resolve(subject))
    if not flow.tasks:
        click.echo(f"#{flow.offset} {line(flow.flow_class)} has no tasks before a runtime knows its class", err=True)
    return [Drawing(f"{flow.flow_class} #{flow.offset} {flow.status}", nodes_of(flow.tasks))]


def _as_svg(drawings: list[Drawing], subject: str) -> str:
    if len(drawings) > 1:
        names = ", ".join(drawing.title for drawing in drawings)
        what = f"{subject} defines {len(drawings)} classes ({names}), and an SVG shows one"
        raise Refusal(what, Exit.USAGE, f"theflow graph {subject}:NAME --format svg")
    return svg(drawings[0].nodes, drawings[0].title)
