"""The time that all attempts of a task have together, that a flow has, and that bodies have which are told to end."""

from __future__ import annotations

import pytest

from tests.model.flows import BOOM, commands, data, failed, on_disk, pending, recovered, scheme_of, started, succeeded
from tests.model.flows import tell as told
from theflow.errors import IllegalEvent, SchemeError
from theflow.model.decide import decide
from theflow.model.flow import Flow
from theflow.model.message import (
    Cancel,
    DeadlinePassed,
    GraceOver,
    LeaveBodies,
    LeaveTask,
    Recovered,
    Release,
    RetryDue,
    RunHook,
    RunTask,
    SetAlarm,
    Started,
    StopBodies,
    TaskFailed,
)
from theflow.model.retry import Retry
from theflow.model.scheme import FlowScheme
from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus

SECOND = 1_000_000
TRIED = {"retry": Retry(attempts=3, delay=2, factor=1, jitter=0), "deadline": 5}
PASSED = DeadlinePassed("a", 5 * SECOND)


def limited(*hooks, **options):
    """A flow of two tasks with a deadline of its own."""
    scheme = FlowScheme("order", **{"deadline": 60, "cancel_grace": 7, **options})
    scheme.add(lambda: None, name="a", retry=Retry(attempts=3, delay=2, factor=1, jitter=0))
    scheme.add(lambda a: None, name="b")  # noqa: ARG005 - it comes after a
    for hook in hooks:
        getattr(scheme, hook)(lambda: None)
    return scheme


def late_flow(scheme):
    """A flow whose time is up while the body of its first task runs."""
    return decide(started(scheme), DeadlinePassed(None, 60 * SECOND), 60 * SECOND)


def test_the_time_of_a_task_counts_from_its_first_start_which_is_saved_before_its_body_runs():
    decision = decide(pending(scheme_of(a=TRIED, b=[])), Started(), 3)
    assert commands(decision, SetAlarm) == [SetAlarm(DeadlinePassed("a", 3 + 5 * SECOND))]
    assert decision.touched == [0]
    again = told(decision.flow, failed("a"), RetryDue("a", 1), now=2 * SECOND + 9)
    assert again.plan.states[0].deadline_at == 3 + 5 * SECOND


def test_a_later_task_has_its_time_from_its_own_start():
    flow = started(scheme_of(a=[], b={"after": ["a"], "deadline": 5}))
    decision = decide(flow, succeeded("a")._replace(ended_at=9), 10)
    assert commands(decision, SetAlarm) == [SetAlarm(DeadlinePassed("b", 9 + 5 * SECOND))]


def test_a_wait_that_would_last_until_the_deadline_fails_at_once_and_says_so():
    flow = started(scheme_of(a=TRIED))
    assert decide(flow, failed("a"), 3 * SECOND - 1).flow.status is FlowStatus.RUNNING
    ended = decide(flow, failed("a"), 3 * SECOND)
    assert ended.flow.status is FlowStatus.FAILED
    assert "not tried again: the deadline" in ended.attempts[0].failure.notes[0]
    assert ended.flow.failure.line() == BOOM.line()


def test_an_attempt_under_way_at_the_deadline_times_out_and_is_not_heard():
    decision = decide(started(scheme_of(a=TRIED)), PASSED, 5 * SECOND)
    assert decision.commands == [LeaveTask("a"), Release()]
    assert (decision.flow.status, decision.flow.failure.code) == (FlowStatus.FAILED, "deadline_exceeded")
    (record,) = decision.attempts
    assert (record.status, record.failure.code) == (AttemptStatus.TIMED_OUT, "deadline_exceeded")


def test_the_tasks_beside_one_that_is_late_may_finish():
    decision = decide(started(scheme_of(a=TRIED, b=[])), PASSED, 5 * SECOND)
    assert decision.flow.status is FlowStatus.RUNNING
    assert decide(decision.flow, succeeded("b"), 0).flow.status is FlowStatus.FAILED


@pytest.mark.parametrize("wrong", [DeadlinePassed("a", 77), DeadlinePassed("b", 5 * SECOND), DeadlinePassed("x", 1)])
def test_a_deadline_that_nothing_could_miss_changes_nothing(wrong):
    with pytest.raises(IllegalEvent, match="has no deadline at"):
        decide(started(scheme_of(a=TRIED, b=[])), wrong, 99 * SECOND)


def test_who_takes_a_flow_over_goes_by_the_same_deadlines():
    scheme = scheme_of(a=TRIED, b=[])
    decision = recovered(scheme, on_disk("a", TaskStatus.RUNNING, deadline_at=2000))
    assert commands(decision, SetAlarm) == [SetAlarm(DeadlinePassed("a", 2000))]
    assert decision.flow.plan.states[0].deadline_at == 2000


