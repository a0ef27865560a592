"""Sub-flows of parents that are undone, run out of time, or decide about them; on every store."""

from __future__ import annotations

from typing import Any

import pytest

from tests.runtime.works import Works, until
from theflow import FlowHandle, FlowScheme, FlowStatus, TaskStatus

WAITING, REVERTED, CANCELLED = FlowStatus.WAITING, FlowStatus.REVERTED, FlowStatus.CANCELLED


def nothing() -> dict[str, object]:
    """What a sub-flow begins with that needs no input."""
    return {}


def chain_of(done: list[str], name: str = "order", below: str | FlowScheme = "absent", **options: Any) -> FlowScheme:
    """A class whose flows reserve something, which can be undone, and then wait for a flow of another class."""
    scheme = FlowScheme(name, **options)

    @scheme.task
    def reserve() -> str:
        return name

    @reserve.compensate
    def free(reserve: str) -> None:
        done.append(f"free {reserve}")

    scheme.subflow(below, name="ship", after=[reserve], input=nothing)
    return scheme


def waiting(works: Works, scheme: FlowScheme) -> FlowHandle:
    """A flow that waits for its sub-flow."""
    flow = works.submit(scheme)
    until(lambda: flow.get().status is WAITING)
    return flow


def child(flow: FlowHandle) -> Any:
    """Where its only sub-flow stands."""
    return flow.get().children[0].status


def test_a_parent_that_is_undone_ends_its_sub_flow_first(works):
    done: list[str] = []
    order = chain_of(done)
    works.start(order)
    flow = waiting(works, order)
    flow.revert()
    assert flow.wait(15).status is REVERTED
    assert (child(flow), done) == (CANCELLED, ["free order"])


def test_a_parent_that_was_asked_for_while_no_runtime_was_there_is_undone_by_the_next(works):
    done: list[str] = []
    order = chain_of(done)
    first = works.start(order)
    flow = waiting(works, order)
    first.stop()
    flow.revert()
    works.start(order, name="second")
    assert flow.wait(15).status is REVERTED
    assert (child(flow), done) == (CANCELLED, ["free order"])


def test_the_deadline_of_a_parent_ends_its_sub_flow(works):
    order = chain_of([], deadline=1.0)
    works.start(order)
    flow = works.submit(order)
    ended = flow.wait(15)
    assert ended.status is FlowStatus.FAILED
    assert "deadline of 1 s" in ended.reason
    assert child(flow) is CANCELLED


def test_a_sub_flow_that_undoes_itself_is_not_ended_over_its_head(works):
    done: list[str] = []
    middle = chain_of(done, "middle", on_cancel="rollback")
    order = chain_of(done, "order", middle)
    works.start(order, middle)
    flow = waiting(works, order)
    until(lambda: child(flow) is WAITING)
    flow.cancel()
    assert flow.wait(15).status is CANCELLED
    assert (child(flow), done) == (REVERTED, ["free middle"])


@pytest.mark.parametrize("policy", ["stop", "rollback"])
def test_what_undoes_the_task_of_a_sub_flow_gets_the_storage_that_it_left(works, policy):
    seen: list[object] = []
    leaf = FlowScheme("leaf")
    leaf.add(lambda: None, name="only")
    order = FlowScheme("order", on_failure=policy)
    ship = order.subflow(leaf, name="ship", input=lambda: {"van": 3})

    @ship.compensate
    def fetch_back(ship: dict[str, int]) -> None:
        seen.append(ship)

    @order.task(after=["ship"])
    def fail() -> None:
        raise ValueError("no")

    works.start(order, leaf)
    ended = works.submit(order).wait(15)
    assert (ended.status, seen) == ((REVERTED, [{"van": 3}]) if policy == "rollback" else (FlowStatus.FAILED, []))


def test_a_sub_flow_whose_condition_does_not_hold_does_not_begin(works):
    order = FlowScheme("order")
    order.subflow("absent", name="ship", input=nothing, when=lambda: False)
    order.add(lambda: "done", name="mail", after=["ship"], if_skipped="run")
    works.start(order)
    ended = works.submit(order).wait(15)
    assert (ended.status, ended.children) == (FlowStatus.SUCCEEDED, ())
    assert (ended.task("ship").status, ended.task("mail").result) == (TaskStatus.SKIPPED, "done")


def test_a_parent_that_finds_its_sub_flow_ended_asks_a_condition_once(works):
    asked: list[int] = []
    leaf = FlowScheme("leaf")
    leaf.add(lambda: None, name="only")
    order = FlowScheme("order")
    order.subflow(leaf, name="ship", input=nothing)
    order.add(lambda: "done", name="mail", after=["ship"], when=lambda: not asked.append(1))
    works.start(order, leaf)
    assert works.submit(order).wait(15).status is FlowStatus.SUCCEEDED
    assert asked == [1]


def test_a_flow_goes_on_without_a_sub_flow_that_a_person_cancelled(works):
    order = FlowScheme("order")
    order.subflow("absent", name="ship", input=nothing)
    order.add(lambda ship: f"shipped {ship}", name="mail", join="all_done")
    works.start(order)
    flow = waiting(works, order)
    works.client.cancel(flow.get().children[0].flow_id)
    ended = flow.wait(15)
    assert (ended.status, ended.task("ship").status) == (FlowStatus.SUCCEEDED, TaskStatus.FAILED)
    assert ended.task("mail").result == "shipped None"
