"""Clocks that jump, and bodies that ignore their time: F43, F48."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace

import pytest

from tests.acceptance.stage import until
from tests.faults.place import MOSTLY_POSTGRES
from tests.runtime.works import Works, one_task
from theflow import AttemptStatus, Context, FlowStatus, JobMeta
from theflow.database.memory import MemoryStore
from theflow.errors import ThreadsLost


@pytest.fixture
def works():
    """Runtimes in this process."""
    made = Works(MemoryStore())
    yield made
    made.close()


def stuck_on(gate: threading.Event):
    """A class of flows whose body waits for a gate, and not for its timeout."""
    return one_task(lambda: gate.wait(30) and "late", concurrency=99, timeout=0.1)


def test_f48_a_runtime_without_threads_hands_over_and_ends_with_the_code_for_a_restart(place):
    kept = [place.submit("stuck", user, until=str(place.go)) for user in ("ann", "bob")]
    life = place.start("one", threads=2, ttl=1.0, flows=9).ready()
    until(lambda: life.err.count("keeps its thread") == 2)
    queued = [place.submit("nap", user) for user in ("cid", "dan")]
    assert life.wait(15) == 75
    assert f"flow_id={kept[0].flow_id} task=hang attempt=1" in life.err
    assert "lost_threads=2 of 2" in life.err
    assert "start the process again" in life.err
    place.start("two").ready()
    assert {flow.wait(10).status for flow in queued} == {FlowStatus.SUCCEEDED}
    assert [len(place.effects(flow)) for flow in (*kept, *queued)] == [1, 1, 1, 1]
    assert {flow.get().task("hang").error.type for flow in kept} == {"TimedOut"}


def test_f48_flows_in_hand_whose_bodies_found_no_thread_go_to_others_uncounted(place):
    first, *queued = [place.submit("stuck", user, until=str(place.go)) for user in ("ann", "bob", "cid")]
    assert place.start("one", threads=1, ttl=0.5).ready().wait(15) == 75
    assert first.get().status is FlowStatus.FAILED
    assert {flow.get().status for flow in queued} == {FlowStatus.RUNNING}
    place.go.touch()
    assert place.start("two", burst=True, claims=1).wait() == 0
    assert {flow.get().status for flow in queued} == {FlowStatus.SUCCEEDED}
    assert [len(place.effects(flow)) for flow in (first, *queued)] == [1, 1, 1]


def test_f48_a_runtime_whose_bodies_come_back_goes_on(works, caplog):
    gate = threading.Event()
    runtime = works.start(stuck_on(gate), threads=2, ttl=60)
    first = works.client.create_jobs([JobMeta(flow_class="single")] * 2)
    assert {flow.wait(5).status for flow in first} == {FlowStatus.FAILED}
    until(lambda: runtime.lost_threads == 2)
    waiting = works.client.create_job(JobMeta(flow_class="single"))
    with caplog.at_level(logging.WARNING):
        gate.set()
        assert waiting.wait(5).status is FlowStatus.SUCCEEDED
    assert runtime.lost_threads == 0
    assert {flow.get().status for flow in first} == {FlowStatus.FAILED}
    assert caplog.text.count("came back") == 2


def test_f48_a_runtime_within_a_program_stops_and_says_why(works):
    gate = threading.Event()
    runtime = works.start(stuck_on(gate), threads=1, ttl=0.5, grace=0.1)
    works.client.create_job(JobMeta(flow_class="single")).wait(5)
    until(lambda: works.client.runtimes() == [])
    with pytest.raises(ThreadsLost, match=r"all 1 threads are kept .* task=only attempt=1"):
        runtime.stop()
    gate.set()


def test_f48_what_a_body_logs_after_its_timeout_is_told_by_the_runtime(place):
    flow = place.submit("stuck", until=str(place.go))
    life = place.start(ttl=60).ready()
    assert flow.wait(5).status is FlowStatus.FAILED
    place.go.touch()
    until(lambda: "here I am again" in life.err)
    assert f"logged after the attempt had ended offset={flow.offset} task=hang attempt=1: here I am again" in life.err
    until(lambda: "is not heard" in life.err)
    assert flow.get().task("hang").error.type == "TimedOut"


def test_f48_a_body_that_ends_with_its_time_has_one_outcome(works):
    def nearly(ctx: Context[dict]) -> str:
        time.sleep(ctx.offset % 20 / 200)
        return "done"

    scheme = one_task(nearly, concurrency=99, timeout=0.05)
    runtime = works.start(scheme, threads=8, ttl=60)
    flows = works.client.create_jobs([JobMeta(flow_class="single")] * 200)
    ended = [flow.wait(30) for flow in flows]
    for flow in ended:
        (attempt,) = works.client.attempts(flow.flow_id)
        in_time = attempt.status is AttemptStatus.SUCCEEDED
        assert flow.status is (FlowStatus.SUCCEEDED if in_time else FlowStatus.FAILED)
        assert flow.task("only").result == ("done" if in_time else None)
    assert {flow.status for flow in ended} == {FlowStatus.SUCCEEDED, FlowStatus.FAILED}
    until(lambda: runtime.lost_threads == 0)
    assert [flow.get() for flow in flows] == ended


@pytest.mark.parametrize(
    "wrong", [{"skew": 3600.0}, {"skew": -3600.0}, {"frozen": True}], ids=["fast", "slow", "still"]
)
@MOSTLY_POSTGRES
def test_f43_a_runtime_with_a_wrong_clock_keeps_the_time_of_the_database(served, wrong):
    soon = time.time_ns() // 1000 + 2_500_000
    held = served.submit("sleeper", "zoe", until=str(served.go))
    served.start("right", ttl=1.5, without=("late", "line")).ready()
    served.started(held)
    served.start("wrong", ttl=1.5, harm=wrong, without=("sleeper",)).ready()
    delayed = served.client.create_job(replace(served.job("line"), run_at=soon))
    retried = served.submit("late")
    assert delayed.wait(15).status is FlowStatus.SUCCEEDED
    assert served.effects(delayed)[0].at - (time.monotonic() - time.time()) >= soon / 1_000_000 - 0.05
    assert retried.wait(15).status is FlowStatus.SUCCEEDED
    first, second = served.effects(retried)
    assert second.at - first.at >= 1.0
    assert second.at - first.at < 4.0
    assert len(served.effects(held)) == 1
    served.go.touch()
    assert held.wait(10).status is FlowStatus.SUCCEEDED
