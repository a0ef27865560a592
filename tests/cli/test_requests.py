"""`theflow cancel` and `theflow resume`."""

from __future__ import annotations

import os
import pty
import subprocess
from contextlib import closing

import pytest

from tests.cli.shell import COMMAND
from tests.database.builders import Worker, flow_row
from theflow import wire
from theflow.database.records import SchemeRecord


def status(theflow, flow):
    """Where a flow stands, as anybody can ask."""
    return theflow("show", flow, "-o", "json").json["flow"]["status"]


def park(offset):
    """Let a runtime take a flow of class order, and park it."""
    with closing(wire.open_store(None)) as store:
        worker = Worker(store)
        definition = '{"tasks": [], "concurrency": 1}'
        store.register([SchemeRecord(flow_class="order", version=1, definition=definition)])
        assert worker.claim(offset)
        worker.commit(flows=[flow_row(offset, "parked", reason="a pill")], parked=[offset])


def test_a_flow_is_cancelled_and_who_did_it_and_why_is_shown(theflow):
    flow = theflow.submit("order")
    answer = theflow("cancel", flow[:13], "--reason", "ordered twice")
    assert (answer.code, answer.out) == (0, f"⊘ cancelled  order  #1  {flow}\n")
    shown = theflow("show", "#1").out
    assert "⊘ cancelled" in shown
    assert ": ordered twice" in shown
    assert "ending   clean" in shown
    assert theflow("show", "#1", "-o", "json").json["flow"]["ending"] == "clean"
    assert "asked    to cancel, by " in shown


def test_a_cancelled_flow_is_listed_and_waited_for(theflow):
    flow, other = theflow.submit("order"), theflow.submit("order")
    theflow("cancel", flow)
    listed = theflow("ls", "--status", "cancelled", "-o", "json").json["flows"]
    assert [each["flow_id"] for each in listed] == [flow]
    assert theflow("wait", flow).code == 4
    assert status(theflow, other) == "pending"


def test_several_flows_are_cancelled_and_one_that_has_ended_is_told_of(theflow):
    ended = theflow.submit("order", "id=A")
    assert theflow("run", "flows.py", "--burst").code == 0
    flow = theflow.submit("order")
    answer = theflow("cancel", flow, ended)
    assert answer.code == 7
    assert f"flow {ended} has succeeded already; cancel is for flows that have not ended" in answer.err
    assert (status(theflow, flow), status(theflow, ended)) == ("cancelled", "succeeded")
    assert theflow("cancel", ended).code == 2


def test_what_was_cancelled_is_read_by_programs(theflow):
    flow = theflow.submit("order")
    (found,) = theflow("cancel", flow, "-o", "json").json["flows"]
    assert (found["flow_id"], found["status"], found["refusal"]) == (flow, "cancelled", "")
    (request,) = found["requests"]
    assert request["verb"] == "cancel"
    assert request["asked_at"].endswith("Z")


def test_nobody_is_cancelled_where_one_of_the_names_is_wrong(theflow):
    flow = theflow.submit("order")
    assert theflow("cancel", flow, "nonsense").code == 3
    assert status(theflow, flow) == "pending"


@pytest.mark.parametrize(
    ("words", "typed", "code", "end"),
    [
        ([], b"n\n", 130, "pending"),
        ([], b"\x04", 130, "pending"),
        ([], b"y\n", 0, "cancelled"),
        (["--yes"], b"", 0, "cancelled"),
    ],
)
def test_on_a_terminal_it_is_asked_first(theflow, words, typed, code, end):
    flow = theflow.submit("order")
    leader, follower = pty.openpty()
    os.write(leader, typed)
    process = subprocess.run(
        [*COMMAND, "cancel", flow, *words], cwd=theflow.folder, stdin=follower, capture_output=True, check=False
    )
    os.close(follower)
    os.close(leader)
    assert process.returncode == code
    assert (b"cancel this flow?" in process.stderr) == (not words)
    assert status(theflow, flow) == end


def test_a_parked_flow_is_resumed_and_goes_on(theflow):
    flow = theflow.submit("order", "id=A")
    park(1)
    assert theflow("ls", "--status", "parked").out
    answer = theflow("resume", flow, "--reason", "mended")
    assert answer.code == 0, answer.err
    assert theflow("run", "flows.py", "--burst").code == 0
    assert status(theflow, flow) == "succeeded"


def test_a_flow_that_is_not_parked_is_not_resumed(theflow):
    flow = theflow.submit("order")
    answer = theflow("resume", flow)
    assert answer.code == 2
    assert "is pending; resume is for flows that are parked" in answer.err


def test_a_reason_that_cannot_be_kept_is_refused(theflow):
    flow = theflow.submit("order")
    answer = theflow("cancel", flow, "--reason", "x" * 2001)
    assert answer.code == 2
    assert "reason: 2001 characters" in answer.err
    assert status(theflow, flow) == "pending"
