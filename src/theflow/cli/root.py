"""The command `theflow`: it knows the names of its commands, and imports the one that is asked for."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from contextlib import contextmanager
from importlib import import_module
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

import click

from theflow.cli.exits import Exit, Refusal
from theflow.cli.printable import block
from theflow.cli.session import Session, shared_options
from theflow.errors import TheFlowError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Module -> what the help says of it: the help must not wait for an import.
COMMANDS = {
    "run": "Run flows of the classes that TARGET defines.",
    "submit": "Submit a job; its flow is there at once.",
    "ls": "List flows, newest first.",
    "show": "Show a flow: its tasks, why it waits, what failed.",
    "why": "Say why a flow waits, and what would let it go on.",
    "tree": "Show a flow with the sub-flows that it started.",
    "logs": "Print what the tasks of a flow have logged.",
    "wait": "Wait until flows have ended.",
    "cancel": "End flows as they stand.",
    "revert": "Undo what flows have done.",
    "pause": "Let flows come to rest, or queues start nothing.",
    "resume": "Let flows that rest go on, or paused queues start again.",
    "retry": "Let failed and cancelled flows go on.",
    "fork": "Begin a new flow from a task of another.",
    "run-now": "Let what waits for its time wait no longer.",
    "skip": "Let a task count as succeeded, and not run.",
    "done": "Let a task count as succeeded, also if it runs.",
    "fail": "Let a task count as failed for good.",
    "edit": "Set fields of the storage of a flow.",
    "edit-job": "Change a job before its flow begins.",
    "shape": "Show, set, pause or simulate how flows are let in: limits, rates, shares.",
    "runtimes": "List the runtimes: where they live, what they hold, when they last beat.",
    "drain": "Tell a runtime to admit no more flows.",
    "graph": "Draw the tasks of a definition or of a flow.",
    "db": "Create, update or check the database schema.",
    "doctor": "Look for what is wrong with this set-up.",
    "version": "Say which version this is.",
}


class LazyGroup(click.Group):
    """A group whose commands are modules of this package."""

    def __init__(self, *, modules: Mapping[str, str], **settings: Any) -> None:
        super().__init__(**settings)
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - Click's signature
        """Name the commands in the order of the help."""
        return list(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - Click's signature
        """Import the command."""
        if cmd_name not in self._modules:
            return None
        command: click.Command = import_module(f"theflow.cli.{cmd_name.replace('-', '_')}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Let Click find commands that resemble a mistyped one: it looks for them in `commands`."""
        if args[0] not in self._modules:
            self.commands = {name: click.Command(name) for name in self._modules}
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - Click's signature
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._modules.items()))

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Read the options; --help prints here already."""
        with _output_may_end():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, and turn what may go wrong into words and exit codes."""
        try:
            with _output_may_end():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            raise click.exceptions.Exit(Exit.INTERRUPTED) from None
        except TheFlowError as error:
            raise Refusal.of(error) from error


@contextmanager
def _output_may_end() -> Iterator[None]:
    """End quietly when the reader of standard output has gone, and with a line when there is no room for it."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC):
            raise
        # Python flushes standard output once more at its end, and would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if error.errno == errno.EPIPE:
            raise click.exceptions.Exit(Exit.OK) from None
        raise Refusal(f"standard output cannot be written: {error.strerror}", Exit.USAGE) from None


@click.group(
    cls=LazyGroup,
    modules=COMMANDS,
    params=[*shared_options("THEFLOW_DATABASE_URL")],
    context_settings={"help_option_names": ["-h", "--help"], "obj": Session()},
    epilog="Exit codes: 0 ok, 1 flow failed, 2 usage, 3 not found, 4 flow cancelled, 5 timed out, 6 database, "
    "7 done in part, 130 interrupted.",
)
def root() -> None:
    """Durable job flows in plain Python, in the database you already have."""


def main() -> None:
    """Run the command line; the exit code is the outcome."""
    for stream in (sys.stdout, sys.stderr):
        # What the terminal's encoding lacks is shown escaped; printing it must not fail.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        root(prog_name="theflow")
    except Exception:  # noqa: BLE001 - a defect of theflow must not exit with 1, which says that a flow failed
        click.echo(block(traceback.format_exc()) + "\ntheflow: this is a defect of theflow; please report it", err=True)
        sys.exit(Exit.DEFECT)
