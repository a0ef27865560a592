"""Moves of flows that are undone which made-up stories seldom come to: each of them by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.property.story import Story, TaskStory, body, pending
from tests.property.watch import Watch
from theflow.model.child import DEPTH_LIMIT
from theflow.model.failure import Failure
from theflow.model.flow import Flow
from theflow.model.flow_data import ChildDataObject, TaskDataObject
from theflow.model.mapping import Map
from theflow.model.message import (
    Cancel,
    DeadlinePassed,
    Event,
    GraceOver,
    InputBuilt,
    Park,
    QuestionFailed,
    Recovered,
    RetryDue,
    Revert,
    RoundJudged,
    Started,
    SubflowEnded,
    TaskChosen,
    TaskFailed,
    TaskSkipped,
    TaskSucceeded,
)
from theflow.model.repetition import Repeat
from theflow.model.retry import Retry
from theflow.model.scheme import FlowScheme
from theflow.model.status import FlowStatus, TaskStatus

SECOND = 1_000_000
BOOM = Failure.plain("ValueError", "the test says so")
# Two beside each other that can be undone, and one that cannot.
PAIR = Story(
    tasks=(TaskStory(name="a", undone=True), TaskStory(name="b", undone=True), TaskStory(name="c", attempts=2)),
    policy="rollback",
)
SUCCEEDED, FAILED, RUNNING = TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.RUNNING
REVERTING, REVERTED, STUCK = FlowStatus.REVERTING, FlowStatus.REVERTED, FlowStatus.REVERT_FAILED


def move_by_hand(watch: Watch) -> None:
    """Cross them all."""
    after_the_end(watch)
    found_on_disk(watch)
    while_it_is_stopped(watch)
    two_that_write_one_field(watch)
    after_an_answer(watch)
    out_of_time(watch)
    with_sub_flows(watch)


def after_the_end(watch: Watch) -> None:
    """Somebody asks for it: there is something to undo, or nothing."""
    for status in (status for status in FlowStatus if status.ended):
        for tasks, end in (([], REVERTED), ([on_disk("a", SUCCEEDED)], REVERTING)):
            assert watch.decide(found(status, *tasks), Revert("", "by ann"), 0).flow.status is end
    stuck = found(STUCK, on_disk("a", SUCCEEDED), on_disk("a/undo", FAILED))
    assert watch.decide(stuck, Revert("", "by ann"), 0).flow.status is REVERTING
    line = replace(PAIR, tasks=(PAIR.tasks[0], replace(PAIR.tasks[1], after=("a",)))).scheme()
    rows = [on_disk(name, SUCCEEDED) for name in "ab"] + [on_disk(f"{name}/undo", FAILED) for name in "ab"]
    flow = watch.decide(found(STUCK, *rows, scheme=line), Revert("", "by ann"), 0).flow
    assert [state.status for state in flow.plan.undo_states] == [TaskStatus.PENDING, RUNNING]


def found_on_disk(watch: Watch) -> None:
    """A runtime takes it up again."""
    done, undone, failed = on_disk("a", SUCCEEDED), on_disk("a/undo", SUCCEEDED), on_disk("a/undo", FAILED)
    for event in (Recovered(), Revert("", "by ann")):
        assert watch.decide(found(REVERTING, done, undone), event, 0).flow.status is REVERTED
        assert watch.decide(found(REVERTING, done, failed), event, 0).flow.status is STUCK
        assert watch.decide(found(REVERTING, on_disk("c", RUNNING)), event, 0).flow.status is REVERTED
    assert watch.decide(found(FlowStatus.RUNNING, on_disk("c", FAILED)), Recovered(), 0).flow.status is REVERTED
    assert watch.decide(found(FlowStatus.CANCELLING), Recovered(), 0).flow.status is REVERTED
    for status in (FlowStatus.CANCELLING, REVERTING):
        assert watch.decide(found(status, done), Park("refused"), 0).flow.reason == "refused"


def while_it_is_stopped(watch: Watch) -> None:
    """It is cancelled, fails or is asked for while bodies run."""
    again = failed("c", retryable=True)
    assert told(watch, done("a"), done("b"), again, Cancel("by ann")).status is REVERTING
    assert told(watch, failed("a"), failed("b"), again).status is REVERTED
    only = (PAIR.tasks[2],)
    assert told(watch, again, Cancel("by ann"), tasks=only).status is REVERTED
    assert told(watch, Revert("", "by ann"), failed("c"), tasks=only).status is REVERTED
    assert told(watch, done("a"), Cancel("by ann"), failed("b"), failed("c")).status is REVERTING
    assert told(watch, Cancel("by ann"), failed("c"), tasks=only).status is REVERTED
    assert told(watch, Cancel("by ann"), done("c"), tasks=only).status is REVERTED
    assert told(watch, again, Revert("", "by ann"), tasks=only).status is REVERTED
    two = (TaskStory(name="c"), TaskStory(name="d"))
    assert told(watch, failed("c"), done("d"), tasks=two).status is REVERTED


def two_that_write_one_field(watch: Watch) -> None:
    """Two compensations beside each other change the same field: one of them has to be tried again by a person."""
    flow = told(watch, done("a"), done("b"), failed("c"))
    for name, value in (("a", b"1"), ("b", b"2")):
        flow = watch.decide(flow, TaskSucceeded(f"{name}/undo", 1, b"null", {"x": value}, 0, 0), 0).flow
    assert (flow.status, flow.plan.storage) == (STUCK, {"x": b"1"})


def after_an_answer(watch: Watch) -> None:
    """What is found out about a task lets the flow fail, after one that can be undone, or one that cannot."""
    skipped = (failed("x"), TaskSkipped("q"))
    judged = (done("x"), TaskChosen("q", None), done("q[0]"), RoundJudged("q[0]", again=True))
    for undone, end in ((True, REVERTING), (False, REVERTED)):
        for options, events in (
            ({"map": Map("x", join=2)}, (done("x"), TaskChosen("q", (b"1",)))),
            ({"when": lambda: True}, (done("x"), QuestionFailed("q", BOOM))),
            ({"when": lambda: True}, skipped),
            ({"repeat": Repeat(until=lambda: True, max=1)}, judged),
        ):
            flow = Flow.from_data(pending(), branching(1 if events is skipped else "all", undone=undone, **options))
            for event in (Started(), done("a"), *events):
                flow = watch.cross(flow, event, 0).flow
            assert flow.status is end


def out_of_time(watch: Watch) -> None:
    """Its time is up, or that of a task, or of bodies that were told to end."""
    again = failed("b", retryable=True)
    for undone, end in ((True, REVERTING), (False, REVERTED)):
        for limit, events in (
            ("flow", (again, DeadlinePassed(None, 9 * SECOND))),
            ("flow", (DeadlinePassed(None, 9 * SECOND), GraceOver(39 * SECOND))),
            ("task", (again, RetryDue("b", 1))),
            ("none", (Cancel("by ann"), GraceOver(30 * SECOND))),
            ("none", (Revert("", "by ann"), GraceOver(30 * SECOND))),
        ):
            flow = Flow.from_data(pending(), limited(limit, undone=undone))
            for event in (Started(), done("a"), *events[:-1]):
                flow = watch.decide(flow, event, getattr(event, "at", 0)).flow
            assert watch.decide(flow, events[-1], 0).flow == flow, "a clock was set back"
            assert watch.decide(flow, events[-1], 39 * SECOND).flow.status is end


def limited(limit: str, *, undone: bool) -> FlowScheme:
    """A flow, or its second task, that has 9 seconds; the first can be undone or not."""
    scheme = FlowScheme(
        "story", on_failure="rollback", on_cancel="rollback", deadline=9 if limit == "flow" else None, cancel_grace=30
    )
    first = scheme.add(body, name="a")
    if undone:
        first.compensate(body)
    scheme.add(body, name="b", after=["a"], retry=Retry(attempts=3), deadline=9 if limit == "task" else None)
    return scheme


def with_sub_flows(watch: Watch) -> None:
    """A sub-flow of it ends, or may not begin, or ended while nobody held the flow."""
    built = InputBuilt("s", 1, b"{}", "ann", 1, 2)
    for undone, end in ((True, REVERTING), (False, REVERTED)):
        for depth, events in (
            (0, (built, ended_below(FlowStatus.FAILED))),
            (0, (built, Cancel("by ann"), ended_below(FlowStatus.CANCELLED))),
            (0, (built, Revert("", "by ann"), ended_below(FlowStatus.REVERTED))),
            (0, (Cancel("by ann"), built)),
            (0, (Revert("", "by ann"), built)),
            (DEPTH_LIMIT, (built,)),
        ):
            flow = Flow.from_data(pending(depth=depth), nested(undone=undone))
            for event in (Started(), done("a"), *events):
                flow = watch.decide(flow, event, 0).flow
            assert flow.status is end
    for status in (FlowStatus.SUCCEEDED, FlowStatus.FAILED, FlowStatus.CANCELLED):
        child = ChildDataObject("s", 1, "below", status, b"{}", "")
        data = pending(status=REVERTING, tasks=(on_disk("s", TaskStatus.WAITING),), children=(child,))
        flow = Flow.from_data(data, nested(undone=False))
        assert watch.decide(flow, Revert("", "by ann"), 0).flow.status is REVERTED


def nested(*, undone: bool) -> FlowScheme:
    """A flow of which a task is another flow; the task beside it can be undone or not."""
    scheme = FlowScheme("story", on_failure="rollback", on_cancel="rollback")
    first = scheme.add(body, name="a")
    if undone:
        first.compensate(body)
    scheme.subflow("other", input=body, name="s")
    return scheme


def ended_below(status: FlowStatus) -> SubflowEnded:
    """The sub-flow has ended."""
    return SubflowEnded("s", 1, "below", status, b"{}", "")


def branching(join: str | int, *, undone: bool, **options: Any) -> FlowScheme:
    """A flow of which something must be found out about a task, and that fails without a task before its last."""
    scheme = FlowScheme("story", on_failure="rollback")
    first = scheme.add(body, name="a")
    if undone:
        first.compensate(body)
    scheme.add(body, name="x")
    scheme.add(body, name="q", **options)
    scheme.add(body, name="c", after=["x", "q"], join=join)
    return scheme


def done(name: str) -> TaskSucceeded:
    """A body returned."""
    return TaskSucceeded(name, 1, b"null", None, 0, 0)


def failed(name: str, *, retryable: bool = False) -> TaskFailed:
    """A body raised."""
    return TaskFailed(name, 1, BOOM, retryable=retryable, started_at=1, ended_at=2)


def told(watch: Watch, *events: Event, tasks: tuple[TaskStory, ...] = PAIR.tasks) -> Flow:
    """A flow that began, and what it was told."""
    flow = Flow.from_data(pending(), replace(PAIR, tasks=tasks).scheme())
    for event in (Started(), *events):
        flow = watch.decide(flow, event, 0).flow
    return flow


def on_disk(name: str, status: TaskStatus) -> TaskDataObject:
    """The row of a task, or of what undoes it."""
    return TaskDataObject(name, status, 1, int(status is FAILED), None, None, 1, 2)


def found(status: FlowStatus, *tasks: TaskDataObject, scheme: FlowScheme | None = None) -> Flow:
    """A flow as it stands on disk."""
    return Flow.from_data(pending(status=status, tasks=tasks, reason="so it is"), scheme or PAIR.scheme())
