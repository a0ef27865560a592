"""Prints what a runtime does while it runs: lines where nobody looks on, a live view where somebody does."""

from __future__ import annotations

import sys
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from theflow.cli.document import VERSION
from theflow.cli.events import ActiveFlow, Events
from theflow.cli.moments import duration, iso
from theflow.cli.printable import json_text, line
from theflow.cli.session import Form, Session, TimeStyle
from theflow.runtime.clock import SystemClock
from theflow.runtime.progress import Progress

if TYPE_CHECKING:
    from types import TracebackType

PAUSE = 0.1
# Lines a look: more of them cannot be read, and would slow the runtime down.
READABLE = 40
BAR = 12
FLOWS = 10
REFRESHES = 8
# Kind of event -> its sign and its words.
WORDS = {
    "admitted": ("○", "admitted"),
    "recovered": ("↻", "recovered: goes on where it stopped"),
    "task_started": ("▶", "started"),
    "task_succeeded": ("✓", "succeeded"),
    "task_retrying": ("↻", "failed, will be tried again"),
    "task_lost": ("↻", "was cut off"),
    "task_failed": ("✗", "failed"),
    "task_cancelled": ("⊘", "was cancelled"),
    "undo_started": ("▶", "started"),
    "undo_succeeded": ("◀", "succeeded"),
    "undo_retrying": ("↻", "failed, will be tried again"),
    "undo_failed": ("✗", "failed"),
    "flow_succeeded": ("✓", "succeeded"),
    "flow_failed": ("✗", "failed"),
    "flow_cancelled": ("⊘", "cancelled"),
    "flow_reverting": ("◁", "is undone"),
    "flow_reverted": ("◀", "undone"),
    "flow_revert_failed": ("✗", "could not be undone"),
    "flow_parked": ("‖", "parked"),
}
ENDED = (
    ("succeeded", "✓"),
    ("failed", "✗"),
    ("cancelled", "⊘"),
    ("parked", "‖"),
    ("reverted", "◀"),
    ("revert_failed", "⊗"),
)
QUIET = ("admitted", "task_started", "task_succeeded", "undo_started")
STYLES = {"✓": "green", "✗": "bold red", "↻": "yellow", "‖": "magenta", "⊘": "yellow", "◁": "yellow", "◀": "yellow"}


class Page(Protocol):
    """Where events are printed."""

    def say(self, events: list[Progress], left_out: int) -> None:
        """Print some events, and how many more there were."""


class Printer:
    """A thread that prints events as they gather, so that the engine never waits for a terminal."""

    def __init__(self, events: Events, page: Page) -> None:
        self._events = events
        self._page = page
        self._stop = Event()
        self._thread = Thread(target=self._run, name="theflow-printer", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Print what is left."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stop.wait(PAUSE):
                self._page.say(*self._events.take())
            self._page.say(*self._events.take())
        except (OSError, ValueError):
            # The reader has gone; the runtime has work to do and goes on in silence.
            return


class Lines:
    """One plain line an event, or one JSON document a line."""

    def __init__(self, session: Session, started: float) -> None:
        self._session = session
        self._started = started

    def say(self, events: list[Progress], left_out: int) -> None:
        """Print the events in one piece."""
        text = "".join(f"{self._line(event)}\n" for event in events)
        if text:
            sys.stdout.write(text)
            sys.stdout.flush()
        if left_out:
            sys.stderr.write(f"{left_out} events were not printed: the output is too slow\n")

    def _line(self, event: Progress) -> str:
        if self._session.form is Form.JSONL:
            return json_text({"version": VERSION, "event": event._asdict()})
        if self._session.times is TimeStyle.ISO:
            at = iso(SystemClock().now())
        else:
            at = f"{monotonic() - self._started:8.1f}s"
        return f"{at}  {told(event)}"


class Board:
    """A live view: lines for what ends or fails, and below them the flows in hand."""

    def __init__(self, events: Events, name: str, started: float) -> None:
        self._events = events
        self._name = name
        self._started = started
        self.console = Console(markup=False, highlight=False, emoji=False)
        self.live = Live(
            get_renderable=self._view,
            console=self.console,
            refresh_per_second=REFRESHES,
            transient=True,
            redirect_stderr=sys.stderr.isatty(),
        )

    def say(self, events: list[Progress], left_out: int) -> None:
        """Print what stays on the screen."""
        lasting = [event for event in events if event.kind not in QUIET]
        for event in lasting[:READABLE]:
            self.console.print(Text(told(event), style=STYLES.get(WORDS[event.kind][0], "")))
        rest = len(lasting) - READABLE + left_out
        if rest > 0:
            self.console.print(Text(f"… and {rest} more", style="dim"))

    def _view(self) -> Group:
        flows, count = self._events.active(FLOWS)
        ended = self._events.ended()
        outcomes = "  ".join(f"{sign} {ended[word]} {word}" for word, sign in ENDED if ended[word])
        took = duration(int((monotonic() - self._started) * 1_000_000))
        head = Text(f"{line(self._name)}  {took}  ▶ {count} in hand  {outcomes}", style="bold", no_wrap=True)
        rest = [Text(f"… and {count - len(flows)} more", style="dim")] if count > len(flows) else []
        return Group(head, *(self._row(flow) for flow in flows), *rest)

    def _row(self, flow: ActiveFlow) -> Text:
        running = ", ".join(line(task) for task in flow.running)
        user = "" if flow.user == "default" else f" {line(flow.user)}"
        text = f"  #{flow.offset} {line(flow.flow_class)}{user}  {_bar(flow)}  {running}"
        return Text(text, no_wrap=True, overflow="ellipsis")


def told(event: Progress) -> str:
    """An event in words."""
    sign, words = WORDS.get(event.kind, ("·", event.kind))
    user = "" if event.user == "default" else f" {line(event.user)}"
    task = f"  {line(event.task)}" if event.task else ""
    attempt = f" (attempt {event.attempt})" if event.attempt and event.attempt > 1 else ""
    detail = f": {line(event.detail)}" if event.detail else ""
    return f"{sign} #{event.offset} {line(event.flow_class)}{user}{task} {words}{attempt}{detail}"


def _bar(flow: ActiveFlow) -> str:
    if not flow.size:
        return f"{flow.done}"
    full = min(BAR * flow.done // flow.size, BAR)
    return f"{'█' * full}{'░' * (BAR - full)} {flow.done}/{flow.size}"
