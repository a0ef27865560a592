"""A plan holds counts that spare a walk over all tasks."""

from __future__ import annotations

from theflow.model.plan import TaskState
from theflow.model.scheme import FlowScheme
from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus


def test_a_fresh_plan_has_everything_open_and_nothing_running():
    scheme = FlowScheme("order")
    scheme.add(print_nothing, name="a")
    scheme.add(print_nothing, name="b", after=["a"])
    fresh = scheme.orchestration.fresh
    assert (fresh.open, fresh.running, fresh.failed, fresh.storage) == (2, 0, (), {})
    assert [state.holds for state in fresh.states] == [0, 1]


def test_other_states_leave_the_counts_and_the_old_plan_alone():
    scheme = FlowScheme("order")
    scheme.add(print_nothing, name="a")
    fresh = scheme.orchestration.fresh
    changed = fresh._replace(states=fresh.states.set(0, TaskState(status=TaskStatus.RUNNING)))
    assert changed.states[0].status is TaskStatus.RUNNING
    assert fresh.states[0].status is TaskStatus.PENDING
    assert changed.open == fresh.open


def test_a_flow_that_rests_and_one_that_is_being_cancelled_have_not_ended():
    resting = {FlowStatus.PARKED, FlowStatus.PAUSING, FlowStatus.PAUSED, FlowStatus.WAITING}
    going_on = {FlowStatus.PENDING, FlowStatus.RUNNING, FlowStatus.CANCELLING, FlowStatus.REVERTING}
    assert {status for status in FlowStatus if not status.ended} == going_on | resting


def test_a_task_that_waits_has_not_ended():
    going_on = {TaskStatus.PENDING, TaskStatus.RUNNING, TaskStatus.RETRYING, TaskStatus.WAITING}
    assert {status for status in TaskStatus if not status.ended} == going_on


def test_statuses_are_the_words_that_people_read():
    assert f"{FlowStatus.PARKED} {TaskStatus.RETRYING} {AttemptStatus.TIMED_OUT}" == "parked retrying timed_out"


def print_nothing() -> None:
    """Do nothing."""
