"""Jobs with rules of their own, on every store, with runtimes that take them."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass

import pytest

from tests.runtime.works import one_task, until
from theflow import AsyncClient, Client, Context, FlowStatus, JobMeta
from theflow.errors import DataRefused, IdempotencyConflict, InputError, UniqueConflict
from theflow.model.verb import EXPIRED

CANCELLED, PENDING, SUCCEEDED = FlowStatus.CANCELLED, FlowStatus.PENDING, FlowStatus.SUCCEEDED


@dataclass
class Order:
    """What the body works on."""

    n: int = 0


def job(**meta):
    """A job of the class that these tests run."""
    return JobMeta(**{"flow_class": "single", **meta})


class Counted:
    """A class whose bodies say what they were given, and wait while they are held."""

    def __init__(self, works, **options):
        self.ran, self.go = [], threading.Event()
        self.scheme = one_task(self.body, storage=Order, **options)
        self.client = Client(works.store, [self.scheme])

    def body(self, order: Order, ctx: Context[Order]) -> None:
        self.ran.append(order.n)
        order.n += 100
        while not (ctx.cancelled or self.go.wait(0.01)):
            pass


def test_a_handle_says_what_became_of_the_job(works):
    first, again, other = [
        works.client.create_job(job(unique="k", on_conflict=policy)) for policy in (None, "return", "replace_pending")
    ]
    assert [each.outcome for each in (first, again, other)] == ["created", "existing", "replaced"]
    assert [each.created for each in (first, again, other)] == [True, False, False]
    assert {each.flow_id for each in (first, again, other)} == {first.flow_id}


def test_jobs_that_cannot_be_saved_stop_no_other(works):
    client = Client(works.store, [Counted(works).scheme])
    client.create_jobs([job(unique="k"), job(idempotency_key="i", input={"n": 1})])
    wanted = [
        job(input={"n": 1}),
        job(input={"n": "one"}),
        job(unique="k", on_conflict="reject"),
        "no job",
        job(idempotency_key="i", input={"n": 2}),
        job(input={"n": 2}),
    ]
    results = client.try_create_jobs(wanted)
    kinds = [type(each) for each in results[1:5]]
    assert kinds == [DataRefused, UniqueConflict, InputError, IdempotencyConflict]
    assert [each.get().input.n for each in (results[0], results[5])] == [1, 2]
    assert (len(client.find_flows().items), client.try_create_jobs([])) == (4, [])


def test_a_running_flow_makes_room_for_the_newest_job(works):
    counted = Counted(works)
    works.start(counted.scheme)
    old = counted.client.create_job(job(unique="k", input={"n": 1}))
    until(lambda: counted.ran == [1])
    new = counted.client.create_job(job(unique="k", on_conflict="cancel_running", input={"n": 2}))
    ended = old.wait(10)
    assert (ended.status, new.flow_id in ended.reason) == (CANCELLED, True)
    until(lambda: counted.ran == [1, 2])
    counted.go.set()
    assert new.wait(10).status is SUCCEEDED


def test_pushes_become_one_run_with_the_last_input(works):
    counted = Counted(works)
    counted.go.set()
    works.start(counted.scheme)
    handles = [counted.client.create_job(job(unique="k", debounce=0.5, input={"n": number})) for number in range(6)]
    assert {handle.flow_id for handle in handles} == {handles[0].flow_id}
    assert handles[0].wait(10).status is SUCCEEDED
    assert counted.ran == [5]
    after = counted.client.create_job(job(unique="k", debounce=0, input={"n": 9}))
    assert (after.created, after.wait(10).status, counted.ran) == (True, SUCCEEDED, [5, 9])


def test_a_delay_counts_from_the_submit(works):
    counted = Counted(works)
    counted.go.set()
    works.start(counted.scheme)
    began = time.monotonic()
    counted.client.create_job(job(delay=0.4)).wait(10)
    assert time.monotonic() - began > 0.35


def test_a_flow_that_waits_too_long_never_starts_and_holds_nobody_up(works):
    counted = Counted(works)
    works.start(counted.scheme)
    first = counted.client.create_job(job(input={"n": 1}))
    until(lambda: counted.ran == [1])
    late, last = counted.client.create_jobs([job(expires_in=0.2, input={"n": 2}), job(input={"n": 3})])
    ended = late.wait(10)
    assert (ended.status, ended.ending, ended.reason, ended.started_at) == (CANCELLED, "expired", EXPIRED, None)
    counted.go.set()
    assert [each.wait(10).status for each in (first, last)] == [SUCCEEDED] * 2
    assert counted.ran == [1, 3]


def test_any_runtime_ends_what_expires_in_paused_queues_and_in_classes_that_nobody_runs(works):
    counted = Counted(works)
    works.start(counted.scheme, ttl=0.4)
    works.client.pause_queue("single")
    flows = works.client.create_jobs([job(expires_in=0.1), job(flow_class="nobody", expires_in=0.1)])
    assert [flow.wait(10).ending for flow in flows] == ["expired"] * 2
    assert counted.ran == []


def test_an_edited_job_runs_as_it_is_now(works):
    counted = Counted(works)
    counted.go.set()
    flow = counted.client.create_job(job(delay=60, input={"n": 1}))
    asked = counted.client.edit_job(flow.flow_id, input={"n": 7}, run_at=1, description="now", reason="typo", by="eve")
    assert (asked.verb, asked.asked_by, asked.reason, asked.answer) == ("edit_job", "eve", "typo", "done")
    works.start(counted.scheme)
    ended = flow.wait(10)
    assert (counted.ran, ended.description, ended.requests[0].payload["input"]) == ([7], "now", {"n": 7})


def test_an_edit_is_checked_as_a_submit_is(works):
    counted = Counted(works)
    flow = counted.client.create_job(job())
    with pytest.raises(DataRefused, match=r"\$\.n"):
        counted.client.edit_job(flow.flow_id, input={"n": "seven"})
    for changes in ({}, {"priority": 2**31}, {"run_at": -1}, {"description": "\0"}):
        with pytest.raises(InputError):
            counted.client.edit_job(flow.flow_id, **changes)
    with pytest.raises(TypeError, match="edit_job changes no user"):
        counted.client.edit_job(flow.flow_id, user="eve")
    assert flow.get().requests == ()


def test_what_has_begun_is_not_edited_also_while_it_rests(works):
    counted = Counted(works)
    works.start(counted.scheme)
    flow = counted.client.create_job(job())
    until(lambda: counted.ran)
    with pytest.raises(InputError, match="is running; edit_job is for flows that are pending or paused"):
        counted.client.edit_job(flow.flow_id, priority=1)
    counted.go.set()
    flow.wait(10)
    with pytest.raises(InputError, match="is succeeded; edit_job is for"):
        counted.client.edit_job(flow.flow_id, priority=1)


def test_the_input_of_a_fork_is_its_storage(works):
    counted = Counted(works)
    counted.go.set()
    works.start(counted.scheme)
    flow = counted.client.create_job(job())
    flow.wait(10)
    works.client.pause_queue("single")
    fork = counted.client.fork(flow.flow_id)
    with pytest.raises(InputError, match="is a fork, which goes by its storage"):
        counted.client.edit_job(fork.flow_id, input={"n": 1})
    counted.client.edit_job(fork.flow_id, priority=1)
    assert fork.get().priority == 1


def test_async_code_submits_and_edits_alike(works):
    client = AsyncClient(works.client)

    async def use():
        first = await client.create_job(job(unique="k", delay=60))
        results = await client.try_create_jobs([job(unique="k", on_conflict="reject"), job()])
        await client.edit_job(first.flow_id, priority=3)
        return results, await client.get_flow(first.flow_id)

    (refused, saved), flow = asyncio.run(use())
    assert (type(refused), saved.created, flow.priority) == (UniqueConflict, True, 3)
