"""The operator's verbs on the command line: on one flow, on many, and on queues."""

from __future__ import annotations

import pytest

from tests.cli.test_requests import status


@pytest.fixture
def failed(theflow):
    """A flow that has failed."""
    flow = theflow.submit("broken")
    assert theflow("run", "flows.py", "--burst").code == 1
    assert status(theflow, flow) == "failed"
    return flow


def asked(theflow, flow):
    """What was asked of a flow, and what came of it."""
    return [(each["verb"], each["answer"]) for each in theflow("show", flow, "-o", "json").json["flow"]["requests"]]


def test_a_failed_task_is_skipped_and_its_flow_goes_on(theflow, failed):
    answer = theflow("skip", failed, "parse", "--result", '{"n": 1}', "--reason", "read by hand", "--by", "ann")
    assert answer.code == 0, answer.err
    assert "left for the runtime that holds it, or takes it next" in answer.err
    assert theflow("run", "flows.py", "--burst").code == 0
    shown = theflow("show", failed, "-o", "json").json["flow"]
    assert (shown["status"], shown["tasks"][0]["result"]) == ("succeeded", {"n": 1})
    assert asked(theflow, failed) == [("skip", "done")]
    assert "asked    to skip parse, by ann" in theflow("show", failed).out


def test_a_failed_flow_is_retried_and_fails_again(theflow, failed):
    assert theflow("retry", failed, "--task", "parse").code == 0
    assert theflow("run", "flows.py", "--burst").code == 1
    assert theflow("show", failed, "-o", "json").json["flow"]["tasks"][0]["attempt"] == 2


def test_what_does_not_fit_says_what_would(theflow, failed):
    answer = theflow("retry", failed, "--task", "nonsense")
    assert answer.code == 2
    assert "class 'broken' has no task 'nonsense'; its tasks are 'parse'" in answer.err
    answer = theflow("pause", failed)
    assert answer.code == 2
    assert "is failed; pause is for flows that are pending or running" in answer.err
    assert theflow("retry").code == 2
    assert theflow("retry", failed, "--class", "broken").code == 2


def test_a_flow_is_paused_edited_and_resumed(theflow):
    flow = theflow.submit("order", "id=A", "amount=3")
    assert theflow("pause", flow, "--timers", "hold").out.startswith("◫ paused")
    answer = theflow("edit", flow, "amount=4", "--target", "flows.py")
    assert answer.code == 0, answer.err
    assert theflow("edit", flow, "amount=many", "--target", "flows.py").code == 2
    assert theflow("resume", flow).code == 0
    assert theflow("run", "flows.py", "--burst").code == 0
    assert theflow("show", flow, "-o", "json").json["flow"]["storage"]["receipt"] == "paid 4"


def test_tasks_are_marked_by_hand(theflow):
    done, fails = theflow.submit("order"), theflow.submit("order")
    assert theflow("done", done, "charge", "--result", "cash").code == 0
    assert theflow("fail", fails, "charge", "--reason", "no money").code == 0
    assert theflow("run-now", done).code == 0
    assert theflow("run", "flows.py", "--burst").code == 1
    assert (status(theflow, done), status(theflow, fails)) == ("succeeded", "failed")


def test_many_flows_are_asked_by_a_filter_once_somebody_agrees(theflow):
    flows = [theflow.submit("order") for _ in range(3)]
    other = theflow.submit("slow")
    answer = theflow("pause", "--class", "order")
    assert answer.code == 2
    assert "pause 3 flows? Nobody is there to answer" in answer.err
    answer = theflow("pause", "--class", "order", "--yes")
    assert (answer.code, answer.out) == (0, "pause: 3 of 3 flows asked, 0 refused\n")
    assert [status(theflow, flow) for flow in (*flows, other)] == ["paused"] * 3 + ["pending"]
    told = theflow("cancel", "--status", "paused", "--yes", "-o", "json").json["applied"]
    assert (told["verb"], told["found"], told["asked"], told["refused"]) == ("cancel", 3, 3, 0)
    assert "no flow of these stands where retry fits" in theflow("retry", "--class", "slow", "--yes").err


def test_a_queue_is_paused_and_its_flows_say_who_did_it(theflow):
    flow = theflow.submit("order", "--user", "ann")
    answer = theflow("pause", "--queue", "order", "--of", "ann", "--reason", "maintenance", "--by", "eve")
    assert answer.code == 0, answer.err
    assert "order" in answer.out
    assert "maintenance" in answer.out
    assert theflow("pause", "--queue", "order", "--of", "ann").code == 2
    (pause,) = theflow("pause", "--list", "-o", "json").json["pauses"]
    assert (pause["flow_class"], pause["user"], pause["asked_by"]) == ("order", "ann", "eve")
    assert theflow("resume", "--queue", "order", "--of", "ann").code == 0
    assert theflow("run", "flows.py", "--burst").code == 0
    assert status(theflow, flow) == "succeeded"


def test_a_flow_is_forked_and_both_say_so(theflow, failed):
    answer = theflow("fork", failed, "--reason", "to try", "--by", "ann")
    assert answer.code == 0, answer.err
    fork = answer.out.strip()
    assert theflow("run", "flows.py", "--burst").code == 1
    assert f"to fork to {fork}, by ann" in theflow("show", failed).out
    assert f"to fork from {failed}, by ann" in theflow("show", fork).out
    assert status(theflow, fork) == "failed"
