"""A pool may be a Dask cluster: bodies run in its workers, and a worker that dies is no end of a flow."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from distributed import Client, LocalCluster

from tests.pools import bodies
from tests.pools.patience import LONG, until
from tests.runtime.works import one_task
from theflow import AttemptStatus, FlowStatus, Retry


@pytest.fixture(scope="module")
def cluster():
    """Two workers, each a process of its own; a task may lose one of them before it is given up."""
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs=50
    ) as made:
        yield made


@pytest.fixture
def dask(cluster):
    """The cluster as an executor."""
    with Client(cluster) as client:
        client.wait_for_workers(2)
        yield client.get_executor(pure=False, retries=0)


def single(body, **options):
    return one_task(body, storage=bodies.Basket, pool="dask", concurrency=100, **options)


def lose_worker(folder):
    """Kill the worker that runs a body as soon as it does."""
    told = Path(folder, "pids1")
    until(told.exists)
    os.kill(int(told.read_text().split()[0]), signal.SIGKILL)


def test_a_body_runs_in_a_worker_of_the_cluster(works, dask):
    works.start(scheme := single(bodies.seen), executors={"dask": dask})
    flow = works.submit(scheme, user="ann").wait(LONG)
    assert flow.task("only").result["pid"] != os.getpid()
    assert flow.task("only").result["names"][:3] == ["single", "only", "ann"]


def test_storage_logs_and_failures_come_back_from_the_cluster(works, dask, tmp_path):
    scheme = single(bodies.talk_and_wait)
    scheme.add(bodies.pick, pool="dask", after=["only"])
    scheme.add(bodies.rot, pool="dask", after=["pick"])
    Path(tmp_path, "go").touch()
    works.start(scheme, executors={"dask": dask})
    flow = works.submit(scheme, {"folder": str(tmp_path)}).wait(LONG)
    assert [line.message for line in works.client.logs(flow.flow_id)] == ["waiting for go", "a worm"]
    assert flow.storage.fruit == ["apple"]
    assert flow.task("rot").error.type == "tests.pools.bodies.Rotten"


def test_a_worker_that_dies_ends_an_attempt_or_its_body_runs_elsewhere(works, dask, tmp_path):
    works.start(scheme := single(bodies.survive, retry=Retry(attempts=5, delay=0.1)), executors={"dask": dask})
    flow = works.submit(scheme, {"folder": str(tmp_path)})
    lose_worker(tmp_path)
    ended = flow.wait(LONG)
    assert (ended.status, ended.task("only").result) == (FlowStatus.SUCCEEDED, "survived")
    lost = [attempt.error for attempt in works.client.attempts(ended.flow_id) if attempt.error]
    assert {error.type for error in lost} <= {"distributed.scheduler.KilledWorker"}


def test_a_worker_lost_more_often_than_the_cluster_allows_is_a_failure_that_is_tried_again(
    works, dask, cluster, monkeypatch
):
    monkeypatch.setattr(cluster.scheduler, "allowed_failures", 0)
    works.start(scheme := single(bodies.die_once, retry=Retry(attempts=2, delay=0.0)), executors={"dask": dask})
    flow = works.submit(scheme).wait(LONG)
    assert flow.task("only").result == 2
    lost = next(attempt for attempt in works.client.attempts(flow.flow_id) if attempt.error)
    assert (lost.status, lost.error.type) == (AttemptStatus.FAILED, "distributed.scheduler.KilledWorker")


def test_a_cancel_takes_an_errand_back_from_the_cluster(works, dask, tmp_path):
    works.start(scheme := single(bodies.talk_and_wait), executors={"dask": dask})
    flows = [works.submit(scheme, {"folder": str(tmp_path)}) for _ in range(5)]
    until(lambda: all(flow.get().status is FlowStatus.RUNNING for flow in flows))
    for flow in flows:
        flow.cancel()
    assert {flow.wait(LONG).status for flow in flows} == {FlowStatus.CANCELLED}
    Path(tmp_path, "go").touch()


def test_a_cluster_that_is_gone_fails_attempts_and_not_the_runtime(works, cluster):
    with Client(cluster) as client:
        works.start(scheme := single(bodies.one), executors={"dask": client.get_executor(pure=False)})
        assert works.submit(scheme).wait(LONG).task("only").result == 1
    flow = works.submit(scheme).wait(LONG)
    assert flow.task("only").error.type == "theflow.errors.PoolBroken"
