"""What a program asks and submits, with no runtime in it."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from tests.runtime.works import one_task, until
from theflow import AsyncClient, FlowStatus, JobMeta, Retry
from theflow.errors import FlowNotFound, IdempotencyConflict, InputError, WaitTimedOut
from theflow.model.view import FlowFilter


def job(**meta):
    """A job of a class that nobody runs."""
    return JobMeta(**{"flow_class": "order", **meta})


def test_a_job_is_visible_as_a_pending_flow_at_once(works):
    flow = works.client.create_job(job(user="ann", description="first", labels={"a": "b"}, input={"n": 1}))
    now = flow.get()
    assert (now.status, now.user, now.description, now.labels) == (FlowStatus.PENDING, "ann", "first", {"a": "b"})
    assert (now.input, now.storage, now.offset) == ({"n": 1}, {"n": 1}, flow.offset)
    assert (now.started_at, now.ended_at) == (None, None)


def test_jobs_of_one_call_are_all_stored_or_none(works):
    with pytest.raises(InputError, match="job 1"):
        works.client.create_jobs([job(), job(input={"n": float("nan")})])
    assert works.client.find_flows().items == ()
    flows = works.client.create_jobs(job() for _ in range(3))
    assert [flow.offset for flow in flows] == sorted(flow.offset for flow in flows)
    assert works.client.create_jobs([]) == []


def test_the_same_key_returns_the_flow_that_it_made(works):
    first = works.client.create_job(job(idempotency_key="k", input={"n": 1}))
    again = works.client.create_job(job(idempotency_key="k", input={"n": 1}))
    other = works.client.create_job(job(idempotency_key="k", input={"n": 1}, user="bob"))
    assert (first.created, again.created, other.created) == (True, False, True)
    assert first.flow_id == again.flow_id != other.flow_id


def test_the_same_key_with_another_input_is_refused(works):
    works.client.create_job(job(idempotency_key="k", input={"n": 1}))
    with pytest.raises(IdempotencyConflict, match="'k'"):
        works.client.create_job(job(idempotency_key="k", input={"n": 2}))
    assert len(works.client.find_flows().items) == 1


def test_flows_are_listed_newest_first_a_page_at_a_time(works):
    made = [flow.flow_id for flow in works.client.create_jobs(job() for _ in range(7))]
    pages, after = [], None
    while True:
        page = works.client.find_flows(after=after, limit=3)
        pages.append([flow.flow_id for flow in page.items])
        after = page.next
        if after is None:
            break
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [each for page in pages for each in page] == made[::-1]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"user": "bob"}, {2}),
        ({"flow_class": "mail"}, {3}),
        ({"labels": {"kind": "x"}}, {1, 2}),
        ({"labels": {"kind": "x", "size": "l"}}, {2}),
        ({"status": FlowStatus.PENDING}, {1, 2, 3}),
        ({"status": FlowStatus.FAILED}, set()),
        ({"created_after": 0, "user": "ann"}, {1, 3}),
    ],
)
def test_filters_choose_flows(works, wanted, found):
    works.client.create_jobs(
        [
            job(user="ann", labels={"kind": "x"}),
            job(user="bob", labels={"kind": "x", "size": "l"}),
            job(user="ann", flow_class="mail"),
        ]
    )
    assert {flow.offset for flow in works.client.find_flows(FlowFilter(**wanted)).items} == found


@pytest.mark.parametrize("limit", [0, 1001, -1, True, "3"])
def test_a_page_that_is_none_is_refused(works, limit):
    with pytest.raises(InputError, match="limit"):
        works.client.find_flows(limit=limit)


def test_an_id_is_found_by_its_beginning_and_by_its_offset(works):
    first, second = works.client.create_jobs([job(), job()])
    assert works.client.resolve(first.flow_id[:35]) in (first.flow_id, second.flow_id)
    assert works.client.resolve(f"#{second.offset}") == second.flow_id
    with pytest.raises(InputError, match="several flows"):
        works.client.resolve(first.flow_id[:4])
    for unknown in ("zz", "#99", "", "#", "#99999999999999999999", "%"):
        with pytest.raises(FlowNotFound):
            works.client.resolve(unknown)


def test_to_wait_for_a_flow_that_does_not_end_in_time_says_so(works):
    flow = works.client.create_job(job())
    began = time.monotonic()
    with pytest.raises(WaitTimedOut, match=r"has not ended within 0\.1 s; it goes on"):
        flow.wait(0.1)
    assert 0.1 <= time.monotonic() - began < 1
    with pytest.raises(FlowNotFound):
        works.client.wait("nowhere", 1)


def test_attempts_of_a_running_task_are_listed(works):
    go = threading.Event()
    works.start(scheme := one_task(lambda: go.wait(5)), name="here")
    flow = works.submit(scheme)
    (attempt,) = until(lambda: works.client.attempts(flow.flow_id))
    assert (attempt.number, attempt.status, attempt.runtime) == (1, "running", "here")
    assert flow.get().runtime == "here"
    go.set()
    flow.wait(5)


def test_async_code_submits_waits_and_asks_without_blocking_its_loop(works):
    async def program() -> list[float]:
        client = AsyncClient(works.client)
        gaps, last = [], time.perf_counter()

        async def tick() -> None:
            nonlocal last
            while True:
                await asyncio.sleep(0.001)
                now = time.perf_counter()
                gaps.append(now - last)
                last = now

        ticking = asyncio.create_task(tick())
        flows = await client.create_jobs([job(flow_class="single")] * 20)
        ended = await asyncio.gather(*(client.wait(flow.flow_id, 10) for flow in flows))
        await client.find_flows()
        ticking.cancel()
        assert {flow.status for flow in ended} == {FlowStatus.SUCCEEDED}
        return gaps

    works.start(one_task(lambda: time.sleep(0.01)))
    gaps = sorted(asyncio.run(program()))
    assert len(gaps) > 50
    assert gaps[len(gaps) * 9 // 10] < 0.05


def test_an_async_wait_ends_in_time(works):
    async def program() -> None:
        client = AsyncClient(works.client)
        flow = await client.create_job(job())
        with pytest.raises(WaitTimedOut):
            await client.wait(flow.flow_id, 0.1)

    asyncio.run(program())


def test_many_threads_share_a_client(works):
    found = []
    threads = [
        threading.Thread(target=lambda: found.extend(works.client.create_job(job()).offset for _ in range(5)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(1, 41))


def test_watchers_are_told_what_happened_in_its_order(works):
    told = []
    runtime = works.make(scheme := one_task(fail_once(), retry=Retry(attempts=2, delay=0.0)))
    runtime.subscribe(lambda progress: told.append((progress.kind, progress.task, progress.attempt)))
    runtime.start()
    works.submit(scheme).wait(5)
    works.close()
    kinds = [kind for kind, _, _ in told if kind != "admitted"]
    assert kinds == ["task_started", "task_retrying", "task_started", "task_succeeded", "flow_succeeded"]


def test_a_watcher_that_raises_stops_nobody(works):
    runtime = works.make(scheme := one_task(lambda: None))
    runtime.subscribe(lambda _: 1 / 0)
    runtime.start()
    assert works.submit(scheme).wait(5).status is FlowStatus.SUCCEEDED


def fail_once():
    """A body that fails the first time."""
    tries = []

    def body() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise ValueError

    return body
