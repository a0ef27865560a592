"""Branches, joins, maps and rounds in a real runtime."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest

from tests.runtime.works import Works
from theflow import Context, FlowScheme, FlowStatus, Map, Repeat, TaskStatus
from theflow.errors import SchemeError


@dataclass
class Cart:
    lines: list[int] = field(default_factory=list)
    vip: bool = False


def run(works: Works, scheme: FlowScheme, **storage: object):
    """Run one flow to its end."""
    return works.run(scheme, storage)


@pytest.fixture
def scheme():
    return FlowScheme("cart", storage=Cart)


def test_a_condition_chooses_and_a_join_brings_the_branches_together(works, scheme):
    scheme.add(lambda: "gift", name="gift", when=lambda cart: cart.vip)
    scheme.add(lambda: "card", name="card", when=lambda cart: not cart.vip)

    @scheme.task(join="any")
    def send(gift, card) -> list:
        return [gift, card]

    flow = run(works, scheme, vip=True)
    assert flow.task("send").result == ["gift", None]
    assert flow.task("card").status is TaskStatus.SKIPPED


def test_what_comes_after_a_skipped_task_is_skipped_unless_it_says_otherwise(works, scheme):
    scheme.add(lambda: 1, name="a", when=lambda cart: cart.vip)
    scheme.add(lambda: 2, name="b", after=["a"])
    scheme.add(lambda: 3, name="c", after=["a"], if_skipped="run")
    flow = run(works, scheme)
    assert [task.status.value for task in flow.tasks] == ["skipped", "skipped", "succeeded"]
    assert flow.status is FlowStatus.SUCCEEDED


def test_a_condition_that_raises_fails_its_task_with_the_error(works, scheme):
    scheme.add(lambda: 1, name="a", when=lambda cart: cart.lines[7])
    flow = run(works, scheme)
    assert flow.status is FlowStatus.FAILED
    assert flow.task("a").error.type == "IndexError"


def test_a_map_runs_once_per_item_and_keeps_their_order(works, scheme):
    @scheme.task(map="lines")
    def square(item: int, ctx: Context[Cart]) -> list[int]:
        return [ctx.index, item * item]

    flow = run(works, scheme, lines=[3, 1, 2])
    assert flow.task("square").result == [[0, 9], [1, 1], [2, 4]]


def test_a_map_over_nothing_succeeds(works, scheme):
    scheme.add(lambda item: item, name="each", map="lines")
    assert run(works, scheme).task("each").result == []


def test_settle_shows_results_and_errors_side_by_side(works, scheme):
    @scheme.task(map=Map("lines", join="settle"))
    def inverse(item: int) -> float:
        return 1 / item

    good, bad = run(works, scheme, lines=[2, 0]).task("inverse").result
    assert good == {"result": 0.5}
    assert bad["error"]["type"] == "ZeroDivisionError"


def test_no_more_children_run_at_once_than_may(works, scheme):
    busy, most, lock = 0, 0, threading.Lock()
    pair = threading.Barrier(2, timeout=10)

    @scheme.task(map=Map("lines", max_parallel=2))
    def child(item: int) -> int:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        pair.wait()
        with lock:
            busy -= 1
        return item

    assert run(works, scheme, lines=[1, 2, 3, 4]).status is FlowStatus.SUCCEEDED
    assert most == 2


@pytest.mark.parametrize(
    ("over", "said"),
    [(lambda: 5, "to iterate over"), (lambda: [1] * 11, "at most 10"), ("vip", "no list"), (lambda: 1 / 0, "zero")],
)
def test_a_list_that_is_none_fails_its_task(works, scheme, over, said):
    scheme.add(lambda item: item, name="each", map=Map(over, limit=10))
    flow = run(works, scheme)
    assert flow.status is FlowStatus.FAILED
    assert said in flow.task("each").error.message


def test_a_repetition_goes_on_until_its_condition_holds(works, scheme):
    @scheme.task(repeat=Repeat(until=lambda poll: poll >= 2, max=5))
    def poll(ctx: Context[Cart]) -> int:
        return ctx.index

    assert run(works, scheme).task("poll").result == 2


def test_a_repetition_without_an_end_fails_at_its_maximum(works, scheme):
    scheme.add(lambda: 1, name="poll", repeat=Repeat(until=lambda: False, max=3))
    assert run(works, scheme).task("poll").error.type == "RepeatExhausted"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"join": "some"}, "join is 'some'"),
        ({"join": 2}, "comes after 0 tasks"),
        ({"if_skipped": "stop"}, "if_skipped is 'stop'"),
        ({"map": "nothing"}, "neither another task nor a field"),
        ({"when": 5}, "give it a function"),
        ({"repeat": 3}, "theflow.Repeat"),
        ({"map": "lines", "repeat": Repeat(until=lambda: True, max=1)}, "a map and a repeat"),
        ({"when": lambda *rest: rest}, "collects arguments by position"),
    ],
)
def test_what_cannot_be_is_refused_when_the_scheme_is_built(scheme, options, said):
    with pytest.raises(SchemeError, match=said):
        scheme.add(lambda item=0: item, name="a", **options) and scheme.orchestration


def test_a_condition_that_hangs_holds_up_nobody_else(works, scheme):
    hung = threading.Event()
    scheme.add(lambda: 1, name="a", when=lambda: hung.wait(30))
    other = FlowScheme("other")
    other.add(lambda: 1, name="b")
    works.start(scheme, other)
    slow = works.submit(scheme)
    assert works.submit(other).wait(5).status is FlowStatus.SUCCEEDED
    hung.set()
    assert slow.wait(10).status is FlowStatus.SUCCEEDED
