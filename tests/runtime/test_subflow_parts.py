"""Sub-flows of tasks that are done in parts: one for each item of a list, or round after round; on every store."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.runtime.works import until
from theflow import (
    UNLIMITED,
    Context,
    FlowDetail,
    FlowHandle,
    FlowScheme,
    FlowStatus,
    Map,
    Repeat,
    Retry,
    TaskStatus,
)

SUCCEEDED, FAILED, CANCELLED = FlowStatus.SUCCEEDED, FlowStatus.FAILED, FlowStatus.CANCELLED
ENDLESS = Repeat(until=lambda: False, max=3)


@dataclass
class Step:
    """What a group works on."""

    number: int = 0
    done: int = 0


def group_of(body: Callable[[int], None] | None = None, **options: Any) -> FlowScheme:
    """A small class of flows: two tasks, one after the other."""
    group = FlowScheme("group", storage=Step, **options)

    @group.task
    def work(step: Step) -> None:
        if body is not None:
            body(step.number)
        step.done = step.number + 1

    group.add(lambda: None, name="check", after=[work])
    return group


def mapped(below: FlowScheme | str, over: Map, **options: Any) -> FlowScheme:
    """A class with a sub-flow for each item."""
    whole = FlowScheme("whole", concurrency=UNLIMITED)

    @whole.subflow(below, map=over, **options)
    def each(item: int) -> Step:
        return Step(number=item)

    return whole


def repeated(below: FlowScheme | str, repeat: Repeat, **options: Any) -> FlowScheme:
    """A class with one sub-flow after the other, each going on from where the last one stopped."""
    whole = FlowScheme("whole", concurrency=UNLIMITED)

    @whole.subflow(below, repeat=repeat, **options)
    def again(again: Step | None) -> Step:
        return Step(number=again.done if again else 0)

    return whole


def resting(flow: FlowHandle) -> FlowDetail:
    """The flow once it waits for its sub-flows."""
    until(lambda: flow.get().status is FlowStatus.WAITING)
    return flow.get()


def ends(flow: FlowDetail) -> list[tuple[str, int, FlowStatus]]:
    """Of what its sub-flows are, and how they ended."""
    return sorted((link.task, link.attempt, link.status) for link in flow.children)


def raising(*numbers: int) -> Callable[[int], None]:
    """A body that fails for some numbers."""

    def body(number: int) -> None:
        if number in numbers:
            raise ValueError(f"no {number}")

    return body


def test_there_is_a_sub_flow_for_each_item_and_the_result_is_what_they_left(works):
    group = group_of()
    whole = mapped(group, Map(lambda: [4, 5, 6]))
    works.start(group, whole)
    ended = works.submit(whole).wait(20)
    assert ended.status is SUCCEEDED, ended.reason
    assert [one["done"] for one in ended.task("each").result] == [5, 6, 7]
    assert ends(ended) == [(f"each[{number}]", 1, SUCCEEDED) for number in range(3)]
    link = next(link for link in ended.children if link.task == "each[1]")
    child = works.client.get_flow(link.flow_id)
    assert (child.parent.flow_id, child.parent.task, child.storage["number"]) == (ended.flow_id, "each[1]", 5)


def test_an_empty_list_needs_no_sub_flow(works):
    whole = mapped("absent", Map(list_of_nothing))
    works.start(whole)
    ended = works.submit(whole).wait(10)
    assert (ended.status, ended.task("each").result, ended.children) == (SUCCEEDED, [], ())


def list_of_nothing() -> list[int]:
    """No items."""
    return []


def test_no_more_sub_flows_are_under_way_at_once_than_may(works):
    whole = mapped("group", Map(lambda: [*range(5)], max_parallel=2))
    works.start(whole)
    flow = works.submit(whole)
    until(lambda: len(flow.get().children) == 2)
    assert len(resting(flow).children) == 2
    open_now: list[int] = []

    def body(_: int) -> None:
        open_now.append(sum(not link.status.ended for link in flow.get().children))

    works.start(group_of(body, concurrency=UNLIMITED), name="other")
    ended = flow.wait(20)
    assert (ended.status, len(ended.children)) == (SUCCEEDED, 5)
    assert max(open_now) <= 2


def test_a_parent_with_many_sub_flows_holds_no_place_and_no_thread(works):
    group = group_of()
    middle = FlowScheme("middle", storage=Step)
    middle.subflow(group, name="inner", input=lambda item: Step(number=item), map=Map(lambda: [1, 2]))
    whole = mapped(middle, Map(lambda: [1, 2, 3]))
    works.start(group, middle, whole, flows=1, threads=1)
    top = works.submit(whole)
    ended = top.wait(40)
    assert ended.status is SUCCEEDED, ended.reason
    tree = works.client.tree(ended.flow_id)
    assert [child.task for child in tree.children] == ["each[0]", "each[1]", "each[2]"]
    assert {grand.task for child in tree.children for grand in child.children} == {"inner[0]", "inner[1]"}


def test_sub_flows_that_are_needed_no_more_are_cancelled(works):
    group = FlowScheme("group", storage=Step, concurrency=UNLIMITED)

    @group.task
    def work(ctx: Context[Step]) -> None:
        while ctx.storage.number:
            ctx.checkpoint()
            stay.wait(0.01)

    stay = threading.Event()
    whole = mapped(group, Map(lambda: [1, 0, 2], join="any"))
    works.start(group, whole)
    ended = works.submit(whole).wait(20)
    assert ended.status is SUCCEEDED, ended.reason
    assert ends(ended) == [("each[0]", 1, CANCELLED), ("each[1]", 1, SUCCEEDED), ("each[2]", 1, CANCELLED)]
    cancelled = works.client.get_flow(ended.children[0].flow_id)
    assert "its task needs it no more" in cancelled.reason
    assert [one and one["number"] for one in ended.task("each").result] == [None, 0, None]


def test_sub_flows_that_nobody_has_begun_are_ended_when_they_are_needed_no_more(works):
    whole = mapped("absent", Map(lambda: [1, 0, 2], join="any"))
    works.start(whole)
    flow = works.submit(whole)
    links = {link.task: link for link in until(lambda: resting(flow).children)}
    works.client.cancel(links["each[0]"].flow_id)
    assert resting(flow).children[1].status is FlowStatus.PENDING
    for name in ("each[1]", "each[2]"):
        works.client.cancel(links[name].flow_id)
    ended = flow.wait(10)
    assert (ended.status, ended.task("each").error.type) == (FAILED, "ChildFailed")


def test_all_that_settle_are_told_with_their_errors(works):
    group = group_of(raising(1))
    whole = mapped(group, Map(lambda: [0, 1], join="settle"))
    works.start(group, whole)
    ended = works.submit(whole).wait(20)
    good, bad = ended.task("each").result
    assert (ended.status, good["result"]["done"], bad["error"]["type"]) == (SUCCEEDED, 1, "SubflowFailed")


def test_a_sub_flow_that_fails_ends_those_beside_it_where_all_are_needed(works):
    whole = mapped("group", Map(lambda: [0, 1, 2]))
    works.start(whole)
    flow = works.submit(whole)
    links = resting(flow).children
    works.client.cancel(links[2].flow_id)
    ended = flow.wait(10)
    assert ended.status is FAILED
    assert "1 of 3 children" in ended.task("each").error.message
    assert {link.status for link in ended.children} == {CANCELLED}


def test_a_part_that_is_tried_again_has_another_sub_flow(works):
    tries: list[int] = []

    def body(number: int) -> None:
        tries.append(number)
        if number and tries.count(number) == 1:
            raise ValueError("no van")

    group = group_of(body)
    whole = mapped(group, Map(lambda: [0, 1]), retry=Retry(attempts=2, delay=0.0))
    works.start(group, whole)
    ended = works.submit(whole).wait(20)
    assert ended.status is SUCCEEDED, ended.reason
    assert ends(ended) == [("each[0]", 1, SUCCEEDED), ("each[1]", 1, FAILED), ("each[1]", 2, SUCCEEDED)]


def test_rounds_go_on_from_where_the_last_one_stopped_until_the_condition_holds(works):
    group = group_of()
    whole = repeated(group, Repeat(until=lambda again: again["done"] == 3, max=9))
    works.start(group, whole, flows=1, threads=1)
    ended = works.submit(whole).wait(20)
    assert ended.status is SUCCEEDED, ended.reason
    assert ended.task("again").result == {"number": 2, "done": 3}
    assert ends(ended) == [(f"again[{number}]", 1, SUCCEEDED) for number in range(3)]


def test_there_are_no_more_rounds_than_may_be(works):
    group = group_of()
    whole = repeated(group, ENDLESS)
    works.start(group, whole)
    ended = works.submit(whole).wait(20)
    assert (ended.status, ended.task("again").error.type) == (FAILED, "RepeatExhausted")
    assert len(ended.children) == 3


def test_a_round_that_fails_for_good_fails_the_task(works):
    group = group_of(raising(1))
    whole = repeated(group, ENDLESS)
    works.start(group, whole)
    ended = works.submit(whole).wait(20)
    assert (ended.status, ended.task("again").error.type) == (FAILED, "RoundFailed")
    assert ends(ended) == [("again[0]", 1, SUCCEEDED), ("again[1]", 1, FAILED)]


def test_who_cancels_a_parent_ends_all_its_parts(works):
    whole = mapped("group", Map(lambda: [0, 1, 2], max_parallel=2))
    works.start(whole)
    flow = works.submit(whole)
    resting(flow)
    assert flow.cancel("enough") is CANCELLED
    ended = flow.get()
    assert ends(ended) == [("each[0]", 1, CANCELLED), ("each[1]", 1, CANCELLED)]
    assert ended.task("each").status is TaskStatus.CANCELLED
    assert works.client.attempts(flow.flow_id) == []


def test_the_deadline_of_a_parent_ends_its_parts(works):
    whole = FlowScheme("whole", deadline=0.5)
    whole.subflow("group", name="each", input=nothing, map=Map(lambda: [0, 1]))
    works.start(whole)
    ended = works.submit(whole).wait(15)
    assert (ended.status, len(ended.children)) == (FAILED, 2)
    assert {link.status for link in ended.children} == {CANCELLED}


def test_rounds_go_on_under_another_runtime(works):
    whole = repeated("group", Repeat(until=lambda again: again["done"] == 2, max=9))
    first = works.start(whole, name="first")
    flow = works.submit(whole)
    resting(flow)
    first.stop()
    works.start(group_of(), whole, name="second")
    ended = flow.wait(20)
    assert (ended.status, ended.task("again").result["done"]) == (SUCCEEDED, 2)


def test_a_parent_that_waits_for_many_names_some_and_counts_the_rest(works):
    whole = mapped("absent", Map(lambda: [*range(15)]))
    works.start(whole)
    flow = works.submit(whole)
    until(lambda: len(resting(flow).children) == 15)
    told = flow.get().waiting
    assert told[0].startswith("task 'each[0]' waits for sub-flow ")
    assert told[-1] == "and 5 more sub-flows"
    assert len(told) == 11


def nothing() -> dict[str, int]:
    """What a sub-flow begins with that needs no input."""
    return {}
