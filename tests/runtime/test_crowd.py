"""What people do to many flows at once, and to queues and classes, on every store."""

from __future__ import annotations

import pytest

from tests.runtime.works import one_task, until
from theflow import Chain, FlowFilter, FlowScheme, FlowStatus
from theflow.errors import InputError
from theflow.runtime import crowd


def test_all_flows_of_a_list_are_asked_in_batches_and_what_stopped_it_leaves_the_rest(works, monkeypatch):
    monkeypatch.setattr(crowd, "BATCH", 2)
    scheme = one_task(lambda: None)
    flows = [works.submit(scheme) for _ in range(5)]
    wanted = FlowFilter(flow_class="single")
    assert works.client.count("cancel", wanted) == 5

    def stop(applied):
        if applied.flows == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        works.client.apply("cancel", wanted, reason="enough", by="ann", watch=stop)
    assert [flow.get().status for flow in flows] == [FlowStatus.PENDING] + [FlowStatus.CANCELLED] * 4
    applied = works.client.apply("cancel", wanted)
    assert (applied.flows, applied.asked, applied.refused) == (1, 1, 0)
    assert flows[1].get().requests[0].reason == "enough"


def test_a_verb_that_needs_more_than_a_flow_is_not_for_many(works):
    with pytest.raises(InputError, match="of many flows one may ask cancel, pause, resume, retry"):
        works.client.apply("skip", FlowFilter())
    with pytest.raises(InputError, match="retry is for flows that are failed or cancelled, not running"):
        works.client.count("retry", FlowFilter(status=FlowStatus.RUNNING))


@pytest.mark.parametrize("concurrency", [1, 9, 2**31 - 1])
def test_nothing_of_a_paused_queue_starts_and_the_others_go_on(works, concurrency):
    scheme = one_task(lambda: None, concurrency=concurrency)
    works.client.pause_queue("single", "ann", reason="maintenance", by="eve")
    works.start(scheme)
    waits, goes = works.submit(scheme, user="ann"), works.submit(scheme, user="bob")
    assert goes.wait(10).status is FlowStatus.SUCCEEDED
    (reason,) = waits.get().waiting
    assert reason.startswith("queue of user 'ann' in class 'single' was paused by eve")
    assert reason.endswith("s ago: maintenance")
    works.client.resume_queue("single", "ann")
    assert waits.wait(10).status is FlowStatus.SUCCEEDED
    assert [each.verb for each in works.client.queue_requests()] == ["pause", "resume"]


def test_nothing_of_a_paused_class_starts(works):
    scheme = one_task(lambda: None)
    works.start(scheme)
    works.client.pause_queue("single", by="eve")
    flow = works.submit(scheme)
    until(lambda: "class 'single' was paused by eve" in flow.get().waiting[0])
    with pytest.raises(InputError, match="class 'single' is paused already"):
        works.client.pause_queue("single")
    with pytest.raises(InputError, match="class 'other' is not paused; paused: class 'single'"):
        works.client.resume_queue("other")
    works.client.resume_queue("single")
    assert flow.wait(10).status is FlowStatus.SUCCEEDED


@pytest.mark.parametrize(("from_task", "ran"), [(None, ["last"]), ("middle", ["middle", "last"])])
def test_a_fork_begins_at_a_task_of_another_flow_which_goes_on_as_it_is(works, from_task, ran):
    began, broken = [], [True]
    scheme = FlowScheme("line", orchestration=Chain)
    scheme.add(lambda: began.append("first") or 1, name="first")
    scheme.add(lambda: began.append("middle") or 2, name="middle")

    @scheme.task
    def last(store: dict, middle: int) -> int:
        began.append("last")
        if broken:
            raise OSError("no")
        return middle + store["n"]

    works.start(scheme)
    failed = works.submit(scheme, {"n": 40}, user="ann", labels={"a": "b"})
    failed.wait(10)
    broken.clear()
    began.clear()
    fork = works.client.fork(failed.flow_id, from_task, reason="once more", by="ann")
    ended = fork.wait(10)
    assert (began, ended.task("last").result, ended.user, ended.labels) == (ran, 42, "ann", {"a": "b"})
    assert (ended.forked_from, failed.get().forks) == (failed.flow_id, (fork.flow_id,))
    assert failed.get().status is FlowStatus.FAILED


def test_a_flow_that_has_not_begun_is_not_forked(works):
    flow = works.submit(one_task(lambda: None))
    with pytest.raises(InputError, match="is pending; fork is for flows that are running, succeeded"):
        works.client.fork(flow.flow_id)
