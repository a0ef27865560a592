"""Processes that die, stop or will not end: F01, F02, F05, F07, F08, F10, F11."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.acceptance.stage import until
from tests.faults.place import MOSTLY_POSTGRES
from theflow import FlowStatus

PLACES = ("after_claim_commit", "before_outcome_commit", "after_outcome_commit")


def submitted(place):
    """Chains of three users, two in each queue."""
    return place.client.create_jobs([place.job("line", user) for _ in range(2) for user in ("ann", "bob", "cid")])


def test_f01_a_runtime_killed_at_any_place_loses_nothing_on_a_server(served):
    flows = submitted(served)
    for name in PLACES:
        assert served.start(failpoint=f"{name}:1", flows=4).wait() == -signal.SIGKILL
    done = {(flow.offset, task.name): task for flow in flows for task in flow.get().tasks if task.status == "succeeded"}
    assert served.start(burst=True).wait() == 0
    for flow in flows:
        now = flow.get()
        assert (now.status, now.storage.steps) == (FlowStatus.SUCCEEDED, ["first", "second", "third"])
        assert all(done.get((flow.offset, task.name), task) == task for task in now.tasks)
    for offsets in served.offsets_by_queue().values():
        assert offsets == sorted(offsets)


def test_f02_a_stopped_runtime_is_fenced_and_rejoins(served):
    flow = served.submit("sleeper", until=str(served.go))
    stopped = served.start("one", ttl=0.8).ready()
    served.started(flow)
    stopped.send(signal.SIGSTOP)
    other = served.start("two", ttl=0.8).ready()
    served.started(flow, 2)
    stopped.send(signal.SIGCONT)
    until(lambda: "fenced, rejoining" in stopped.err)
    until(lambda: [effect.pid for effect in served.effects(flow, "cancelled")] == [stopped.pid])
    served.go.touch()
    assert flow.wait(15).task("rest").result == other.pid
    until(lambda: {one.holder.name for one in served.client.runtimes()} == {"one", "two"})


@MOSTLY_POSTGRES
def test_f05_a_runtime_stopped_inside_a_transaction_holds_others_up_only_so_long(served):
    flow = served.submit("line")
    stopped = served.start("one", ttl=1.0, harm={"stop_inside": "save_task"}, url=impatient(served)).ready()
    served.started(flow)
    until(lambda: "T" in status_of(stopped.pid))
    served.start("two", ttl=1.0, url=impatient(served)).ready()
    assert flow.wait(40).status is FlowStatus.SUCCEEDED
    stopped.send(signal.SIGCONT)
    until(lambda: "fenced, rejoining" in stopped.err)
    assert flow.get().storage.steps == ["first", "second", "third"]


def impatient(served):
    """A URL whose sessions wait for less long, where that can be said in a URL."""
    short = "?options=-c%20idle_in_transaction_session_timeout%3D2s"
    return served.url + (short if served.is_postgres else "")


def status_of(pid):
    """Which state a process is in."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_f07_a_signal_in_the_middle_of_a_commit_loses_nothing(served):
    flow = served.submit("line")
    life = served.start(harm={"signal_at": "before_outcome_commit"})
    assert life.wait() == 0
    assert [task.name for task in flow.get().tasks if task.status == "succeeded"] in (["first"], ["first", "second"])
    assert served.start(burst=True).wait() == 0
    assert flow.get().storage.steps == ["first", "second", "third"]
    assert len(served.effects(flow)) == 3


def test_f08_a_body_that_swallows_everything_is_named_and_left_behind(place):
    flow = place.submit("ignorant")
    life = place.start(grace=0.2).ready()
    place.started(flow)
    began = time.monotonic()
    life.send(signal.SIGTERM)
    assert life.wait() == 130
    assert time.monotonic() - began < 6
    assert f"flow_id={flow.flow_id} task=swallow_all attempt=1" in life.err
    assert flow.get().status is FlowStatus.RUNNING


def test_f08_an_async_body_that_swallows_its_cancellation_is_named(place):
    flow = place.submit("deaf")
    life = place.start(grace=0.2).ready()
    place.started(flow)
    life.send(signal.SIGTERM)
    assert life.wait() == 130
    assert f"is left behind flow_id={flow.flow_id} task=swallow attempt=1" in life.err


def test_f10_a_body_that_blocks_the_loop_is_told_of_with_its_line(place):
    flow = place.submit("stubborn", seconds=2.5)
    life = place.start(ttl=0.6).ready()
    assert flow.wait(15).status is FlowStatus.SUCCEEDED
    until(lambda: "the loop of async bodies goes on" in life.err)
    assert life.err.count("blocks the loop of all others") == 1
    assert "tests/acceptance/flows.py:" in life.err
    assert "in block_the_loop" in life.err


@pytest.mark.parametrize("served", ["postgres"], indirect=True)
def test_f11_when_all_runtimes_were_killed_others_go_on_without_being_told(served):
    lives = [served.start(name, ttl=2).ready() for name in ("one", "two", "three")]
    flows = submitted(served) + [served.submit("nap", user, seconds=0.3) for user in "abcdef"]
    until(served.effects)
    for life in lives:
        life.send(signal.SIGKILL)
    served.start("four", ttl=2).ready()
    served.start("five", ttl=2).ready()
    assert {flow.wait(20).status for flow in flows} == {FlowStatus.SUCCEEDED}
    for flow in flows:
        assert len({task.name for task in flow.get().tasks}) == len(flow.get().tasks)
