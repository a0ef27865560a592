"""A network that is silent, slow or cut, and sessions that are ended or held up: F13, F16 to F20, F26."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import ExitStack, closing

import pytest

from tests.acceptance.stage import until
from tests.faults.flows import SCHEMES
from tests.faults.place import MOSTLY_POSTGRES
from tests.faults.proxy import DOWN, UP, Proxy
from tests.runtime.works import Works, one_task
from theflow import UNLIMITED, FlowStatus, JobMeta
from theflow.wire import open_store

CLASSES = [scheme.name for scheme in SCHEMES]


@pytest.fixture
def wire(served):
    """The way to the server of one runtime."""
    with closing(Proxy(served.port)) as proxy:
        yield proxy


def test_f13_sessions_that_are_ended_again_and_again_cost_nothing_but_time(served):
    lives = [served.start(name, ttl=3).ready() for name in ("one", "two")]
    flows = served.client.create_jobs([served.job("line", f"u{n % 10}") for n in range(120)])
    for number in range(8):
        served.end(*served.sessions()[number % 3 :: 3])
        time.sleep(0.1)  # so often, for as long as it takes
    ended = [flow.wait(60) for flow in flows]
    assert {flow.status for flow in ended} == {FlowStatus.SUCCEEDED}
    assert {attempt.status for flow in ended for attempt in served.client.attempts(flow.flow_id)} <= {
        "succeeded",
        "lost",
    }
    assert not any(life.ended for life in lives)


def silenced(served, wire, *directions):
    """One runtime hears nothing more for longer than its TTL, in the middle of a flow; another goes on with it."""
    flow = served.submit("sleeper", until=str(served.go))
    cut_off = served.start("one", ttl=1.5, url=served.url_by(port=wire.port)).ready()
    served.started(flow)
    other = served.start("two", ttl=1.5).ready()
    wire.hold(*directions)
    silent = time.monotonic()
    served.started(flow, 2)
    assert 0.5 < served.effects(flow)[1].at - silent < 1.5 + 0.05 + 3.0  # a loaded machine takes its time
    served.go.touch()
    done = flow.wait(15)
    assert done.task("rest").result == other.pid
    wire.heal()
    until(lambda: "fenced, rejoining" in cut_off.err)
    until(lambda: {one.holder.name for one in served.client.runtimes()} == {"one", "two"})
    assert flow.get() == done


def test_f16_a_runtime_that_is_cut_off_is_taken_over_and_what_it_wrote_is_refused(served, wire):
    silenced(served, wire, UP, DOWN)


@MOSTLY_POSTGRES
def test_f17_nobody_waits_for_the_server_to_notice_a_dead_session(served, wire):
    silenced(served, wire, DOWN)


@MOSTLY_POSTGRES
def test_f18_a_slow_network_takes_no_flow_from_anybody(served, wire):
    options = {"ttl": 2, "url": served.url_by(port=wire.port), "without": [name for name in CLASSES if name != "line"]}
    lives = [served.start(name, **options).ready() for name in ("one", "two")]
    for wire.delay, wire.sliced in ((0.05, False), (0.0, True)):
        flows = [served.submit("line", user) for user in ("ann", "bob", "cid")]
        assert {flow.wait(40).status for flow in flows} == {FlowStatus.SUCCEEDED}
    wire.sliced = False
    said = "".join(life.err for life in lives)
    assert "taken over" not in said
    assert "fenced" not in said


@MOSTLY_POSTGRES
def test_f18_an_answer_that_was_long_under_way_does_not_lengthen_the_trust(served, wire):
    flow = served.submit("sleeper", until=str(served.go))
    life = served.start("one", ttl=2, url=served.url_by(port=wire.port)).ready()
    served.started(flow)
    wire.delay = 1.0
    time.sleep(3)  # two beats, each answered 2 s after it was asked
    served.submit("nap", "bob")
    with pytest.raises(Exception, match="has not ended"):
        served.client.wait(served.client.find_flows().items[0].flow_id, 2)
    wire.delay = 0.0
    served.go.touch()
    assert flow.wait(20).status is FlowStatus.SUCCEEDED
    assert not life.ended


@pytest.mark.parametrize("served", ["postgres"], indirect=True)
def test_f19_a_listener_that_hears_nothing_more_costs_a_poll(served, wire):
    wire.mark = b"LISTEN theflow"
    life = served.start("one", ttl=5, poll=0.5, url=served.url_by(port=wire.port)).ready()
    assert served.submit("line").wait(10).status is FlowStatus.SUCCEEDED
    wire.hold(UP, DOWN)
    for _ in range(3):
        assert served.submit("nap").wait(10).status is FlowStatus.SUCCEEDED
    wire.heal()
    life.send(signal.SIGTERM)
    assert life.wait() == 0
    assert "waiting" not in life.err


@MOSTLY_POSTGRES
def test_f20_readers_that_take_the_whole_pool_hold_up_neither_beats_nor_outcomes(served):
    store = open_store(served.url)
    works = Works(store)
    ready, go = threading.Event(), threading.Event()

    def hog() -> None:
        with ExitStack() as views:
            for _ in range(8):
                views.enter_context(store._dialect.read())  # noqa: SLF001 - as eight threads of a program do
            ready.set()
            assert go.wait(20)

    with closing(works):
        runtime = works.start(one_task(hog, concurrency=UNLIMITED), name="one", ttl=1.0)
        first = runtime.incarnation_id
        served.start("two", ttl=1.0).ready()
        flow = served.client.create_job(JobMeta(flow_class="single"))
        assert ready.wait(10)
        time.sleep(2.5)  # longer than the TTL, in which the other looks for who is silent
        go.set()
        assert flow.wait(10).status is FlowStatus.SUCCEEDED
        assert runtime.incarnation_id == first


@MOSTLY_POSTGRES
def test_f26_a_table_that_is_locked_for_long_is_waited_for_and_costs_no_lease(served):
    flow = served.submit("sleeper", until=str(served.go))
    impatient = "?options=-c%20lock_timeout%3D1s" if served.is_postgres else ""
    life = served.start("one", ttl=2, url=served.url + impatient).ready()
    other = served.start("two", ttl=2, without=("sleeper",), url=served.url + impatient).ready()
    served.started(flow)
    with served.connection() as connection:
        lock = "BEGIN; LOCK TABLE flow, flow_task IN ACCESS EXCLUSIVE MODE"
        connection.exec_driver_sql(lock if served.is_postgres else "LOCK TABLES flow WRITE, flow_task WRITE")
        served.go.touch()
        until(lambda: "waiting for the database" in life.err)
        connection.exec_driver_sql("ROLLBACK" if served.is_postgres else "UNLOCK TABLES")
    assert flow.wait(15).status is FlowStatus.SUCCEEDED
    assert len(served.effects(flow)) == 1
    assert "taken over" not in other.err
