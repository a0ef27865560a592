"""The state machine, arm by arm."""

from __future__ import annotations

import pytest

from tests.model.flows import (
    BOOM,
    commands,
    failed,
    on_disk,
    pending,
    recovered,
    scheme_of,
    started,
    succeeded,
    tell,
)
from theflow.errors import IllegalEvent
from theflow.model.decide import decide
from theflow.model.failure import Failure
from theflow.model.message import (
    HookEnded,
    Park,
    Recovered,
    Release,
    RetryDue,
    RunHook,
    RunTask,
    SetTimer,
    Started,
)
from theflow.model.retry import Retry
from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus

TRIED = {"retry": Retry(attempts=3, delay=1, factor=2, jitter=0)}
SECOND = 1_000_000


def test_a_start_runs_every_task_that_comes_after_nothing():
    decision = decide(pending(scheme_of(a=[], b=[], c=["a"])), Started(), 5)
    assert [run.task.name for run in commands(decision, RunTask)] == ["a", "b"]
    assert decision.flow.status is FlowStatus.RUNNING
    assert decision.touched == []


def test_the_last_parent_lets_a_child_run():
    flow = started(scheme_of(a=[], b=[], c=["a", "b"]))
    first = decide(flow, succeeded("a"), 0)
    second = decide(first.flow, succeeded("b"), 0)
    assert commands(first, RunTask) == []
    assert [run.task.name for run in commands(second, RunTask)] == ["c"]


def test_the_last_success_ends_the_flow_and_gives_it_back():
    decision = decide(started(scheme_of(a=[])), succeeded("a"), 0)
    assert decision.flow.status is FlowStatus.SUCCEEDED
    assert decision.commands == [Release()]


def test_a_flow_with_a_hook_owes_it_before_it_is_given_back():
    decision = decide(started(scheme_of("on_success", a=[])), succeeded("a"), 0)
    assert decision.commands == [RunHook("on_success")]
    assert decide(decision.flow, HookEnded("on_success", None, 1, 2), 3).commands == [Release()]


def test_a_hook_that_fails_is_recorded_and_changes_nothing_else():
    flow = tell(started(scheme_of("on_failure", a=[])), failed("a"))
    decision = decide(flow, HookEnded("on_failure", Failure.plain("OSError", "mail"), 1, 2), 3)
    assert decision.flow == flow
    assert [(each.name, each.status) for each in decision.attempts] == [("on_failure", AttemptStatus.FAILED)]


@pytest.mark.parametrize("name", ["on_failure", "nobody"])
def test_a_hook_that_is_not_owed_cannot_end(name):
    flow = tell(started(scheme_of("on_success", "on_failure", a=[])), succeeded("a"))
    with pytest.raises(IllegalEvent, match=f"flow f-1 is succeeded: it owes no hook '{name}'"):
        decide(flow, HookEnded(name, None, 1, 2), 3)


def test_a_failure_is_tried_again_after_its_wait():
    decision = decide(started(scheme_of(a=TRIED)), failed("a"), 10)
    assert decision.commands == [SetTimer("a", 1, 10 + SECOND)]
    again = decide(decision.flow, RetryDue("a", 1), 10 + SECOND)
    assert [(run.task.name, run.task.attempt) for run in commands(again, RunTask)] == [("a", 2)]
    second = decide(again.flow, failed("a", 2), 20 + SECOND)
    assert second.commands == [SetTimer("a", 2, 20 + 3 * SECOND)]


def test_a_timer_that_comes_early_is_set_again():
    flow = tell(started(scheme_of(a=TRIED)), failed("a"), now=10)
    decision = decide(flow, RetryDue("a", 1), 9 + SECOND)
    assert decision.commands == [SetTimer("a", 1, 10 + SECOND)]
    assert decision.flow == flow


