"""`theflow revert`, and what is shown of a flow that was undone."""

from __future__ import annotations

from textwrap import dedent

import pytest

TRIP = """
    from theflow import FlowScheme, Undo

    trip = FlowScheme("trip")

    @trip.task
    def fly():
        return "LH 1"

    @fly.compensate
    def cancel_flight(undo: Undo, fly: str):
        print("cancelled", fly, undo.reason)

    @trip.task
    def sleep(fly: str):
        return "room 7"

    @sleep.compensate
    def cancel_room(sleep: str):
        if __import__("pathlib").Path("stubborn").exists():
            raise OSError("no refund")
"""


@pytest.fixture
def trip(theflow):
    """The id of a flow that has succeeded and can be undone."""
    (theflow.folder / "trips.py").write_text(dedent(TRIP).lstrip(), encoding="utf-8")
    flow = theflow.submit("trip")
    run(theflow)
    return flow


def run(theflow):
    """Let a runtime do what is left to do."""
    return theflow("run", "trips.py", "--burst")


def status(theflow, flow):
    """Where a flow stands."""
    return theflow("show", flow, "-o", "json").json["flow"]["status"]


def test_a_flow_is_undone_and_shows_how(theflow, trip):
    answer = theflow("revert", trip, "--reason", "rain")
    assert (answer.code, answer.out) == (0, f"✓ succeeded  trip  #1  {trip}\n")
    assert "left for the runtime that holds it, or takes it next" in answer.err
    assert run(theflow).code == 1
    shown = theflow("show", trip).out
    rows = [row.split() for row in shown.splitlines() if "/undo" in row]
    assert [(row[0], row[2], row[-1]) for row in rows] == [
        ("fly/undo", "succeeded", "done"),
        ("sleep/undo", "succeeded", "done"),
    ]
    assert "◀ reverted" in shown
    assert "asked    to revert, by " in shown
    assert theflow("wait", trip).code == 1
    assert theflow("logs", trip, "--task", "fly/undo").code == 0


def test_a_flow_is_undone_back_to_a_task(theflow, trip):
    assert theflow("revert", trip, "--to", "fly").code == 0
    run(theflow)
    tasks = theflow("show", trip, "-o", "json").json["flow"]["tasks"]
    assert [task["undo"] and task["undo"]["status"] for task in tasks] == [None, "succeeded"]
    assert "reverted to 'fly' by " in theflow("show", trip).out


def test_what_could_not_be_undone_is_shown_and_goes_on_when_it_is_resumed(theflow, trip):
    stubborn = theflow.folder / "stubborn"
    stubborn.touch()
    theflow("revert", trip)
    run(theflow)
    shown = theflow("show", trip).out
    assert "task 'sleep' could not be undone" in shown
    assert "sleep/undo failed (attempt 1):" in shown
    listed = theflow("ls", "--status", "revert_failed", "-o", "json").json["flows"]
    assert [flow["flow_id"] for flow in listed] == [trip]
    stubborn.unlink()
    assert theflow("resume", trip).code == 0
    run(theflow)
    assert status(theflow, trip) == "reverted"


def test_what_does_not_fit_is_refused(theflow, trip):
    pending = theflow.submit("trip")
    answer = theflow("revert", pending)
    assert (answer.code, status(theflow, pending)) == (2, "pending")
    assert "is pending; revert is for flows that are running, waiting, parked, pausing, paused, succeeded" in answer.err
    assert "has no task 'swim'; its tasks are 'fly', 'sleep'" in theflow("revert", trip, "--to", "swim").err
