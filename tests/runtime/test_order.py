"""Which flows run when: order within a queue, places, priority, and times to come."""

from __future__ import annotations

import asyncio
import threading
import time
from itertools import pairwise

from tests.runtime.works import one_task, until
from theflow import UNLIMITED, Context, FlowStatus, JobMeta


class Meter:
    """Counts how many bodies of each user run at once."""

    def __init__(self, seconds=0.005):
        self._seconds = seconds
        self._running = {}
        self.most = {}
        self.order = []

    async def __call__(self, ctx: Context[dict]) -> None:
        running = self._running[ctx.user] = self._running.get(ctx.user, 0) + 1
        self.most[ctx.user] = max(self.most.get(ctx.user, 0), running)
        self.order.append((ctx.user, ctx.offset))
        await asyncio.sleep(self._seconds)
        self._running[ctx.user] -= 1


def run(works, meter, jobs, concurrency=1, **options):
    """Run jobs of several users to their end; return them."""
    scheme = one_task(meter, concurrency=concurrency)
    handles = works.client.create_jobs([JobMeta(flow_class="single", **job) for job in jobs])
    works.start(scheme, **options)
    return [handle.wait(20) for handle in handles]


def test_flows_of_one_queue_run_one_after_the_other_in_the_order_of_their_submits(works):
    meter = Meter()
    flows = run(works, meter, [{"user": user} for _ in range(8) for user in ("ann", "bob")])
    assert meter.most == {"ann": 1, "bob": 1}
    for user in ("ann", "bob"):
        mine = [flow for flow in flows if flow.user == user]
        assert [offset for name, offset in meter.order if name == user] == [flow.offset for flow in mine]
        assert all(earlier.ended_at <= later.started_at for earlier, later in pairwise(mine))


def test_as_many_flows_of_a_queue_run_at_once_as_its_concurrency_says(works):
    meter = Meter(0.03)
    run(works, meter, [{"user": user} for user in ("ann", "bob") for _ in range(9)], concurrency=3)
    assert meter.most == {"ann": 3, "bob": 3}
    assert [offset for name, offset in meter.order if name == "ann"] == sorted(
        offset for name, offset in meter.order if name == "ann"
    )


def test_without_order_all_flows_of_a_user_run_at_once(works):
    meter = Meter(0.3)
    run(works, meter, [{}] * 40, concurrency=UNLIMITED)
    assert meter.most == {"default": 40}


def test_a_runtime_holds_no_more_flows_than_it_has_places(works):
    meter = Meter(0.01)
    run(works, meter, [{}] * 20, concurrency=UNLIMITED, flows=4)
    assert meter.most["default"] <= 4


def test_a_larger_priority_goes_first_among_the_queues(works):
    meter = Meter()
    run(works, meter, [{"user": f"u{number}", "priority": number} for number in range(6)], flows=1)
    assert [user for user, _ in meter.order] == ["u5", "u4", "u3", "u2", "u1", "u0"]


def test_a_flow_never_starts_before_its_time_and_holds_nobody_back_meanwhile(works):
    meter = Meter()
    due = time.time_ns() // 1000 + 400_000
    late, soon = run(works, meter, [{"run_at": due}, {}])
    assert meter.order == [("default", soon.offset), ("default", late.offset)]
    assert late.started_at >= due
    assert late.started_at < due + 300_000


def test_many_classes_share_a_runtime_and_none_starves(works):
    schemes = []
    for name in ("one", "two", "three"):
        scheme = one_task(Meter(), concurrency=UNLIMITED)
        scheme.name = name
        schemes.append(scheme)
    jobs = [JobMeta(flow_class=scheme.name) for scheme in schemes for _ in range(30)]
    handles = works.client.create_jobs(jobs)
    works.start(*schemes, flows=3)
    assert {handle.wait(20).status for handle in handles} == {FlowStatus.SUCCEEDED}


def test_two_runtimes_admit_each_flow_once(works):
    meter = Meter()
    scheme = one_task(meter, concurrency=UNLIMITED)
    handles = works.client.create_jobs([JobMeta(flow_class="single")] * 60)
    for name in ("one", "two"):
        works.start(scheme, name=name, flows=5)
    assert {handle.wait(20).status for handle in handles} == {FlowStatus.SUCCEEDED}
    assert sorted(offset for _, offset in meter.order) == [handle.offset for handle in handles]


def test_a_burst_ends_when_nothing_is_due(works):
    scheme = one_task(lambda: None)
    done = works.submit(scheme)
    later = works.submit(scheme, run_at=time.time_ns() // 1000 + 3_600_000_000)
    runtime = works.make(scheme)
    began = time.monotonic()
    assert runtime.run_until_idle() == 0
    assert time.monotonic() - began < 3
    assert (done.get().status, later.get().status) == (FlowStatus.SUCCEEDED, FlowStatus.PENDING)


def test_outcomes_that_come_together_are_committed_together(works, monkeypatch):
    meter = Meter(0.05)
    commits = []
    commit = works.store.commit
    monkeypatch.setattr(works.store, "commit", lambda fence, batch: (commits.append(batch), commit(fence, batch)))
    run(works, meter, [{}] * 200, concurrency=UNLIMITED)
    assert sum(len(batch.tasks) for batch in commits) >= 200
    assert len(commits) < 60


def test_a_submit_wakes_the_runtime_of_the_same_process_at_once(works):
    started = threading.Event()
    scheme = one_task(started.set)
    runtime = works.start(scheme, poll=5.0)
    until(lambda: not works.client.find_flows().items)
    began = time.monotonic()
    runtime.client.create_job(JobMeta(flow_class="single"))
    assert started.wait(2)
    assert time.monotonic() - began < 1
