"""Any executor of the standard protocol can be a pool; what goes wrong there ends attempts, not runtimes."""

from __future__ import annotations

import multiprocessing
import threading
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.pools import bodies
from tests.pools.patience import LONG, until
from tests.runtime.works import one_task
from theflow import AttemptStatus, FlowStatus, Retry


def single(body, **options):
    return one_task(body, storage=bodies.Basket, pool="own", **{"concurrency": 100, **options})


def errors_of(works, flow):
    return [attempt.error for attempt in works.client.attempts(flow.flow_id) if attempt.error is not None]


@pytest.fixture
def threads():
    """An executor of one thread."""
    with ThreadPoolExecutor(1) as own:
        yield own


class Later(Executor):
    """Runs nothing before it is told to, and keeps what it was given."""

    def __init__(self):
        self.given = []

    def submit(self, act, /, *given, **_):
        future = Future()
        self.given.append((future, act, given))
        return future


def test_an_executor_runs_a_body(works, threads):
    works.start(scheme := single(bodies.pick), executors={"own": threads})
    flow = works.submit(scheme).wait(LONG)
    assert (flow.storage.fruit, flow.task("only").result) == (["apple"], ["apple", "pear"])


def test_what_is_logged_in_an_executor_comes_with_the_outcome_once(works, threads, tmp_path):
    Path(tmp_path, "go").touch()
    works.start(scheme := single(bodies.talk_and_wait), executors={"own": threads})
    flow = works.submit(scheme, {"folder": str(tmp_path)}).wait(LONG)
    lines = [line.message for line in works.client.logs(flow.flow_id)]
    assert lines == ["waiting for go", "a worm"]


def test_a_body_in_this_process_sees_that_its_flow_is_cancelled(works, threads, tmp_path):
    works.start(scheme := single(bodies.ask), executors={"own": threads})
    flow = works.submit(scheme, {"folder": str(tmp_path)})
    until(Path(tmp_path, "begun").exists)
    flow.cancel()
    assert flow.wait(LONG).status is FlowStatus.CANCELLED
    (attempt,) = works.client.attempts(flow.flow_id)
    assert attempt.status is AttemptStatus.CANCELLED


def test_what_an_executor_has_not_begun_is_taken_back_by_a_cancel(works):
    later = Later()
    works.start(scheme := single(bodies.one), executors={"own": later})
    flow = works.submit(scheme)
    until(lambda: later.given)
    flow.cancel()
    assert flow.wait(LONG).status is FlowStatus.CANCELLED
    assert later.given[0][0].cancelled()


def test_a_body_that_cannot_be_stopped_is_not_heard_after_its_timeout(works):
    later = Later()
    works.start(scheme := single(bodies.one, timeout=0.2), executors={"own": later})
    flow = works.submit(scheme)
    until(lambda: later.given)
    future, act, given = later.given[0]
    future.set_running_or_notify_cancel()
    ended = flow.wait(LONG)
    future.set_result(act(*given))
    assert works.client.attempts(ended.flow_id)[0].status is AttemptStatus.TIMED_OUT
    assert flow.get().status is FlowStatus.FAILED


def test_a_cancel_by_somebody_else_is_a_failure_that_is_tried_again(works):
    later = Later()
    works.start(scheme := single(bodies.one, retry=Retry(attempts=2, delay=0.0)), executors={"own": later})
    flow = works.submit(scheme)
    until(lambda: later.given)
    later.given[0][0].cancel()
    until(lambda: len(later.given) == 2)
    future, act, given = later.given[1]
    future.set_result(act(*given))
    assert flow.wait(LONG).task("only").result == 1
    assert errors_of(works, flow)[0].type.endswith(CancelledError.__name__)


def test_a_broken_executor_fails_attempts_and_says_what_to_do(works):
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        runtime = works.start(scheme := single(bodies.crash), executors={"own": pool})
        flow = works.submit(scheme).wait(LONG)
        later = works.submit(scheme).wait(LONG)
    for error in (errors_of(works, flow)[0], errors_of(works, later)[0]):
        assert error.type == "theflow.errors.PoolBroken"
        assert "make a new one, and start the runtime again with it" in error.message
        assert error.causes[0].type.endswith("BrokenProcessPool")
    assert runtime.incarnation_id


def test_an_executor_that_was_shut_down_fails_attempts(works):
    with ThreadPoolExecutor(1) as closed:
        works.start(scheme := single(bodies.one), executors={"own": closed})
    flow = works.submit(scheme).wait(LONG)
    assert errors_of(works, flow)[0].type == "theflow.errors.PoolBroken"


def test_what_an_executor_holds_is_not_heard_after_a_stop_and_runs_again(works, threads):
    later = Later()
    scheme = single(bodies.one)
    runtime = works.start(scheme, executors={"own": later})
    flow = works.submit(scheme)
    until(lambda: later.given)
    runtime.stop(0.0)
    assert later.given[0][0].cancelled()
    works.start(scheme, executors={"own": threads})
    assert flow.wait(LONG).task("only").result == 1


def test_handing_over_holds_up_no_other_body(works):
    release = threading.Event()

    class Slow(Later):
        def submit(self, *_, **__):
            release.wait()
            raise OSError("too late")

    scheme = single(bodies.one)
    scheme.add(bodies.pid, name="near")
    works.start(scheme, executors={"own": Slow()})
    flow = works.submit(scheme)
    until(lambda: flow.get().task("near").result)
    release.set()
    assert flow.wait(LONG).status is FlowStatus.FAILED


def test_a_body_that_the_other_side_cannot_import_says_so(works, monkeypatch):
    later = Later()
    works.start(scheme := single(bodies.greet), executors={"own": later})
    flow = works.submit(scheme)
    until(lambda: later.given)
    monkeypatch.delattr(bodies, "greet")
    future, act, given = later.given[0]
    future.set_result(act(*given))
    error = errors_of(works, flow.wait(LONG))[0]
    assert "every process of its pool must be able to import the module" in error.message
    assert error.causes[0].type == "AttributeError"
