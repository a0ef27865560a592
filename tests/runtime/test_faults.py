"""The database fails at any moment, and no outcome is lost, doubled or changed."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter

import pytest

from tests.runtime.faulty import Faulty, fenced, often, refusing, unanswered, unavailable, unheard
from tests.runtime.works import Works, one_task, until
from theflow import UNLIMITED, Chain, Context, FlowScheme, FlowStatus, JobMeta, Limit, Rate, Retry
from theflow.database.records import Holder
from theflow.errors import RuntimeNameTaken, StoreUnavailable
from theflow.runtime.incarnation import Sweep


@pytest.fixture
def faulty(works):
    """The store of the works, which fails as planned."""
    works.store = Faulty(works.store)
    return works.store


class Bodies:
    """Counts how often each body of a chain began."""

    def __init__(self, length=3):
        self.begun = Counter()
        self.scheme = FlowScheme("counted", orchestration=Chain, concurrency=UNLIMITED)
        for number in range(length):
            self.scheme.add(self.body(f"t{number}"), name=f"t{number}")

    def body(self, name):
        def run(ctx: Context[dict]) -> str:
            self.begun[ctx.offset, name] += 1
            return f"{ctx.offset}/{name}"

        return run

    def submit(self, works: Works, count=1):
        """Submit flows before anybody runs them."""
        return works.client.create_jobs([JobMeta(flow_class="counted")] * count)


@pytest.mark.parametrize("fault", [unavailable, unheard, unanswered])
@pytest.mark.parametrize("method", ["commit", "claim", "look", "beat", "runtimes", "read_turn"])
def test_a_fault_of_the_database_costs_nothing_but_time(works, faulty, method, fault):
    bodies = Bodies()
    (flow,) = bodies.submit(works)
    faulty.plan(method, fault, fault)
    if method == "read_turn":
        faulty.plan("commit", unanswered)
    works.start(bodies.scheme, ttl=1.0)
    assert flow.wait(10).status is FlowStatus.SUCCEEDED
    assert set(bodies.begun.values()) == {1}
    until(faulty.done)


def test_nothing_is_claimed_while_nobody_knows_what_a_commit_has_written(works, faulty, monkeypatch):
    # A claim would take the turn of that commit, and be taken for it: the outcomes would be lost.
    monkeypatch.setattr(Sweep, "due", lambda *_, **__: True)
    monkeypatch.setattr(Sweep, "run", lambda *_: 1)  # each look at the others frees some flow
    bodies, calls = Bodies(), []
    flows = bodies.submit(works, 9)
    faulty.always("claim", lambda claim, *given: calls.append("claim") or claim(*given))
    faulty.always("commit", lambda commit, *given: calls.append("commit") or commit(*given))
    faulty.plan("commit", lambda commit, *given: calls.append("lost") or unheard(commit, *given))
    works.start(bodies.scheme, flows=2)
    assert {flow.wait(10).status for flow in flows} == {FlowStatus.SUCCEEDED}
    assert set(bodies.begun.values()) == {1}
    assert calls[calls.index("lost") + 1] == "commit"


@pytest.mark.parametrize("answer", [unheard, unanswered])
def test_a_claim_whose_answer_and_whose_trace_are_lost_is_made_again(works, faulty, answer):
    bodies = Bodies()
    flows = bodies.submit(works, 5)
    faulty.plan("claim", answer)
    faulty.plan("read_turn", unavailable)
    works.start(bodies.scheme)
    assert {flow.wait(10).status for flow in flows} == {FlowStatus.SUCCEEDED}
    assert set(bodies.begun.values()) == {1}


@pytest.mark.parametrize("answer", [unheard, unanswered])
def test_a_lost_answer_to_a_write_of_nothing_but_a_bucket_costs_no_turn(works, faulty, answer):
    bodies = Bodies()
    slow, quick = Limit(rate=Rate(units=1, per=86_400)), Limit(rate=Rate(units=5, per=1))
    works.client.set_limit("class", "counted", limit=slow)
    first, *others = bodies.submit(works, 3)
    runtime = works.start(bodies.scheme)
    assert first.wait(10).status is FlowStatus.SUCCEEDED
    incarnation = runtime.incarnation_id
    faulty.plan("claim", answer)
    # The debt of a day is forgotten, and that is written without a claim.
    works.client.set_limit("class", "counted", limit=quick)
    assert {flow.wait(10).status for flow in others} == {FlowStatus.SUCCEEDED}
    assert runtime.incarnation_id == incarnation
    assert faulty.done()


def test_one_row_that_the_database_refuses_parks_its_flow_and_no_other(works, faulty):
    bodies = Bodies()
    flows = bodies.submit(works, 20)
    faulty.always("commit", refusing(flows[7].offset))
    works.start(bodies.scheme)
    others = [flow for flow in flows if flow is not flows[7]]
    assert {flow.wait(10).status for flow in others} == {FlowStatus.SUCCEEDED}
    parked = until(lambda: flows[7].get() if flows[7].get().status is FlowStatus.PARKED else None)
    assert "the database refused" in parked.reason
    assert parked.waiting == (f"parked: {parked.reason}",)


def test_a_refused_row_of_a_hook_ends_no_runtime(works, faulty):
    def tell() -> None:
        raise RuntimeError("nobody is there")

    scheme = one_task(lambda: None)
    scheme.on_success(tell)
    first = works.client.create_job(JobMeta(flow_class="single"))
    faulty.always("commit", refuse_hooks)
    works.start(scheme)
    assert first.wait(5).status is FlowStatus.SUCCEEDED
    assert works.submit(scheme, user="bob").wait(5).status is FlowStatus.SUCCEEDED
    assert works.submit(scheme).wait(5).status is FlowStatus.SUCCEEDED


def refuse_hooks(call, fence, batch):
    refusing(*(row.offset for row in batch.attempts if "nobody is there" in row.error))(call, fence, batch)


def test_a_fenced_runtime_rejoins_and_its_flows_run_again(works, faulty, caplog):
    caplog.set_level(logging.ERROR)
    bodies = Bodies(1)
    (flow,) = bodies.submit(works)
    faulty.plan("commit", fenced)
    runtime = works.start(bodies.scheme, name="worker")
    first = runtime.incarnation_id
    assert flow.wait(10).status is FlowStatus.SUCCEEDED
    assert runtime.incarnation_id != first
    assert bodies.begun[flow.offset, "t0"] == 2
    assert [each.holder.name for each in works.client.runtimes()] == ["worker"]
    assert "fenced, rejoining runtime=worker" in caplog.text


def test_a_runtime_rejoins_though_the_database_fails_meanwhile(works, faulty):
    bodies = Bodies(1)
    (flow,) = bodies.submit(works)
    faulty.plan("commit", fenced)
    works.start(bodies.scheme, name="worker")
    faulty.plan("register", unavailable, unanswered)
    faulty.plan("take_name", unavailable)
    assert flow.wait(10).status is FlowStatus.SUCCEEDED


@pytest.mark.parametrize("seed", range(4))
def test_every_flow_succeeds_once_through_many_faults_of_all_kinds(works, faulty, seed):
    bodies = Bodies()
    flows = bodies.submit(works, 30)
    for method in ("commit", "claim", "give_back", "read_turn"):
        faulty.always(method, often(seed))
    works.start(bodies.scheme, flows=7, poll=0.005, claims=50)
    for flow in flows:
        ended = flow.wait(20)
        assert [task.result for task in ended.tasks] == [f"{flow.offset}/t{number}" for number in range(3)]


def test_an_outcome_waits_in_memory_while_the_database_is_away(works, faulty):
    bodies = Bodies(1)
    faulty.always("commit", unavailable)
    works.start(bodies.scheme, ttl=60)
    (flow,) = bodies.submit(works)
    until(lambda: bodies.begun[flow.offset, "t0"])
    assert flow.get().status is FlowStatus.RUNNING
    faulty.always("commit", None)
    assert flow.wait(10).status is FlowStatus.SUCCEEDED
    assert bodies.begun[flow.offset, "t0"] == 1


def test_a_runtime_that_cannot_beat_writes_nothing_until_it_can(works, faulty):
    bodies = Bodies(1)
    works.start(bodies.scheme, ttl=0.4)
    faulty.always("beat", unavailable)
    time.sleep(0.5)  # longer than the ttl: by then it trusts itself no more
    (flow,) = bodies.submit(works)
    with pytest.raises(Exception, match="has not ended"):
        flow.wait(0.3)
    assert bodies.begun == Counter()
    faulty.always("beat", None)
    assert flow.wait(10).status is FlowStatus.SUCCEEDED


def test_a_claim_that_was_answered_too_late_begins_no_body(works, faulty):
    def late(call, *args):
        found = call(*args)
        time.sleep(0.5)  # longer than the ttl: by now others may have run the flow to its end
        return found

    bodies = Bodies(1)
    (flow,) = bodies.submit(works)
    faulty.always("beat", unavailable)
    faulty.plan("claim", late)
    works.start(bodies.scheme, ttl=0.4)
    until(faulty.done)
    with pytest.raises(Exception, match="has not ended"):
        flow.wait(1)
    assert bodies.begun == Counter()
    faulty.always("beat", None)
    assert flow.wait(10).status is FlowStatus.SUCCEEDED
    assert bodies.begun[flow.offset, "t0"] == 1


def test_a_body_that_waits_for_a_thread_does_not_begin_once_others_may_have_its_flow(works, faulty):
    begun = []

    def doze(ctx: Context[dict]) -> None:
        begun.append(ctx.offset)
        time.sleep(0.8)  # longer than the ttl

    scheme = one_task(doze, concurrency=UNLIMITED)
    first, second = works.client.create_jobs([JobMeta(flow_class="single")] * 2)
    works.start(scheme, ttl=0.4, threads=1)
    until(lambda: begun)
    faulty.always("beat", unavailable)
    with pytest.raises(Exception, match="has not ended"):
        second.wait(1.5)
    assert begun == [first.offset]
    faulty.always("beat", None)
    assert second.wait(10).status is FlowStatus.SUCCEEDED
    assert begun == [first.offset, second.offset]


def test_a_start_that_fails_leaves_no_name_and_no_thread_behind(works, faulty):
    before = threading.active_count()
    faulty.plan("register", unavailable)
    with pytest.raises(StoreUnavailable):
        works.make(Bodies().scheme, name="worker")
    works.make(Bodies().scheme, name="worker")
    assert threading.active_count() == before


def elsewhere(name):
    """A runtime that lives on a host which cannot be asked for its process."""
    return Holder(name=name, host="elsewhere", pid=1, life="1", flows=1, classes="{}")


def test_a_name_held_on_another_host_is_taken_over_when_its_holder_is_silent_for_a_ttl(works):
    works.store.take_name(elsewhere("worker"), 0)
    began = time.monotonic()
    assert works.make(Bodies().scheme, name="worker", ttl=0.4).name == "worker"
    assert 0.4 <= time.monotonic() - began < 2


def test_a_name_held_on_another_host_is_refused_as_soon_as_its_holder_beats(works):
    held = works.store.take_name(elsewhere("worker"), 0)
    beat = threading.Timer(0.1, works.store.beat, (held,))
    beat.start()
    began = time.monotonic()
    with pytest.raises(RuntimeNameTaken, match="elsewhere"):
        works.make(Bodies().scheme, name="worker", ttl=30)
    assert time.monotonic() - began < 10
    beat.join()


def test_two_runtimes_of_one_name_in_one_process_are_refused_too(works):
    works.start(Bodies().scheme, name="worker")
    with pytest.raises(RuntimeNameTaken):
        works.make(Bodies().scheme, name="worker")


def test_f06_clean_stops_do_not_make_a_flow_suspect(works):
    def fail() -> None:
        raise ValueError

    scheme = one_task(fail, retry=Retry(attempts=9, delay=60.0))
    flow = works.client.create_job(JobMeta(flow_class="single"))
    for _ in range(5):
        runtime = works.start(scheme, name="worker", claims=2)
        until(lambda: flow.get().runtime == "worker" and flow.get().tasks[0].status == "retrying")
        runtime.stop()
    assert flow.get().status is FlowStatus.RUNNING


def test_nothing_is_left_behind_by_a_runtime_that_ran_and_stopped(works):
    before = threading.active_count()
    for _ in range(3):
        runtime = works.start(Bodies().scheme, name="worker")
        Bodies().submit(works)[0].wait(5)
        runtime.stop()
    until(lambda: threading.active_count() <= before)
    assert works.client.runtimes() == []
