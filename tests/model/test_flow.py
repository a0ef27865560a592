"""A flow in memory is what its rows on disk say, in whatever order they are read."""

from __future__ import annotations

from itertools import permutations

import pytest

from tests.model.flows import BOOM, data, on_disk, scheme_of
from theflow.errors import SchemeError
from theflow.model.failure import Failure
from theflow.model.flow import Flow
from theflow.model.status import FlowStatus, TaskStatus

DIAMOND = scheme_of(a=[], b=["a"], c=["a"], d=["b", "c"])


def test_a_flow_without_rows_has_not_begun():
    flow = Flow.from_data(data(FlowStatus.PENDING, storage={"id": b"1"}), DIAMOND)
    assert flow.plan.states == DIAMOND.orchestration.fresh.states
    assert flow.plan.storage == {"id": b"1"}


def test_a_flow_knows_its_place_and_its_id():
    flow = Flow.from_data(data(FlowStatus.PENDING), DIAMOND)
    assert (flow.offset, flow.flow_id) == (7, "f-1")


def test_rows_may_be_read_in_any_order():
    rows = (
        on_disk("a", TaskStatus.SUCCEEDED, result=b"1"),
        on_disk("b", TaskStatus.SUCCEEDED),
        on_disk("c", TaskStatus.RETRYING, retry_at=9),
    )
    plans = [Flow.from_data(data(FlowStatus.RUNNING, *order), DIAMOND).plan for order in permutations(rows)]
    assert all(plan == plans[0] for plan in plans)
    assert [state.holds for state in plans[0].states] == [0, 0, 0, 1]
    assert (plans[0].open, plans[0].running) == (2, 0)


def test_what_ran_counts_as_running_until_the_machine_is_told():
    plan = Flow.from_data(data(FlowStatus.RUNNING, on_disk("a", TaskStatus.RUNNING)), DIAMOND).plan
    assert (plan.open, plan.running) == (4, 1)


def test_a_failed_task_is_named_by_the_plan():
    plan = Flow.from_data(data(FlowStatus.RUNNING, on_disk("a", TaskStatus.FAILED)), DIAMOND).plan
    assert (plan.failed, plan.open) == (("a",), 3)


def test_status_reason_and_failure_come_from_the_disk():
    flow = Flow.from_data(data(FlowStatus.FAILED, reason="because", failure=BOOM), DIAMOND)
    assert (flow.status, flow.reason, flow.failure) == (FlowStatus.FAILED, "because", BOOM)


def test_a_failed_flow_whose_failure_was_not_kept_has_one_that_says_the_reason():
    flow = Flow.from_data(data(FlowStatus.FAILED, reason="task 'a' failed: ValueError: boom"), DIAMOND)
    assert flow.failure == Failure.plain("FlowFailed", "task 'a' failed: ValueError: boom", "flow_failed")
    assert Flow.from_data(data(FlowStatus.RUNNING, on_disk("a", TaskStatus.FAILED)), DIAMOND).failure is not None
    assert Flow.from_data(data(FlowStatus.RUNNING), DIAMOND).failure is None


def test_a_task_on_disk_that_the_code_does_not_know_is_refused_with_the_mend():
    with pytest.raises(SchemeError) as refused:
        Flow.from_data(data(FlowStatus.RUNNING, on_disk("gone", TaskStatus.SUCCEEDED)), DIAMOND)
    assert str(refused.value) == (
        "flow f-1 has a task 'gone' on disk, which is not in class 'order' version 1; "
        "run it with the code that it was started with"
    )