@pytest.mark.parametrize("status", [TaskStatus.RUNNING, TaskStatus.RETRYING])
def test_a_task_whose_time_was_up_while_nobody_held_its_flow_is_not_tried_again(status):
    decision = recovered(scheme_of(a=TRIED), on_disk("a", status, deadline_at=1000, retry_at=900))
    assert commands(decision, RunTask) == []
    assert (decision.flow.status, decision.flow.failure.code) == (FlowStatus.FAILED, "deadline_exceeded")
    assert decision.touched == [0]


def test_a_flow_that_is_late_starts_nothing_more_and_tells_its_bodies_to_end():
    decision = late_flow(limited())
    assert decision.commands == [StopBodies(), SetAlarm(GraceOver(67 * SECOND))]
    ended = decide(decision.flow, succeeded("a"), 0)
    assert (ended.commands, ended.flow.status) == ([Release()], FlowStatus.FAILED)
    assert ended.flow.failure.code == "deadline_exceeded"
    assert ended.flow.reason == "DeadlineExceeded: the flow was not done within its deadline of 60 s"


def test_a_late_flow_has_failed_at_once_if_nothing_runs_and_its_hook_is_owed():
    flow = told(started(limited("on_failure")), failed("a"), now=59 * SECOND)
    decision = decide(flow, DeadlinePassed(None, 60 * SECOND), 60 * SECOND)
    assert decision.commands == [RunHook("on_failure")]
    assert decision.flow.plan.states[0].status is TaskStatus.FAILED


def test_a_body_that_ends_because_its_flow_is_late_is_cancelled():
    flow = late_flow(limited()).flow
    ended = decide(flow, TaskFailed("a", 1, BOOM, False, 1, 2, AttemptStatus.CANCELLED), 0).flow  # noqa: FBT003
    assert (ended.status, ended.plan.states[0].status) == (FlowStatus.FAILED, TaskStatus.CANCELLED)


@pytest.mark.parametrize(("now", "status"), [(59, FlowStatus.RUNNING), (60, FlowStatus.FAILED)])
def test_the_time_of_a_flow_counts_from_its_start_whoever_holds_it(now, status):
    kept = data(FlowStatus.RUNNING, on_disk("a", TaskStatus.RUNNING), started_at=0)
    decision = decide(Flow.from_data(kept, limited()), Recovered(), now * SECOND)
    assert decision.flow.status is status


def test_why_a_late_flow_has_failed_is_known_after_a_crash():
    reason = "DeadlineExceeded: the flow was not done within its deadline of 60 s"
    flow = Flow.from_data(data(FlowStatus.FAILED, reason=reason), limited())
    assert (flow.failure.code, flow.failure.line()) == ("deadline_exceeded", reason)


def test_bodies_that_do_not_end_are_left_behind_when_their_grace_is_over():
    cancelling = decide(started(limited()), Cancel("enough"), 3)
    assert cancelling.commands == [StopBodies(), SetAlarm(GraceOver(3 + 7 * SECOND))]
    decision = decide(cancelling.flow, GraceOver(3 + 7 * SECOND), 3 + 7 * SECOND)
    assert decision.commands == [LeaveBodies(), Release()]
    assert (decision.flow.status, decision.flow.ending) == (FlowStatus.CANCELLED, "abandoned")
    (record,) = decision.attempts
    assert (record.status, record.failure.code) == (AttemptStatus.CANCELLED, "abandoned")


def test_bodies_that_end_in_time_make_a_clean_end():
    flow = told(started(limited()), Cancel("enough"), succeeded("a"))
    assert (flow.status, flow.ending) == (FlowStatus.CANCELLED, "clean")
    with pytest.raises(IllegalEvent):
        decide(flow, GraceOver(0), 99 * SECOND)


def test_nobody_is_left_behind_who_was_not_told_to_end():
    with pytest.raises(IllegalEvent, match="nobody has told bodies"):
        decide(started(limited()), GraceOver(0), 1)


def test_a_flow_without_deadlines_has_no_alarm():
    assert commands(decide(pending(scheme_of(a=[])), Started(), 0), SetAlarm) == []


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), "1", True])
def test_a_deadline_is_a_time_above_0(seconds):
    with pytest.raises(SchemeError, match="flow 'order': deadline is"):
        FlowScheme("order", deadline=seconds)
    with pytest.raises(SchemeError, match="flow 'order', task 'a': deadline is"):
        scheme_of(a={"deadline": seconds})


def test_other_options_are_refused():
    with pytest.raises(SchemeError, match="cancel_grace is -1"):
        FlowScheme("order", cancel_grace=-1)
    with pytest.raises(TypeError, match="takes no patience"):
        FlowScheme("order", patience=1)
    with pytest.raises(SchemeError, match="retry has after=5"):
        scheme_of(a={"retry": Retry(after=5)})
