"""A flow that waits says why, with numbers."""

from __future__ import annotations

import threading
import time

import pytest

from tests.runtime.works import one_task, until
from theflow import UNLIMITED, FlowScheme, FlowStatus, Retry


@pytest.fixture
def gate():
    """What bodies wait for."""
    opened = threading.Event()
    yield opened
    opened.set()


def held(works, gate, **options):
    """A class whose first flow runs and does not end before the gate opens."""
    concurrency = options.pop("concurrency", 1)
    works.start(scheme := one_task(lambda: gate.wait(10), concurrency=concurrency), **options)
    flow = works.submit(scheme)
    until(lambda: flow.get().status is FlowStatus.RUNNING)
    return scheme, flow


def test_a_running_flow_waits_for_nothing(works, gate):
    assert held(works, gate)[1].get().waiting == ()


def test_a_flow_behind_a_running_one_names_it(works, gate):
    scheme, first = held(works, gate)
    second, third = works.submit(scheme), works.submit(scheme)
    queue = "queue of user 'default' in class 'single' runs 1 of 1 at once"
    assert second.get().waiting == (f"{queue}: offset {first.offset}",)
    assert f"1 earlier flow of its queue goes first, from offset {second.offset}" in third.get().waiting


def test_a_flow_whose_time_has_not_come_says_how_long(works, gate):
    scheme, _ = held(works, gate)
    later = works.submit(scheme, user="bob", run_at=time.time_ns() // 1000 + 60_000_000)
    (reason,) = later.get().waiting
    assert reason.startswith(("it is not due before 59.", "it is not due before 60.0"))


def test_a_flow_of_a_class_that_nobody_runs_says_so(works, gate):
    held(works, gate)
    other = works.submit(named("other"))
    assert other.get().waiting == ("no runtime registers class 'other'",)


def test_a_flow_of_a_version_that_nobody_runs_says_so(works, gate):
    held(works, gate)
    newer = works.submit(named("single", version=2))
    assert newer.get().waiting[0] == "no runtime registers class 'single' version 2"


def test_a_flow_that_finds_every_runtime_full_says_which(works, gate):
    scheme, _ = held(works, gate, concurrency=UNLIMITED, flows=1, name="small")
    second = works.submit(scheme)
    until(lambda: second.get().waiting)
    assert second.get().waiting == ("every runtime that takes its class is full: small holds 1 of 1",)


def test_a_flow_that_waits_for_a_retry_says_how_long(works):
    def fail() -> None:
        raise ValueError

    works.start(scheme := one_task(fail, retry=Retry(attempts=2, delay=30.0, jitter=0.0)))
    flow = works.submit(scheme)
    (reason,) = until(lambda: flow.get().waiting if flow.get().tasks[0].status == "retrying" else ())
    assert reason.startswith(("task 'only' waits 29.", "task 'only' waits 30.0"))
    assert reason.endswith("s for attempt 2, after 1 failed")


def test_a_flow_with_a_task_on_disk_that_the_code_has_no_more_is_parked_and_says_so(works):
    old = FlowScheme("changing")
    old.add(lambda: None, name="first")
    old.add(fail, name="second", after=["first"], retry=Retry(attempts=2, delay=30.0))
    before = works.start(old, name="old")
    flow = works.submit(old)
    until(lambda: any(why.startswith("task 'second' waits") for why in flow.get().waiting))
    before.stop(0.0)
    works.start(named("changing"), name="new")
    until(lambda: flow.get().status is FlowStatus.PARKED)
    assert "has a task 'first' on disk, which is not in class 'changing' version 1" in flow.get().waiting[0]


def fail():
    raise ValueError


def named(name, **options):
    """A class of one task that does nothing."""
    scheme = FlowScheme(name, **options)
    scheme.add(lambda: None, name="only")
    return scheme
