"""What becomes of a queue when a flow of it fails: the next one starts, or waits, as its class says."""

from __future__ import annotations

import pytest

from tests.runtime.works import Works, until
from theflow import FlowScheme, FlowStatus, JobMeta

SUCCEEDED, FAILED, PENDING = FlowStatus.SUCCEEDED, FlowStatus.FAILED, FlowStatus.PENDING


def shop(rule: str, broken: list[str], concurrency: int = 1) -> FlowScheme:
    """A class whose flows fail while their item is broken."""
    scheme = FlowScheme("shop", on_head_failed=rule, concurrency=concurrency)

    @scheme.task
    def sell(storage: dict) -> str:
        if storage["item"] in broken:
            raise ValueError(f"no {storage['item']}")
        return str(storage["item"])

    return scheme


def submitted(works: Works, *items: str, user: str = "ann"):
    """Submit a flow for each item, in one queue."""
    return works.client.create_jobs([JobMeta(flow_class="shop", user=user, input={"item": item}) for item in items])


def test_a_queue_that_skips_goes_on_after_a_failure(works):
    first, second = submitted(works, "tea", "milk")
    works.start(shop("skip", ["tea"]))
    assert second.wait(10).status is SUCCEEDED
    assert first.get().status is FAILED


def test_a_queue_that_blocks_waits_until_the_failed_flow_has_succeeded_after_all(works):
    broken = ["tea"]
    first, second = submitted(works, "tea", "milk")
    (other,) = submitted(works, "milk", user="bob")
    works.start(shop("block", broken))
    assert (first.wait(10).status, other.wait(10).status) == (FAILED, SUCCEEDED)
    waiting = second.get()
    assert waiting.status is PENDING
    assert first.flow_id in waiting.waiting[0]
    broken.clear()
    works.client.retry(first.flow_id)
    assert second.wait(10).status is SUCCEEDED
    assert first.get().status is SUCCEEDED
    assert works.client.pauses() == []


def test_a_person_may_let_a_blocked_queue_go_on(works):
    first, second = submitted(works, "tea", "milk")
    works.start(shop("block", ["tea"]))
    first.wait(10)
    works.client.resume_queue("shop", "ann")
    assert second.wait(10).status is SUCCEEDED


def test_a_parked_queue_waits_for_a_person_whatever_becomes_of_the_flow(works):
    broken = ["tea"]
    first, second = submitted(works, "tea", "milk")
    works.start(shop("park", broken))
    first.wait(10)
    assert second.get().status is PENDING
    assert [request.asked_by for request in works.client.queue_requests()] == ["theflow"]
    works.client.resume_queue("shop", "ann")
    assert second.wait(10).status is SUCCEEDED


def test_two_failures_of_a_blocked_queue_are_each_waited_for(works):
    broken = ["tea", "rum"]
    tea, rum = submitted(works, "tea", "rum")
    runtime = works.start(shop("block", broken, concurrency=2))
    assert (tea.wait(10).status, rum.wait(10).status) == (FAILED, FAILED)
    (last,) = submitted(works, "milk")
    broken.remove("tea")
    works.client.retry(tea.flow_id)
    until(lambda: tea.get().status is SUCCEEDED)
    assert last.get().status is PENDING
    broken.clear()
    works.client.retry(rum.flow_id)
    assert last.wait(10).status is SUCCEEDED
    assert runtime.shaping.policies.classes["shop"].pauses == ()


def test_a_rule_that_nobody_knows_is_refused():
    with pytest.raises(Exception, match="on_head_failed is 'wait'; it is one of skip, block, park"):
        FlowScheme("shop", on_head_failed="wait")
