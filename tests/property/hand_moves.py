"""What people make of flows by hand: every move of the tables that somebody's word leads to."""

from __future__ import annotations

from tests.model.flows import scheme_of
from tests.property.hands import Hands
from tests.property.story import Story, TaskStory, body, pending
from tests.property.undo_moves import SECOND, done, ended_below, failed, found, limited, nested, on_disk
from tests.property.watch import Watch
from theflow.model.child import DEPTH_LIMIT
from theflow.model.flow import Flow
from theflow.model.flow_data import ChildDataObject
from theflow.model.mapping import Map
from theflow.model.message import (
    Cancel,
    DeadlinePassed,
    Dismiss,
    EditStorage,
    Event,
    InputBuilt,
    MarkDone,
    MarkFailed,
    Park,
    Pause,
    Recovered,
    Resume,
    Retry,
    RetryFrom,
    Revert,
    Started,
    TaskChosen,
    TaskFailed,
    TaskSkipped,
    TaskSucceeded,
)
from theflow.model.operator import marked_failed
from theflow.model.retry import Retry as Policy
from theflow.model.scheme import FlowScheme
from theflow.model.status import FlowStatus, TaskStatus

ALONE = Story(tasks=(TaskStory(name="a"),))


def operate(watch: Watch) -> None:
    """People lay hands on many flows, at any moment."""
    for seed in range(2500):
        Hands(seed, watch).run()
    alone = watch.decide(Flow.from_data(pending(), ALONE.scheme()), Started(), 0).flow
    for flow in (alone, diamond(watch)):
        refused = watch.decide(watch.decide(flow, Cancel("by ann"), 0).flow, Park("refused"), 0).flow
        for event in (Retry(()), RetryFrom("a")):
            assert watch.decide(refused, event, 0).flow.status is FlowStatus.RUNNING
    failing = diamond(watch)
    for event in (MarkFailed("d", marked_failed("no")), MarkDone("c", b"1")):
        failing = watch.decide(failing, event, 0).flow
    assert failing.status is FlowStatus.FAILED
    pausing = diamond(watch)
    for event in (Pause("by ann"), MarkDone("c", b"1"), MarkDone("d", b"1")):
        pausing = watch.decide(pausing, event, 0).flow
    assert pausing.status is FlowStatus.PAUSED
    fail_what_is_undone(watch)
    rest_without_success(watch)
    rest_in_parts(watch)
    pause_above(watch)
    dismiss(watch)


def fail_what_is_undone(watch: Watch) -> None:
    """A flow that undoes what it did is paused, fails, is cancelled or undone; there is something to undo, or not."""
    again, over = failed("b", retryable=True), DeadlinePassed("b", 9 * SECOND)
    clash = TaskSucceeded("b", 1, b"1", {"x": b"2"}, 0, 0)
    pause, lost = Pause("by ann"), MarkFailed("b", marked_failed("no"))
    for undone, end in ((True, FlowStatus.REVERTING), (False, FlowStatus.REVERTED)):
        scheme = limited("task", undone=undone)
        for events in (
            (pause, failed("b")),
            (pause, EditStorage({"x": b"1"}), clash),
            (pause, over),
            (pause, lost),
            (again, pause, Cancel("by ann")),
            (again, pause, lost),
            (again, pause, Revert("", "by ann")),
            (lost,),
        ):
            assert walk(watch, scheme, done("a"), *events).status is end
        once = FlowScheme("story", on_failure="rollback")
        first = once.add(body, name="a")
        if undone:
            first.compensate(body)
        once.add(body, name="b", after=["a"], at_most_once=True)
        once.add(body, name="c", after=["a"])
        assert walk(watch, once, done("a"), pause, Recovered()).status is end
        assert walk(watch, once, done("a"), failed("b"), MarkDone("c", b"1")).status is end
    assert walk(watch, limited("task", undone=True), done("a"), pause, Revert("", "by ann")).status == "reverting"


def rest_without_success(watch: Watch) -> None:
    """What a flow can do without fails while it is to rest: that ends its pause only if nothing else is left."""
    scheme = FlowScheme("story")
    scheme.add(body, name="b", retry=Policy(attempts=3), deadline=9)
    scheme.add(body, name="c")
    scheme.add(body, name="d", after=["b", "c"], join="any")
    pause, over, again = Pause("by ann"), DeadlinePassed("b", 9 * SECOND), failed("b", retryable=True)
    lost, c, d = MarkFailed("b", marked_failed("no")), done("c"), done("d")
    for end, *events in (
        ("pausing", pause, over),
        ("pausing", pause, lost),
        ("paused", pause, c, over),
        ("paused", pause, c, lost),
        ("paused", pause, c, again, lost),
        ("succeeded", c, d, pause, over),
        ("succeeded", c, d, pause, lost),
        ("succeeded", c, d, pause, failed("b")),
        ("succeeded", c, d, again, pause, lost),
        ("succeeded", c, d, lost),
        ("running", lost, c),
    ):
        assert walk(watch, scheme, *events, cross=True).status == end
    plain = scheme_of(b={"deadline": 9}, c={})
    for end, *events in (("running", pause, over), ("failed", done("c"), pause, over)):
        assert walk(watch, plain, *events).status == end
    late = scheme_of(b={"deadline": 9})
    flow = watch.decide(walk(watch, late), pause, 0).flow
    assert watch.decide(flow, over, 8 * SECOND).flow == flow


