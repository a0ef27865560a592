"""Every transition of the tables is crossed by some run, and no run crosses another: the docs are drawn from them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from itertools import chain
from typing import Any

import pytest
from hypothesis import given, settings

from tests.model.flows import failed, scheme_of
from tests.property.below_moves import divide, live
from tests.property.control import BOOM, ROUNDS, Node, Plot, Stage, plots
from tests.property.hand_moves import operate
from tests.property.story import Story, TaskStory, body, cancelled_stories, pending, reverted_stories, stories
from tests.property.undo_moves import move_by_hand
from tests.property.undo_world import UndoWorld
from tests.property.watch import FLOW_CROSSINGS, TASK_CROSSINGS, UNDO_CROSSINGS, Watch
from tests.property.world import World, row
from theflow.model.child import DEPTH_LIMIT
from theflow.model.flow import Flow
from theflow.model.flow_data import ChildDataObject
from theflow.model.message import (
    Cancel,
    DeadlinePassed,
    Event,
    GraceOver,
    InputBuilt,
    Park,
    QuestionFailed,
    Recovered,
    Resume,
    RetryDue,
    RoundJudged,
    Started,
    SubflowEnded,
    TaskChosen,
    TaskFailed,
    TaskSkipped,
    TaskSucceeded,
)
from theflow.model.retry import Retry
from theflow.model.scheme import FlowScheme
from theflow.model.status import FlowStatus, TaskStatus

ALONE = Story(tasks=(TaskStory(name="a"),))


# It lives through some fourteen hundred flows.
@pytest.mark.timeout(480)
def test_every_transition_is_crossed_and_no_other():
    watch = Watch()
    explore(watch)
    park(watch)
    cancel(watch)
    expire(watch)
    cancel_above(watch)
    follow(watch)
    find_all_done(watch)
    explore_undoing(watch)
    move_by_hand(watch)
    run_out_of_time(watch)
    let_a_flow_run_out_of_time(watch)
    branch(watch)
    divide(watch)
    operate(watch)
    assert watch.flow_crossings == FLOW_CROSSINGS
    assert watch.task_crossings == TASK_CROSSINGS
    assert watch.undo_crossings == UNDO_CROSSINGS


def explore(watch: Watch) -> None:
    """Live through many flows: always the same ones, so that the test cannot fail by chance."""
    for some in (stories(most=12), cancelled_stories(most=12)):

        @settings(max_examples=500, derandomize=True, database=None)
        @given(story=some)
        def live(story: Story) -> None:
            World(story, watch).run()

        live()


def explore_undoing(watch: Watch) -> None:
    """Live through many flows that are undone, always the same ones."""

    @settings(max_examples=400, derandomize=True, database=None)
    @given(story=reverted_stories(most=8))
    def live(story: Story) -> None:
        UndoWorld(story, watch).run()

    live()


def park(watch: Watch) -> None:
    """A person has to look at a flow before it started, and while it runs."""
    flow = Flow.from_data(pending(), ALONE.scheme())
    assert watch.decide(flow, Park("no code for it"), 0).flow.reason == "no code for it"
    parked = watch.decide(watch.decide(flow, Started(), 0).flow, Park("it kills its runtime"), 0).flow
    assert watch.decide(parked, Resume(), 0).flow.reason == ""
    assert watch.decide(parked, Cancel("by ann"), 0).flow.reason == "by ann"


def cancel(watch: Watch) -> None:
    """A person cancels a flow that has not started, one that its runtime leaves, and one whose rows are refused."""
    flow = Flow.from_data(pending(), ALONE.scheme())
    watch.decide(flow, Cancel("by ann"), 0)
    for seed in range(8):
        World(replace(ALONE, seed=seed, cancelled_at=1, crashes=frozenset({2})), watch).run()
    watch.decide(watch.decide(watch.decide(flow, Started(), 0).flow, Cancel("by ann"), 0).flow, Park("refused"), 0)


def expire(watch: Watch) -> None:
    """A flow is taken in hand when it was not to start any more, and its runtime may die over that."""
    flow = Flow.from_data(pending()._replace(expires_at=5), ALONE.scheme())
    watch.decide(flow, Started(), 5)
    data = flow.data._replace(status=FlowStatus.RUNNING, started_at=5)
    watch.decide(Flow.from_data(data, ALONE.scheme()), Recovered(), 9)


def branch(watch: Watch) -> None:
    """Live through flows with conditions, joins, maps and rounds."""

    @settings(max_examples=400, derandomize=True, database=None)
    @given(plot=plots())
    def live(plot: Plot) -> None:
        Stage(plot).run(watch.cross)

    live()
    late = (node("a", fails={0}), node("d"), node("b", "d", answer=False), node("c", "a", "b", join=1))
    for plot in (
        (node("few", children=1, map_join=2),),
        (node("long", rounds=9),),
        (node("a", fails={0}), node("b", "a", join="any"), node("c", answer=False)),
        (node("a", fails={0}), node("b", "a", answer="raises", join="all_done"), node("c", "b", join="all_done")),
    ):
        Stage(Plot(plot)).run(watch.cross)
    spare = (node("x"), node("d"), node("q", "d", answer="raises"), node("c", "x", "q", join="any"))
    flow = Flow.from_data(pending(), Plot(spare).scheme())
    for last in ("QuestionFailed", "TaskChosen", "TaskSkipped", "RoundJudged"):
        a_retry_is_given_up(watch, last)
    done = [TaskSucceeded(name, 1, b"1", None, 0, 0) for name in "xcd"]
    for event in (Started(), *done, QuestionFailed("q", BOOM)):
        flow = watch.cross(flow, event, 0).flow
    Stage(Plot((node("s", answer=False), node("m", children=2, map_join="any"), node("f", "m", "s")), 0, {2})).run(
        watch.cross
    )
    for seed in range(16):
        Stage(Plot(late, seed)).run(watch.cross)
    skip_after_a_sub_flow(watch)


def skip_after_a_sub_flow(watch: Watch) -> None:
    """What came after a skipped task is skipped, once the task or sub-flow that it came after too has ended."""
    scheme = FlowScheme("story")
    scheme.subflow("other", input=body, name="s")
    scheme.add(body, name="q", when=lambda: False)
    scheme.add(body, name="f", after=["s", "q"])
    ended = SubflowEnded("s", 1, "below", FlowStatus.SUCCEEDED, b"{}", "")
    flow = live(watch, scheme, Started(), TaskSkipped("q"), InputBuilt("s", 1, b"{}", "ann", 0, 0), ended)
    assert flow.status is FlowStatus.SUCCEEDED
    three = Plot((node("s"), node("q", answer=False), node("f", "s", "q"))).scheme()
    done = TaskSucceeded("s", 1, b"1", None, 0, 0)
    assert live(watch, three, Started(), TaskSkipped("q"), done).status is FlowStatus.SUCCEEDED
    # An answer is nothing to a flow that fails.
    broken = TaskFailed("s", 1, BOOM, False, 0, 0)  # noqa: FBT003
    beside = Plot((node("s"), node("q", answer=False), node("d"))).scheme()
    assert live(watch, beside, Started(), broken, TaskSkipped("q")).plan.states[1].status is TaskStatus.PENDING


@pytest.mark.parametrize("last", ["QuestionFailed", "TaskChosen", "TaskSkipped", "RoundJudged"])
def test_an_answer_that_ends_a_flow_gives_up_what_waits_for_a_retry(last):
    flow = a_retry_is_given_up(Watch(), last)
    assert flow.status is FlowStatus.FAILED
    assert flow.plan.states[0].status is TaskStatus.FAILED


def a_retry_is_given_up(watch: Watch, last: str) -> Flow:
    """Live through a flow that an answer ends while its first task waits for a retry."""
    failed, done = TaskFailed("r", 1, BOOM, True, 0, 0), TaskSucceeded("d", 1, b"1", None, 0, 0)  # noqa: FBT003
    others: list[Node] = [node("q", "d", answer="raises")]
    events: list[Event] = [done, QuestionFailed("q", BOOM)]
    if last == "TaskChosen":
        others, events = [node("q", "d", children=1, map_join=2)], [done, TaskChosen("q", (b"0",))]
    elif last == "TaskSkipped":
        others = [node("a", fails={0}), node("q", "d", answer=False), node("c", "a", "q", join=1)]
        events = [TaskFailed("a", 1, BOOM, False, 0, 0), done, TaskSkipped("q")]  # noqa: FBT003
    elif last == "RoundJudged":
        others = [node("q", rounds=9)]
        rounds = [(TaskSucceeded(f"q[{n}]", 1, b"1", None, 0, 0), RoundJudged(f"q[{n}]", True)) for n in range(ROUNDS)]  # noqa: FBT003
        events = [done, TaskChosen("q"), *chain.from_iterable(rounds)]
    flow = Flow.from_data(pending(), Plot((node("r", fails={0}, retries=True), node("d"), *others)).scheme())
    for event in (Started(), failed, *events):
        flow = watch.cross(flow, event, 0).flow
    return flow


def node(name: str, *after: str, fails: Collection[int] = (), **rest: Any) -> Node:
    """A task of a flow with branches."""
    return Node(name=name, after=after, fails=frozenset(fails), **rest)


def cancel_above(watch: Watch) -> None:
    """A person cancels a flow whose sub-flow goes on for so long that the flow changes hands."""
    scheme = Story(tasks=(TaskStory(name="a", subflow=True),)).scheme()
    flow = watch.decide(Flow.from_data(pending(), scheme), Started(), 0).flow
    flow = watch.decide(flow, InputBuilt("a", 1, b"{}", "ann", 0, 0), 0).flow
    flow = watch.decide(flow, Cancel("by ann"), 0).flow
    child = ChildDataObject("a", 1, "below", FlowStatus.RUNNING, b"null", "")
    data = pending(status=flow.status, reason=flow.reason)._replace(tasks=(row(flow, 0),), children=(child,))
    found = watch.decide(Flow.from_data(data, scheme), Recovered(), 0).flow
    assert watch.decide(found, SubflowEnded("a", 1, "below", FlowStatus.CANCELLED, b"{}", ""), 0).flow.status.ended


def follow(watch: Watch) -> None:
    """Sub-flows fail and end, while their parents are cancelled and die at any point; one stands too deep."""
    tasks = (
        TaskStory(name="a", subflow=True, attempts=3, fails=1),
        TaskStory(name="b", subflow=True, attempts=2, fails=2),
        TaskStory(name="c", attempts=2, fails=1),
        TaskStory(name="d", after=("a",)),
    )
    for seed in range(300):
        wanted = tasks if seed % 2 else (tasks[0], *tasks[2:])
        crashes = frozenset({seed % 7 + 2, seed % 11 + 5})
        World(Story(tasks=wanted, seed=seed, crashes=crashes, cancelled_at=seed % 9 + 1), watch).run()
        World(Story(tasks=wanted, seed=seed, crashes=crashes), watch).run()
    alone = Story(tasks=(TaskStory(name="a", subflow=True),))
    World(alone, watch).run()
    scheme = alone.scheme()
    deep = watch.decide(Flow.from_data(pending(depth=DEPTH_LIMIT), scheme), Started(), 0).flow
    failed = watch.decide(deep, InputBuilt("a", 1, b"{}", "ann", 0, 0), 0).flow
    assert "SubflowTooDeep" in failed.reason


def find_all_done(watch: Watch) -> None:
    """A flow whose tasks have all ended, saved without its own end."""
    flow = watch.decide(Flow.from_data(pending(), ALONE.scheme()), Started(), 0).flow
    flow = watch.decide(flow, TaskSucceeded("a", 1, b"1", None, 0, 0), 0).flow
    data = pending(status=FlowStatus.RUNNING)._replace(tasks=(row(flow, 0),))
    for stand in (FlowStatus.RUNNING, FlowStatus.PAUSING):
        found = Flow.from_data(data._replace(status=stand), flow.scheme)
        assert watch.decide(found, Recovered(), 0).flow.status is FlowStatus.SUCCEEDED


def run_out_of_time(watch: Watch) -> None:
    """The deadline of a task passes while its body runs, while it waits, or unseen; an alarm may come early."""
    scheme = scheme_of(a={"deadline": 9, "retry": Retry(attempts=3)})
    over = DeadlinePassed("a", 9_000_000)
    flow = watch.decide(Flow.from_data(pending(), scheme), Started(), 0).flow
    assert watch.decide(flow, over, 8_999_999).flow == flow
    assert watch.decide(flow, over, 9_000_000).flow.status is FlowStatus.FAILED
    waiting = watch.decide(flow, failed("a"), 0).flow
    assert watch.decide(waiting, over, 8_999_999).flow == waiting
    assert watch.decide(waiting, over, 9_000_000).flow.status is FlowStatus.FAILED
    assert watch.decide(waiting, RetryDue("a", 1), 9_000_000).flow.status is FlowStatus.FAILED


def let_a_flow_run_out_of_time(watch: Watch) -> None:
    """The deadline of a flow passes while bodies run and tasks wait; bodies end, or their grace does."""
    scheme = FlowScheme("story", deadline=9)
    scheme.add(body, name="a", retry=Retry(attempts=3))
    scheme.add(body, name="b")
    flow = watch.decide(Flow.from_data(pending(), scheme), Started(), 0).flow
    flow = watch.decide(flow, failed("a"), 0).flow
    late = watch.decide(flow, DeadlinePassed(None, 9_000_000), 9_000_000).flow
    assert watch.decide(late, GraceOver(39_000_000), 38_999_999).flow == late
    left = watch.decide(late, GraceOver(39_000_000), 39_000_000).flow
    assert (left.status, left.ending) == (FlowStatus.FAILED, "abandoned")