def test_the_last_failure_of_the_policy_fails_the_flow_and_says_why():
    flow = started(scheme_of(a={"retry": Retry(attempts=1)}, b=["a"]))
    decision = decide(flow, failed("a"), 0)
    assert (decision.flow.status, decision.flow.failure) == (FlowStatus.FAILED, BOOM)
    assert decision.flow.reason == "task 'a' failed: ValueError: boom"
    assert decision.flow.plan.states[1].status is TaskStatus.PENDING


def test_an_error_that_the_policy_does_not_take_is_final():
    assert decide(started(scheme_of(a=TRIED)), failed("a", retryable=False), 0).flow.status is FlowStatus.FAILED


def test_a_failing_flow_lets_its_running_tasks_finish_and_starts_none():
    flow = tell(started(scheme_of(a=[], b=[], c=["b"])), failed("a"))
    assert flow.status is FlowStatus.RUNNING
    decision = decide(flow, succeeded("b"), 0)
    assert (decision.flow.status, decision.commands) == (FlowStatus.FAILED, [Release()])
    assert decision.flow.plan.states[1].status is TaskStatus.SUCCEEDED


def test_a_failing_flow_gives_up_what_waits_for_a_retry():
    flow = tell(started(scheme_of(a=TRIED, b=[], c=[])), failed("a"), failed("b"))
    assert decide(flow, RetryDue("a", 1), SECOND).commands == []
    decision = decide(flow, succeeded("c"), 0)
    assert [str(state.status) for state in decision.flow.plan.states] == ["failed", "failed", "succeeded"]
    assert 0 in decision.touched
    assert (decision.flow.reason, set(decision.flow.plan.failed)) == ("task 'b' failed: ValueError: boom", {"a", "b"})


def test_an_old_attempt_cannot_report_an_outcome():
    flow = tell(started(scheme_of(a=TRIED)), failed("a"), RetryDue("a", 1), now=0)
    flow = tell(flow, RetryDue("a", 1), now=SECOND)
    with pytest.raises(
        IllegalEvent, match="flow f-1: task 'a' is running at attempt 2; an outcome of attempt 1 does not"
    ):
        decide(flow, succeeded("a", attempt=1), 0)


@pytest.mark.parametrize("event", [succeeded("who"), failed("who"), RetryDue("who", 1)])
def test_a_task_that_nobody_knows_is_an_illegal_event(event):
    with pytest.raises(IllegalEvent, match="flow f-1: class 'order' has no task 'who'"):
        decide(started(scheme_of(a=[])), event, 0)


@pytest.mark.parametrize("event", [Started(), HookEnded("on_success", None, 0, 0)])
def test_what_does_not_fit_a_running_flow_is_refused_by_name(event):
    with pytest.raises(IllegalEvent, match=f"flow f-1 is running: {type(event).__name__} does not fit"):
        decide(started(scheme_of(a=[])), event, 0)


def test_a_parked_flow_says_why_and_takes_nothing_more():
    flow = decide(started(scheme_of(a=[])), Park("it kills its runtime"), 0).flow
    assert (flow.status, flow.reason) == (FlowStatus.PARKED, "it kills its runtime")
    for event in (Started(), Recovered(), succeeded("a"), Park("again")):
        with pytest.raises(IllegalEvent):
            decide(flow, event, 0)


def test_what_must_not_start_twice_is_marked_when_it_starts():
    assert decide(pending(scheme_of(a={"at_most_once": True}, b=[])), Started(), 0).touched == [0]


def test_a_lost_attempt_runs_again_under_a_new_number_and_spends_no_retry():
    decision = recovered(scheme_of(a=TRIED), on_disk("a", TaskStatus.RUNNING, attempt=2, failures=1))
    assert [(run.task.name, run.task.attempt) for run in commands(decision, RunTask)] == [("a", 3)]
    assert decision.flow.plan.states[0].failures == 1
    assert [(lost.attempt, lost.status) for lost in decision.attempts] == [(2, AttemptStatus.LOST)]
    assert decision.touched == [0]