def rest_in_parts(watch: Watch) -> None:
    """The parts of a task end while the flow is to rest: what comes of that shows when it is resumed."""
    parts = (TaskChosen("m", (b"1",)), Pause("by ann"))
    for undone, end in ((True, "reverting"), (False, "reverted"), (None, "failed")):
        scheme = FlowScheme("story", **({} if undone is None else {"on_failure": "rollback"}))
        first = scheme.add(body, name="a")
        if undone:
            first.compensate(body)
        scheme.add(body, name="x", after=["a"])
        scheme.add(body, name="m", map=Map("x"))
        begun = (done("a"), done("x"), *parts)
        assert walk(watch, scheme, *begun, done("m[0]"), Resume(), cross=True).status == "succeeded"
        assert walk(watch, scheme, *begun, failed("m[0]"), Resume(), cross=True).status == end
    assert walk(watch, scheme, *begun, failed("m[0]"), Resume(), Retry(()), cross=True).status == "running"
    few = FlowScheme("story")
    few.add(body, name="x")
    few.add(body, name="m", map=Map("x", join=2))
    assert walk(watch, few, done("x"), TaskChosen("m", (b"1",)), Retry(()), cross=True).status == "failed"
    asked = FlowScheme("story")
    asked.add(body, name="s", when=lambda: False)
    asked.add(body, name="d", after=["s"])
    events = (TaskSkipped("s"), RetryFrom("s"))
    assert walk(watch, asked, *events, cross=True).plan.states[1].status == "pending"
    both = FlowScheme("story")
    both.add(body, name="b")
    both.add(body, name="d", after=["b"], join="all_done")
    both_end = walk(watch, both, MarkFailed("b", marked_failed("no")), cross=True)
    assert both_end.plan.states[1].status == "running"
    waits = FlowScheme("story")
    waits.add(body, name="b")
    waits.add(body, name="c", after=["b"])
    waits.add(body, name="d", after=["c"], join="all_done")
    skipped = walk(watch, waits, Pause("by ann"), done("b"), MarkFailed("c", marked_failed("no")), cross=True)
    assert skipped.status == "paused"


def pause_above(watch: Watch) -> None:
    """A flow of which sub-flows begin or end is to rest: it does when the last of them has ended."""
    built, below = InputBuilt("s", 1, b"{}", "ann", 1, 2), FlowStatus.SUCCEEDED
    for policy, more, end in (("stop", (), "failed"), ("rollback", (), "reverted"), ("stop", ("b",), "running")):
        for depth, last in ((0, (built, ended_below(FlowStatus.FAILED))), (DEPTH_LIMIT, (built,))):
            assert above(watch, policy, more, Pause("by ann"), *last, depth=depth).status == end
    for depth, last in ((0, (built, ended_below(FlowStatus.FAILED))), (DEPTH_LIMIT, (built,))):
        flow = Flow.from_data(pending(depth=depth), nested(undone=True))
        for event in (Started(), done("a"), Pause("by ann"), *last):
            flow = watch.decide(flow, event, 0).flow
        assert flow.status == "reverting"
    assert above(watch, "stop", (), Pause("by ann"), built, ended_below(below)).status == "succeeded"
    assert above(watch, "stop", ("b",), Pause("by ann"), built, ended_below(below)).status == "pausing"
    assert (
        above(watch, "stop", ("b",), Pause("by ann"), built, done("b"), ended_below(below), last="z").status == "paused"
    )
    child = ChildDataObject("s", 1, "below", FlowStatus.RUNNING, b"{}", "")
    rows = (on_disk("s", TaskStatus.WAITING),)
    data = pending(status=FlowStatus.PAUSING, tasks=rows, children=(child,))
    assert watch.decide(Flow.from_data(data, nested(undone=False)), Recovered(), 0).flow.status == "pausing"


def above(watch: Watch, policy: str, more: tuple[str, ...], *events: Event, depth: int = 0, last: str = "") -> Flow:
    """A flow of which one task is another flow, and what it was told."""
    scheme = FlowScheme("story", on_failure=policy)
    scheme.subflow("other", input=body, name="s")
    for name in more:
        scheme.add(body, name=name)
    if last:
        scheme.add(body, name=last, after=["s"])
    flow = Flow.from_data(pending(depth=depth), scheme)
    for event in (Started(), *events):
        flow = watch.decide(flow, event, 0).flow
    return flow


def dismiss(watch: Watch) -> None:
    """Nothing came of what was asked of a flow that was undone."""
    for status in (FlowStatus.REVERTED, FlowStatus.REVERT_FAILED):
        assert watch.decide(found(status), Dismiss(), 0).flow.status is status


def walk(watch: Watch, scheme: FlowScheme, *events: Event, cross: bool = False) -> Flow:
    """A flow that began, and what it was told; one with branches is only remembered, not judged."""
    decide = watch.cross if cross else watch.decide
    flow = decide(Flow.from_data(pending(), scheme), Started(), 0).flow
    for event in events:
        flow = decide(flow, event, getattr(event, "at", 0)).flow
    return flow


def diamond(watch: Watch) -> Flow:
    """A flow whose task a is done, whose b waits for a retry, and whose c and d run."""
    later = [TaskStory(name=name, after=("a",), attempts=2) for name in "bcd"]
    flow = Flow.from_data(pending(), Story(tasks=(TaskStory(name="a"), *later)).scheme())
    boom = TaskFailed("b", 1, marked_failed("no"), retryable=True, started_at=0, ended_at=0)
    for event in (Started(), TaskSucceeded("a", 1, b"1", None, 0, 0), boom):
        flow = watch.decide(flow, event, 0).flow
    return flow
