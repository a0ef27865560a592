"""What a running runtime shows of its flows."""

from __future__ import annotations

from rich.console import Console

from theflow.cli.events import WAITING_LIMIT, Events
from theflow.cli.printer import READABLE, Board, told
from theflow.runtime.progress import Progress


def event(kind, *, offset=1, **more):
    return Progress(flow_id=str(offset), offset=offset, flow_class="order", user="default", kind=kind, **more)


def test_a_flow_is_in_hand_until_it_has_ended():
    events = Events({"order": 2})
    events(event("task_started", task="charge", attempt=1))
    events(event("task_succeeded", task="charge", attempt=1))
    events(event("task_started", task="ship", attempt=1))
    (flow,), count = events.active(10)
    assert (flow.done, flow.size, list(flow.running), count) == (1, 2, ["ship"], 1)
    events(event("flow_succeeded"))
    assert events.active(10) == ([], 0)
    assert events.ended() == {"succeeded": 1}


def test_events_that_nobody_prints_do_not_fill_the_memory():
    events = Events({})
    for offset in range(WAITING_LIMIT + 7):
        events(event("flow_failed", offset=offset))
    taken, left_out = events.take()
    assert (len(taken), left_out) == (WAITING_LIMIT, 7)
    assert events.take() == ([], 0)
    assert events.ended()["failed"] == WAITING_LIMIT + 7


def test_an_event_is_told_in_one_line_that_cannot_steer_the_terminal():
    text = told(event("task_retrying", task="charge", attempt=2, detail="ValueError: \x1b[2J[bold]\nforged"))
    assert text == ("↻ #1 order  charge failed, will be tried again (attempt 2): ValueError: \\x1b[2J[bold]\\nforged")


def test_an_event_of_a_later_theflow_is_told_by_its_name():
    assert told(event("flow_sleeping")) == "· #1 order flow_sleeping"


def test_more_lines_than_can_be_read_are_summed_up():
    board = Board(Events({}), "box", 0.0)
    board.console = Console(width=80)
    with board.console.capture() as printed:
        board.say([event("flow_failed", offset=offset) for offset in range(READABLE + 5)], 3)
    lines = printed.get().splitlines()
    assert len(lines) == READABLE + 1
    assert lines[-1] == "… and 8 more"
