"""What all commands share: the database, the form of the output, the style of times."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import click


class Form(StrEnum):
    """How data is printed."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"


class TimeStyle(StrEnum):
    """How tables show times; JSON always has them in ISO 8601, UTC."""

    RELATIVE = "relative"
    ISO = "iso"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The shared options of one call."""

    db: str | None = None
    form: Form = Form.TABLE
    times: TimeStyle = TimeStyle.RELATIVE


class Command(click.Command):
    """A command that takes the shared options too: `theflow ls -o json` and `theflow -o json ls` are the same."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the command's own parameters, then the shared ones, then --help."""
        own = super().get_params(ctx)
        return [*own[:-1], *SHARED, *own[-1:]]


def shared_options(variable: str | None = None) -> tuple[click.Option, ...]:
    """Make the options that every command takes; only the outermost reads the environment, or it would win."""
    return (
        click.Option(
            ["--db"],
            metavar="URL",
            envvar=variable,
            show_envvar=True,
            expose_value=False,
            callback=_remember,
            help="The database. Default: a file in .theflow/ below the current directory.",
        ),
        click.Option(
            ["-o", "--output", "form"],
            type=click.Choice([form.value for form in Form]),
            expose_value=False,
            callback=_remember,
            help="How to print data.  [default: table]",
        ),
        click.Option(
            ["--time", "times"],
            type=click.Choice([style.value for style in TimeStyle]),
            expose_value=False,
            callback=_remember,
            help="How tables show times.  [default: relative]",
        ),
    )


def _remember(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value is not None:
        name = str(param.name)
        ctx.obj = replace(ctx.obj, **{name: KINDS[name](value)})


KINDS: dict[str, type[str]] = {"db": str, "form": Form, "times": TimeStyle}
SHARED = shared_options()
