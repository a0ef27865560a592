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
from theflow.model.view import DONE, Attempt, FlowDetail, FlowLink, Request, TaskLine, UndoLine
from theflow.runtime.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TITLES = ("TASK", "STATUS", "ATTEMPT", "TOOK", "AFTER", "RESULT")
UNDO_TITLES = ("UNDO", "STATUS", "ATTEMPT", "TOOK", "TASK WAS")
RESULT = TITLES.index("RESULT")
# Longer tables, values and lists of errors hide what one looks for; --full and -o json have everything.
TASKS = 100
FAILURES = 10
LETTERS = 300
RESULT_LETTERS = 60
AFTER = 3
_ENDS = {TaskStatus.FAILED: "failed", TaskStatus.CANCELLED: "was cancelled", TaskStatus.SKIPPED: "was skipped"}
HOOKS = {
    FlowStatus.SUCCEEDED: ON_SUCCESS,
    FlowStatus.FAILED: ON_FAILURE,
    FlowStatus.REVERTED: ON_FAILURE,
    FlowStatus.REVERT_FAILED: ON_FAILURE,
}
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
        hook = HOOKS.get(detail.status)
        hooks = client.attempts(detail.flow_id, task=hook) if hook else []
    if session.form is not Form.TABLE:
        print_one(session.form, "flow", plain(detail) | {"hooks": plain(tuple(hooks))})
        return
    page = _Page(screen=Screen.here(), moments=Moments(style=session.times, now=SystemClock().now()))
    page.say_head(detail, None if full else LETTERS)
    page.say_tasks(detail.tasks, None if full else TASKS)
    page.say_undos([task.undo for task in detail.tasks if task.undo is not None], None if full else TASKS)
    page.say_failures(_failures(detail, hooks), None if full else FAILURES, told_in_full if full else told)


def _failures(detail: FlowDetail, hooks: Sequence[Attempt]) -> list[tuple[str, Failure]]:
    """What failed, each with a heading."""
    tasks = [(f"{line(task.name)} {_trouble(task)}", task.error) for task in detail.tasks]
    undos = [
        (f"{line(undo.name)} {_trouble(undo)}", undo.error) for undo in (task.undo for task in detail.tasks) if undo
    ]
    hooked = [(f"hook {line(each.task)} failed (attempt {each.number})", each.error) for each in hooks]
    return [(heading, error) for heading, error in (*tasks, *undos, *hooked) if error is not None]


def _trouble(task: TaskLine | UndoLine) -> str:
    word = _ENDS.get(task.status, f"is {task.status}")
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
            ("unique", line(flow.unique or "")),
            ("created", self.moments.both(flow.created_at)),
            ("run at", self.moments.both(flow.run_at)),
            ("expires", self.moments.both(flow.expires_at)),
            ("started", self.moments.both(flow.started_at)),
            ("ended", self.moments.both(flow.ended_at)),
            ("ending", line(flow.ending or "")),
            ("took" if flow.ended_at else "so far", lasted),
            ("runtime", line(flow.runtime or "")),
            ("part of", "" if flow.parent is None else self._kin(flow.parent)),
            *(("sub-flow", self._kin(child)) for child in flow.children),
            ("input", _value(flow.input, letters)),
            ("storage", _value(flow.storage, letters) if flow.storage != flow.input else ""),
            ("reason", line(flow.reason) if flow.reason not in flow.waiting else ""),
            *(("waits", line(reason)) for reason in flow.waiting),
            *(("asked", self._told(request)) for request in flow.requests),
        )
        for name, text in facts:
            if text:
                self.screen.say(f"{name:8} {text}")

    def _told(self, request: Request) -> str:
        why = f": {request.reason}" if request.reason else ""
        if request.handled_at is None:
            answer = " (nobody has heard it yet)"
        else:
            answer = "" if request.answer == DONE else f" ({request.answer})"
        asked = f"to {request.verb}{_of(request)}, by {request.asked_by}, {self.moments.both(request.asked_at)}"
        return line(f"{asked}{why}{answer}")

    def _kin(self, link: FlowLink) -> str:
        return f"{self.screen.status(link.status)}  {line(link.flow_class)}  {link.flow_id}  (task {line(link.task)})"

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

    def say_undos(self, undos: Sequence[UndoLine], limit: int | None) -> None:
        """Print what undoes the tasks as a table, those first of which more can be said than that it is done."""
        if not undos:
            return
        shown = sorted(undos, key=lambda undo: undo.status in QUIET)[:limit]
        self.screen.say("")
        self.screen.table(UNDO_TITLES, [self._undo_row(undo) for undo in shown], elastic=0)
        if len(shown) < len(undos):
            self.screen.say(f"{len(undos) - len(shown)} more  (--full lists them)")

    def say_failures(
        self, failures: Sequence[tuple[str, Failure]], limit: int | None, tell: Callable[[Failure], list[str]]
    ) -> None:
        """Print what failed, the user's own code first."""
        for heading, failure in failures[:limit]:
            self.screen.say("\n".join(("", f"{heading}:", *(f"  {each}" for each in tell(failure)))))
        if limit is not None and len(failures) > limit:
            self.screen.say(f"\n{len(failures) - limit} more errors  (--full shows them)")

    def _undo_row(self, undo: UndoLine) -> tuple[str, ...]:
        again = f" {self.moments.show(undo.retry_at)}" if undo.status is TaskStatus.RETRYING and undo.retry_at else ""
        return (
            line(undo.name),
            self.screen.status(undo.status) + again,
            str(undo.attempt or ""),
            self.moments.lasted(undo.started_at, undo.ended_at) if undo.status is not TaskStatus.PENDING else "",
            "unknown" if undo.unknown else "done",
        )

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
            _value(task.result, RESULT_LETTERS) or self._so_far(task),
        )

    def _so_far(self, task: TaskLine) -> str:
        if task.progress is None:
            return ""
        said = line(task.progress.line())
        return f"{said}, {self.moments.show(task.progress.at)}" if task.status is TaskStatus.RUNNING else said


def _of(request: Request) -> str:
    """What a request names: tasks, fields of the storage."""
    given = request.payload
    if request.verb == "fork":
        return f" from {given['from']}" if "from" in given else f" to {given.get('to')}"
    names = [given["task"]] if given.get("task") else [*given.get("tasks", ()), *given.get("fields", ())]
    return f" {', '.join(map(str, names))}" if names else ""


def _value(value: Any, letters: int | None) -> str:
    """A stored value as JSON, cut where it would fill the page; empty for none."""
    if value is None:
        return ""
    text = json_text(value)
    return text if letters is None or len(text) <= letters else f"{text[:letters]}… ({len(text)} characters)"
