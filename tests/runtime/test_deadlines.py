"""Deadlines of tasks and flows, and the time that bodies have to end: with real bodies, on every store."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tests.runtime.works import one_task, until
from theflow import AttemptStatus, Context, Failure, FlowScheme, FlowStatus, Retry, TaskStatus

CANCELLED, FAILED = FlowStatus.CANCELLED, FlowStatus.FAILED


@pytest.fixture
def release():
    """Ends the bodies that heed nothing else."""
    event = threading.Event()
    yield event
    event.set()


def stubborn(release, begun):
    """A body that does not hear of its end."""

    def body() -> str:
        begun.set()
        release.wait(30)
        return "too late"

    return body


def alone(body, **options):
    """A class of flows with one task, and options of its own."""
    scheme = FlowScheme("single", concurrency=4, **options)
    scheme.add(body, name="only")
    return scheme


def test_attempts_end_when_the_deadline_of_their_task_is_over(works, release):
    scheme = one_task(stubborn(release, threading.Event()), deadline=0.3, retry=Retry(attempts=9))
    flow = works.run(scheme)
    task = flow.task("only")
    assert (flow.status, task.status, task.error.code) == (FAILED, TaskStatus.FAILED, "deadline_exceeded")
    assert task.ended_at - flow.started_at >= 290_000
    (attempt,) = works.client.attempts(flow.flow_id)
    assert attempt.status is AttemptStatus.TIMED_OUT


def test_a_body_that_waits_for_a_thread_is_late_too(works, release):
    begun = threading.Event()
    scheme = one_task(stubborn(release, begun), concurrency=4, deadline=0.3)
    works.start(scheme, threads=1)
    flows = [works.submit(scheme) for _ in range(2)]
    assert [flow.wait(10).task("only").error.code for flow in flows] == ["deadline_exceeded"] * 2


def test_a_task_that_fails_is_tried_no_more_once_the_wait_would_pass_its_deadline(works):
    def body():
        raise OSError("no")

    flow = works.run(one_task(body, deadline=5, retry=Retry(attempts=9, delay=60)))
    assert (flow.status, flow.task("only").attempt) == (FAILED, 1)
    assert "not tried again" in flow.task("only").error.notes[0]


def test_a_flow_that_is_late_cancels_its_bodies_and_fails(works):
    codes = []

    async def body():
        await asyncio.sleep(60)

    def tell(failure: Failure) -> None:
        codes.append(failure.code)

    scheme = alone(body, deadline=0.3)
    scheme.on_failure(tell)
    flow = works.run(scheme)
    assert (flow.status, flow.ending) == (FAILED, None)
    assert flow.reason == "DeadlineExceeded: the flow was not done within its deadline of 0.3 s"
    assert flow.task("only").status is TaskStatus.CANCELLED
    assert flow.ended_at - flow.started_at >= 300_000
    until(lambda: codes == ["deadline_exceeded"])


def test_a_late_flow_that_nobody_held_fails_when_it_is_taken(works, release):
    begun = threading.Event()
    scheme = alone(stubborn(release, begun), deadline=0.3)
    first = works.start(scheme)
    flow = works.submit(scheme)
    assert begun.wait(10)
    first.stop(0)
    until(lambda: works.client.get_flow(flow.flow_id).runtime is None)
    release.wait(0.4)
    works.start(scheme)
    ended = flow.wait(10)
    assert (ended.status, ended.reason.partition(":")[0]) == (FAILED, "DeadlineExceeded")


def test_a_body_that_does_not_heed_a_cancel_is_left_behind(works, release):
    begun = threading.Event()
    scheme = alone(stubborn(release, begun), cancel_grace=0.1)
    runtime = works.start(scheme)
    flow = works.submit(scheme)
    assert begun.wait(10)
    flow.cancel("enough")
    ended = flow.wait(10)
    assert (ended.status, ended.ending) == (CANCELLED, "abandoned")
    assert ended.task("only").error.code == "abandoned"
    assert runtime.lost_threads == 1
    release.set()
    until(lambda: not runtime.lost_threads)
    assert flow.get().task("only").status is TaskStatus.CANCELLED


def test_a_body_that_heeds_it_makes_a_clean_end(works):
    begun = threading.Event()

    def body(ctx: Context[dict]) -> None:
        begun.set()
        until(lambda: ctx.cancelled)
        ctx.checkpoint()

    scheme = alone(body)
    works.start(scheme)
    flow = works.submit(scheme)
    assert begun.wait(10)
    flow.cancel()
    assert flow.wait(10).ending == "clean"


def test_the_threads_that_a_runtime_has_lost_are_told_of_with_its_beat(works, release):
    scheme = one_task(stubborn(release, threading.Event()), timeout=0.05)
    works.start(scheme, ttl=0.4)
    assert works.submit(scheme).wait(10).status is FAILED
    until(lambda: [runtime.lost_threads for runtime in works.client.runtimes()] == [1])
    release.set()
    until(lambda: [runtime.lost_threads for runtime in works.client.runtimes()] == [0])
