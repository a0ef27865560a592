"""Sub-flows on every store: a task that is another flow, and a parent that holds nothing meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.runtime.works import Works, until
from theflow import UNLIMITED, FlowDetail, FlowHandle, FlowScheme, FlowStatus, Retry, TaskStatus
from theflow.errors import SchemeError
from theflow.model.child import DEPTH_LIMIT

SUCCEEDED, FAILED, CANCELLED = FlowStatus.SUCCEEDED, FlowStatus.FAILED, FlowStatus.CANCELLED


@dataclass
class Parcel:
    """What a shipping begins with."""

    order: str = ""
    weight: int = 0
    tracking: str = ""


def shipping_of(body: Callable[[], None] | None = None, **options: Any) -> FlowScheme:
    """A class of flows that ship a parcel."""
    shipping = FlowScheme("shipping", storage=Parcel, **options)

    @shipping.task
    def label(parcel: Parcel) -> None:
        if body is not None:
            body()
        parcel.tracking = f"T-{parcel.order}"

    return shipping


def order_of(shipping: FlowScheme | str, **options: Any) -> FlowScheme:
    """A class of flows that pack, ship in a sub-flow, and send a mail."""
    order = FlowScheme("order")

    @order.task
    def pack() -> int:
        return 3

    @order.subflow(shipping, **options)
    def ship(order: dict[str, str], pack: int) -> dict[str, object]:
        return {"order": order["id"], "weight": pack}

    @order.task
    def mail(ship: Parcel) -> str:
        return f"{ship.tracking} weighs {ship.weight}"

    return order


def nested(depth: int) -> list[FlowScheme]:
    """Classes of which each starts the one before it, the lowest first."""
    schemes = [shipping_of()]
    for number in range(depth):
        above = FlowScheme(f"level{number}")
        above.add(lambda: None, name="before")
        above.subflow(schemes[-1], name="below", after=["before"], input=lambda: {"order": "9"})
        above.add(lambda below: below, name="after", after=["below"])
        schemes.append(above)
    return schemes


def submitted(works: Works, order: FlowScheme, **meta: Any) -> FlowHandle:
    """An order that somebody placed."""
    return works.submit(order, {"id": "7"}, **meta)


def waiting(flow: FlowHandle) -> FlowDetail:
    """The flow once it waits for its sub-flow."""
    until(lambda: flow.get().status is FlowStatus.WAITING)
    return flow.get()


def raising(message: str = "no van") -> Callable[[], None]:
    """A body that fails."""

    def body() -> None:
        raise ValueError(message)

    return body


def test_a_task_is_a_flow_whose_storage_is_its_result(works):
    shipping = shipping_of()
    order = order_of(shipping)
    works.start(shipping, order)
    ended = submitted(works, order).wait(10)
    assert ended.status is SUCCEEDED, ended.reason
    assert ended.task("mail").result == "T-7 weighs 3"
    (link,) = ended.children
    assert (link.task, link.attempt, link.status) == ("ship", 1, SUCCEEDED)
    child = works.client.get_flow(link.flow_id)
    assert (child.parent.flow_id, child.parent.task, child.user) == (ended.flow_id, "ship", ended.user)


def test_a_parent_and_its_children_three_deep_need_one_place_and_one_thread(works):
    schemes = nested(3)
    works.start(*schemes, flows=1, threads=1)
    top = works.submit(schemes[-1])
    assert top.wait(20).status is SUCCEEDED
    tree, classes = works.client.tree(top.flow_id), []
    while tree.children:
        (tree,) = tree.children
        classes.append((tree.task, tree.flow_class, tree.status))
    assert classes == [("below", name, SUCCEEDED) for name in ("level1", "level0", "shipping")]


def test_a_class_that_starts_itself_for_one_user_is_refused_at_the_depth_limit(works):
    count = FlowScheme("count")

    @count.subflow("count")
    def again() -> dict[str, int]:
        return {}

    works.start(count)
    ended = works.submit(count).wait(30)
    assert ended.status is FAILED
    tree, depth = works.client.tree(ended.flow_id), 0
    while tree.children:
        (tree,) = tree.children
        depth += 1
    assert depth == DEPTH_LIMIT
    assert "SubflowTooDeep" in tree.reason


def test_a_parent_that_waits_says_for_which_sub_flow(works):
    shipping = shipping_of()
    order = order_of(shipping)
    works.start(order)
    now = waiting(submitted(works, order))
    (link,) = now.children
    assert now.waiting == (f"task 'ship' waits for sub-flow {link.flow_id} (pending)",)
    assert now.runtime is None
    assert now.task("ship").status is TaskStatus.WAITING


def test_a_runtime_needs_no_code_for_the_sub_flows_that_it_starts(works):
    order = order_of("shipping")
    works.start(order)
    flow = submitted(works, order)
    waiting(flow)
    works.start(shipping_of(), name="other")
    assert flow.wait(10).task("mail").result == "T-7 weighs 3"


def test_a_sub_flow_that_fails_fails_its_task_with_its_id_and_reason(works):
    shipping = shipping_of(raising())
    order = order_of(shipping)
    works.start(shipping, order)
    ended = submitted(works, order).wait(10)
    assert ended.status is FAILED
    error = ended.task("ship").error
    assert error.type == "SubflowFailed"
    assert ended.children[0].flow_id in error.message
    assert "ValueError: no van" in error.message


def test_a_retry_starts_another_sub_flow(works):
    tries: list[int] = []

    def body() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("no van")

    shipping = shipping_of(body)
    order = order_of(shipping, retry=Retry(attempts=2, delay=0.0))
    works.start(shipping, order)
    ended = submitted(works, order).wait(10)
    assert ended.status is SUCCEEDED
    assert [(link.attempt, link.status) for link in ended.children] == [(1, FAILED), (2, SUCCEEDED)]


def test_an_input_that_the_class_does_not_take_fails_the_task_and_starts_nothing(works):
    shipping = shipping_of()
    order = FlowScheme("order")
    order.subflow(shipping, name="ship", input=lambda: {"weight": "much"})
    works.start(shipping, order)
    ended = works.submit(order).wait(10)
    assert ended.status is FAILED
    assert "$.weight" in ended.reason
    assert ended.children == ()


def test_a_body_that_builds_an_input_may_not_change_the_storage(works):
    order = FlowScheme("order")

    @order.subflow("shipping")
    def ship(order: dict[str, object]) -> dict[str, object]:
        order["seen"] = True
        return {}

    works.start(order)
    ended = works.submit(order).wait(10)
    assert ended.status is FAILED
    assert "storage.seen" in ended.reason


def test_who_cancels_a_parent_that_waits_ends_what_nobody_holds_below_it_at_once(works):
    order = order_of("shipping")
    works.start(order)
    flow = submitted(works, order)
    (link,) = waiting(flow).children
    assert flow.cancel("enough") is CANCELLED
    child = works.client.get_flow(link.flow_id)
    assert child.status is CANCELLED
    assert flow.flow_id in child.reason
    assert flow.get().task("ship").status is TaskStatus.CANCELLED


def test_a_parent_that_is_cancelled_ends_when_its_sub_flow_has_ended(works):
    begun, go = threading.Event(), threading.Event()

    def body() -> None:
        begun.set()
        assert go.wait(10)

    shipping = shipping_of(body)
    order = order_of(shipping)
    works.start(shipping, order)
    flow = submitted(works, order)
    assert begun.wait(10)
    waiting(flow)
    assert flow.cancel("enough") is FlowStatus.CANCELLING
    (link,) = flow.get().children
    until(lambda: works.client.get_flow(link.flow_id).status is FlowStatus.CANCELLING)
    assert flow.get().status is FlowStatus.CANCELLING
    go.set()
    assert flow.wait(10).status is CANCELLED
    assert works.client.get_flow(link.flow_id).status is CANCELLED


def test_a_person_who_cancels_a_sub_flow_fails_the_task_of_its_parent(works):
    order = order_of("shipping", retry=Retry(attempts=3, delay=0.0))
    works.start(order)
    flow = submitted(works, order)
    (link,) = waiting(flow).children
    works.client.cancel(link.flow_id, "no vans today", by="ann")
    ended = flow.wait(10)
    assert ended.status is FAILED
    assert ended.task("ship").error.type == "SubflowCancelled"
    assert "no vans today" in ended.reason


def test_a_branch_that_fails_cancels_the_sub_flows_beside_it(works):
    fail = threading.Event()
    order = order_of("shipping")

    @order.task
    def check() -> None:
        assert fail.wait(10)
        raise ValueError("not paid")

    works.start(order)
    flow = submitted(works, order)
    (link,) = until(lambda: flow.get().children)
    fail.set()
    ended = flow.wait(10)
    assert ended.status is FAILED
    assert "not paid" in ended.reason
    assert works.client.get_flow(link.flow_id).status is CANCELLED
    assert ended.task("ship").status is TaskStatus.CANCELLED


def test_a_parent_that_is_held_hears_of_the_end_while_another_branch_runs(works):
    mailed = threading.Event()
    shipping = shipping_of()
    order = order_of(shipping)

    @order.task
    def watch() -> None:
        assert mailed.wait(10)

    order.add(mailed.set, name="after_mail", after=["mail"])
    works.start(shipping, order)
    assert submitted(works, order).wait(15).status is SUCCEEDED


def test_a_parent_keeps_its_place_in_its_queue_while_it_waits(works):
    order = order_of("shipping")
    works.start(order)
    first, second = submitted(works, order), submitted(works, order)
    waiting(first)
    assert f"offset {first.offset}" in until(lambda: second.get().waiting)[0]
    works.start(shipping_of(), name="other")
    assert second.wait(15).started_at >= first.wait(15).ended_at


def test_sub_flows_stand_in_the_queue_of_their_class_and_user(works):
    running: list[int] = []
    most: list[int] = []

    def body() -> None:
        running.append(1)
        most.append(len(running))
        running.pop()

    shipping = shipping_of(body)
    order = order_of(shipping, user=lambda given: f"van of {given['order']}")
    order.concurrency = UNLIMITED
    works.start(shipping, order)
    flows = [submitted(works, order, user=user) for user in ("ann", "bob", "cid")]
    ended = [flow.wait(15) for flow in flows]
    assert {link.user for flow in ended for link in flow.children} == {"van of 7"}
    assert set(most) == {1}


def test_a_parent_comes_back_to_another_runtime_after_its_own_is_gone(works):
    order = order_of("shipping")
    first = works.start(order, name="first")
    flow = submitted(works, order)
    waiting(flow)
    first.stop()
    works.start(shipping_of(), order, name="second")
    assert flow.wait(15).status is SUCCEEDED


@pytest.mark.parametrize("option", ["transactional", "at_most_once", "deadline", "pool"])
def test_the_task_of_a_sub_flow_only_builds_its_input(option):
    order = FlowScheme("order")
    with pytest.raises(SchemeError, match=f"the task of a sub-flow takes no {option}"):
        order.subflow("shipping", name="ship", input=dict, **{option: True})
