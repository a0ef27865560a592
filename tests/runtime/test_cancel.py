"""F54: cancel meets whatever a flow is at, on every store, and there is one end; a parked flow is let in again."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tests.database.builders import Worker, flow_row
from tests.runtime.works import one_task, until
from theflow import AsyncClient, AttemptStatus, Chain, Client, Context, FlowScheme, FlowStatus, Retry, TaskStatus
from theflow.errors import InputError

CANCELLED, CANCELLING = FlowStatus.CANCELLED, FlowStatus.CANCELLING


class Stage:
    """A chain of two tasks whose first body does what the test wants, after it has said that it began."""

    def __init__(self, works, body, **options):
        self.begun = threading.Event()
        self.second = threading.Event()
        self.hooked = threading.Event()
        self.scheme = FlowScheme("stage", orchestration=Chain)
        self.scheme.add(body(self), name="first", **options)
        self.scheme.add(self.second.set, name="next")
        self.scheme.on_failure(self.hooked.set)
        self.scheme.on_success(self.hooked.set)
        works.start(self.scheme)
        self.flow = works.submit(self.scheme)
        assert self.begun.wait(10)

    def cancel(self):
        """Cancel the flow in the middle of its first task; return it as it ended."""
        assert self.flow.cancel("enough") in (CANCELLING, CANCELLED)
        ended = self.flow.wait(10)
        assert ended.status is CANCELLED
        assert not self.second.is_set()
        assert not self.hooked.is_set()
        return ended


def asleep(stage):
    async def body():
        stage.begun.set()
        await asyncio.sleep(60)

    return body


def asking(stage):
    def body(ctx: Context[dict]) -> None:
        stage.begun.set()
        while not ctx.cancelled:
            threading.Event().wait(0.005)
        ctx.checkpoint()

    return body


def unmoved(stage):
    async def body() -> str:
        stage.begun.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return "done all the same"

    return body


def failing(stage):
    def body() -> None:
        stage.begun.set()
        raise OSError("no")

    return body


def cleaning_up(stage):
    async def body():
        stage.begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            raise OSError("while it cleaned up")

    return body


@pytest.mark.parametrize("body", [asleep, asking])
def test_f54_a_body_that_is_cancelled_ends_and_its_attempt_is_on_record_as_cancelled(works, body):
    stage = Stage(works, body)
    ended = stage.cancel()
    assert [task.status for task in ended.tasks] == [TaskStatus.CANCELLED, TaskStatus.PENDING]
    (attempt,) = works.client.attempts(ended.flow_id)
    assert (attempt.status, attempt.error.type) == (AttemptStatus.CANCELLED, "Cancelled")
    assert ended.reason.startswith("cancelled by ")
    assert ended.reason.endswith(": enough")


def test_f54_a_body_that_returns_in_spite_of_it_has_its_outcome_and_nothing_follows(works):
    ended = Stage(works, unmoved).cancel()
    assert ended.task("first").status is TaskStatus.SUCCEEDED
    assert ended.task("first").result == "done all the same"
    assert ended.task("next").status is TaskStatus.PENDING


def test_f54_a_body_that_raises_while_it_cleans_up_has_failed(works):
    ended = Stage(works, cleaning_up).cancel()
    assert ended.task("first").status is TaskStatus.FAILED
    assert ended.task("first").error.message == "while it cleaned up"


def test_f54_a_wait_for_a_retry_ends_when_the_flow_is_cancelled(works):
    stage = Stage(works, failing, retry=Retry(attempts=3, delay=60.0))
    until(lambda: stage.flow.get().task("first").status is TaskStatus.RETRYING)
    ended = stage.cancel()
    assert ended.task("first").status is TaskStatus.CANCELLED
    assert [attempt.status for attempt in works.client.attempts(ended.flow_id)] == [AttemptStatus.FAILED]


def test_f54_to_cancel_twice_is_harmless(works):
    stage = Stage(works, asking)
    stage.flow.cancel("first")
    stage.flow.cancel("second")
    ended = stage.flow.wait(10)
    assert ended.reason.endswith(": first")
    assert stage.flow.cancel("third") is CANCELLED
    assert [request.reason for request in stage.flow.get().requests] == ["first"]


def test_f54_cancel_and_completion_make_one_end(works):
    scheme = one_task(lambda: None, concurrency=64)
    works.start(scheme)
    flows = [works.submit(scheme) for _ in range(40)]
    told = [flow.cancel() for flow in flows]
    ends = [flow.wait(10).status for flow in flows]
    for said, end in zip(told, ends, strict=True):
        assert end in (FlowStatus.SUCCEEDED, CANCELLED)
        assert said in (CANCELLING, end)
    assert [flow.get().status for flow in flows] == ends


def test_f54_a_body_that_waits_for_a_thread_never_begins(works):
    release, ran = threading.Event(), []

    def body(ctx: Context[dict]) -> None:
        ran.append(ctx.offset)
        release.wait(10)

    scheme = one_task(body, concurrency=9)
    works.start(scheme, threads=1)
    first, second = works.submit(scheme), works.submit(scheme)
    until(lambda: ran and second.get().runtime)
    second.cancel()
    assert second.wait(10).status is CANCELLED
    release.set()
    assert first.wait(10).status is FlowStatus.SUCCEEDED
    assert ran == [first.offset]


def test_f54_the_next_flow_of_the_queue_starts_when_one_is_cancelled(works):
    stage = Stage(works, asking)
    stage.begun.clear()
    later = works.submit(stage.scheme)
    stage.flow.cancel()
    assert stage.begun.wait(10)
    later.cancel()
    assert later.wait(10).status is CANCELLED


def test_a_flow_that_nobody_runs_is_cancelled_at_once(works):
    flow = works.submit(one_task(lambda: None))
    assert flow.cancel("by mistake") is CANCELLED
    detail = flow.get()
    assert (detail.status, detail.waiting) == (CANCELLED, ())
    assert detail.reason.endswith(": by mistake")


def test_why_a_cancelled_flow_goes_on_is_said(works):
    release = threading.Event()

    def body(stage):
        def wait():
            stage.begun.set()
            release.wait(10)

        return wait

    stage = Stage(works, body)
    stage.flow.cancel()
    until(lambda: stage.flow.get().status is CANCELLING)
    (reason,) = until(lambda: stage.flow.get().waiting)
    assert "it was cancelled: runtime" in reason
    release.set()
    assert stage.flow.wait(10).task("first").status is TaskStatus.SUCCEEDED


def test_whoever_asks_in_async_code_does_not_block_the_loop(works):
    flow = works.submit(one_task(lambda: None))

    async def ask():
        client = AsyncClient(Client(works.store))
        return await client.cancel(flow.flow_id, by="ann")

    assert asyncio.run(ask()) is CANCELLED
    assert flow.get().requests[0].asked_by == "ann"


def test_a_parked_flow_goes_on_when_it_is_resumed(works):
    scheme = FlowScheme("stage", orchestration=Chain)
    scheme.add(lambda: "kept", name="first")
    scheme.add(lambda first: first, name="next")
    runtime = works.make(scheme)
    flow, pending = works.submit(scheme), works.submit(one_task(lambda: None))
    worker = Worker(works.store)
    assert worker.claim(flow.offset, seen=works.store.class_record("stage"))
    worker.commit(flows=[flow_row(flow.offset, "parked", reason="a pill")], parked=[flow.offset])
    with pytest.raises(InputError, match="is pending; resume is for flows that are parked"):
        pending.resume()
    flow.resume("mended")
    runtime.start()
    assert flow.wait(10).task("next").result == "kept"
    assert [(each.verb, each.reason) for each in flow.get().requests] == [("resume", "mended")]