def test_a_lost_task_that_must_not_start_twice_fails_its_flow():
    decision = recovered(scheme_of(a={"at_most_once": True}), on_disk("a", TaskStatus.RUNNING))
    assert decision.flow.status is FlowStatus.FAILED
    assert decision.flow.failure.type == "OutcomeUnknown"
    assert "task 'a' is at_most_once and was running" in decision.flow.reason


def test_the_first_failure_stays_the_reason_when_a_lost_one_follows():
    once = {"at_most_once": True}
    decision = recovered(scheme_of(a=once, b=once), on_disk("a", TaskStatus.RUNNING), on_disk("b", TaskStatus.RUNNING))
    assert decision.flow.reason.startswith("task 'a' failed: OutcomeUnknown")
    assert "task 'a' is at_most_once" in decision.flow.failure.message


def test_a_wait_goes_on_after_a_crash_until_the_same_time():
    decision = recovered(scheme_of(a=TRIED), on_disk("a", TaskStatus.RETRYING, failures=1, retry_at=77))
    assert decision.commands == [SetTimer("a", 1, 77)]


def test_a_wait_whose_end_was_lost_is_over():
    assert recovered(scheme_of(a=TRIED), on_disk("a", TaskStatus.RETRYING)).commands == [SetTimer("a", 1, 1000)]


def test_a_task_that_was_given_back_before_its_outcome_runs_again():
    decision = recovered(scheme_of(a=[], b=["a"]), on_disk("a", TaskStatus.PENDING, attempt=1))
    assert [(run.task.name, run.task.attempt) for run in commands(decision, RunTask)] == [("a", 2)]


def test_a_flow_found_failing_ends_at_once():
    rows = (on_disk("a", TaskStatus.FAILED), on_disk("b", TaskStatus.RUNNING), on_disk("c", TaskStatus.RETRYING))
    decision = recovered(scheme_of("on_failure", a=[], b=[], c=[], d=["b"]), *rows)
    assert decision.commands == [RunHook("on_failure")]
    assert [str(state.status) for state in decision.flow.plan.states] == ["failed", "pending", "failed", "pending"]


def test_a_hook_is_owed_until_it_ended():
    rows = (on_disk("a", TaskStatus.SUCCEEDED),)
    decision = recovered(scheme_of("on_success", a=[]), *rows, status=FlowStatus.SUCCEEDED)
    assert decision.commands == [RunHook("on_success")]


def test_a_flow_found_failed_without_a_reason_still_names_the_task():
    assert "'a'" in recovered(scheme_of(a=[]), on_disk("a", TaskStatus.FAILED)).flow.reason


def test_two_parallel_tasks_that_change_one_field_are_a_conflict():
    flow = tell(started(scheme_of(a=TRIED, b=TRIED)), succeeded("a", changes={"x": b"1"}))
    decision = decide(flow, succeeded("b", changes={"x": b"2"}), 0)
    assert decision.flow.failure == Failure.plain(
        "StorageConflict",
        "tasks 'a' and 'b' ran in parallel and both changed field 'x' of the storage; "
        "let one come after the other, give them fields of their own, or declare how it merges (theflow.Merge)",
        "storage_conflict",
    )
    assert decision.flow.plan.storage == {"x": b"1"}
    assert decision.flow.status is FlowStatus.FAILED


def test_a_field_that_is_gone_is_gone_from_the_storage():
    flow = started(scheme_of(a=[]), {"x": b"1", "y": b"2"})
    assert decide(flow, succeeded("a", changes={"x": None, "z": None}), 0).flow.plan.storage == {"y": b"2"}


def test_an_outcome_is_told_as_it_was():
    state = decide(started(scheme_of(a=[])), succeeded("a"), 0).flow.plan.states[0]
    assert (state.result, state.started_at, state.ended_at, state.attempt) == (b'"done"', 1, 2, 1)
