"""`theflow show`: one flow, whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from theflow import wire
from theflow.cli.document import plain, print_one
from theflow.cli.failure import told, told_in_full
from theflow.cli.moments import Moments
from theflow.cli.printable import json_text, line
from theflow.cli.screen import Screen
from theflow.cli.session import Command, Form, Session
from theflow.model.failure import Failure
from theflow.model.scheme import ON_FAILURE, ON_SUCCESS
from theflow.model.status import FlowStatus, TaskStatus
from theflow.model.view import Attempt, FlowDetail, TaskLine
from theflow.runtime.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TITLES = ("TASK", "STATUS", "ATTEMPT", "TOOK", "AFTER", "RESULT")
RESULT = TITLES.index("RESULT")
# Longer tables, values and lists of errors hide what one looks for; --full and -o json have everything.
TASKS = 100
FAILURES = 10
LETTERS = 300
RESULT_LETTERS = 60
AFTER = 3
QUIET = (TaskStatus.PENDING, TaskStatus.SUCCEEDED)


@click.command(cls=Command)
@click.argument("flow", metavar="ID")
@click.option("--full", is_flag=True, help="Every task, every error, every frame, whole values.")
@click.pass_obj
def command(session: Session, flow: str, full: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Show a flow: where it stands, why it waits, its tasks, what failed.

    ID is its id, the beginning of it, or #OFFSET.
    """
    with wire.connect(session.db) as client:
        detail = client.get_flow(client.resolve(flow))
        hook = {FlowStatus.SUCCEEDED: ON_SUCCESS, FlowStatus.FAILED: ON_FAILURE}.get(detail.status)
        hooks = client.attempts(detail.flow_id, task=hook) if hook else []
    if session.form is not Form.TABLE:
        print_one(session.form, "flow", plain(detail) | {"hooks": plain(tuple(hooks))})
        return
    page = _Page(screen=Screen.here(), moments=Moments(style=session.times, now=SystemClock().now()))
    page.say_head(detail, None if full else LETTERS)
    page.say_tasks(detail.tasks, None if full else TASKS)
    page.say_failures(_failures(detail, hooks), None if full else FAILURES, told_in_full if full else told)


def _failures(detail: FlowDetail, hooks: Sequence[Attempt]) -> list[tuple[str, Failure]]:
    """What failed, each with a heading."""
    tasks = [(f"{line(task.name)} {_trouble(task)}", task.error) for task in detail.tasks]
    hooked = [(f"hook {line(each.task)} failed (attempt {each.number})", each.error) for each in hooks]
    return [(heading, error) for heading, error in (*tasks, *hooked) if error is not None]


def _trouble(task: TaskLine) -> str:
    word = "failed" if task.status is TaskStatus.FAILED else f"is {task.status}"
    return f"{word} (attempt {task.attempt})"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    screen: Screen
    moments: Moments

    def say_head(self, flow: FlowDetail, letters: int | None) -> None:
        """Print what stands above the tasks: where it stands, when, and why."""
        version = f" v{flow.version}" if flow.version is not None else ""
        self.screen.say(
            f"{self.screen.status(flow.status)}  {line(flow.flow_class)}{version}  #{flow.offset}  {flow.flow_id}"
        )
        lasted = self.moments.lasted(flow.started_at, flow.ended_at)
        labels = ", ".join(f"{line(key)}={line(value)}" for key, value in sorted(flow.labels.items()))
        facts = (
            ("about", line(flow.description)),
            ("user", line(flow.user)),
            ("labels", labels),
            ("priority", str(flow.priority or "")),
            ("key", line(flow.idempotency_key or "")),
            ("created", self.moments.both(flow.created_at)),
            ("run at", self.moments.both(flow.run_at)),
            ("started", self.moments.both(flow.started_at)),
            ("ended", self.moments.both(flow.ended_at)),
            ("took" if flow.ended_at else "so far", lasted),
            ("runtime", line(flow.runtime or "")),
            ("input", _value(flow.input, letters)),
            ("storage", _value(flow.storage, letters) if flow.storage != flow.input else ""),
            ("reason", line(flow.reason) if flow.reason not in flow.waiting else ""),
            *(("waits", line(reason)) for reason in flow.waiting),
        )
        for name, text in facts:
            if text:
                self.screen.say(f"{name:8} {text}")

    def say_tasks(self, tasks: Sequence[TaskLine], limit: int | None) -> None:
        """Print the tasks as a table; where they are too many, those of which nothing can be said are counted."""
        if not tasks:
            return
        shown = tasks
        if limit is not None and len(tasks) > limit:
            shown = [task for task in tasks if task.status not in QUIET][:limit]
            counts = Counter(task.status for task in tasks)
            listed = ", ".join(f"{self.screen.status(status)} {count}" for status, count in counts.items())
            self.screen.say(f"\n{len(tasks)} tasks: {listed}  (--full lists them)")
        if shown:
            self.screen.say("")
        self.screen.table(TITLES, [self._row(task) for task in shown], elastic=RESULT)

    def say_failures(
        self, failures: Sequence[tuple[str, Failure]], limit: int | None, tell: Callable[[Failure], list[str]]
    ) -> None:
        """Print what failed, the user's own code first."""
        for heading, failure in failures[:limit]:
            self.screen.say("\n".join(("", f"{heading}:", *(f"  {each}" for each in tell(failure)))))
        if limit is not None and len(failures) > limit:
            self.screen.say(f"\n{len(failures) - limit} more errors  (--full shows them)")

    def _row(self, task: TaskLine) -> tuple[str, ...]:
        after = [line(name) for name in task.after[:AFTER]]
        if len(task.after) > AFTER:
            after.append(f"{len(task.after) - AFTER} more")
        again = f" {self.moments.show(task.retry_at)}" if task.status is TaskStatus.RETRYING and task.retry_at else ""
        return (
            line(task.name),
            self.screen.status(task.status) + again,
            str(task.attempt or ""),
            self.moments.lasted(task.started_at, task.ended_at) if task.status is not TaskStatus.PENDING else "",
            ", ".join(after),
            _value(task.result, RESULT_LETTERS),
        )


def _value(value: Any, letters: int | None) -> str:
    """A stored value as JSON, cut where it would fill the page; empty for none."""
    if value is None:
        return ""
    text = json_text(value)
    return text if letters is None or len(text) <= letters else f"{text[:letters]}… ({len(text)} characters)"
