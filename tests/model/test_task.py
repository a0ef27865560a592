"""A task is a flow's decision to make one attempt."""

from __future__ import annotations

from tests.model.flows import commands, scheme_of, started, succeeded, tell
from theflow.model.decide import decide
from theflow.model.message import RunTask
from theflow.model.task import Task


def test_a_task_sees_the_results_that_it_comes_after():
    flow = tell(started(scheme_of(a=[], b=["a"])), succeeded("a"))
    assert Task.of(flow, "b", 1).result_of("a") == b'"done"'


def test_a_task_has_the_storage_as_it_was_when_it_was_decided_on():
    flow = started(scheme_of(a=[], b=["a"]), {"x": b"0"})
    run = commands(decide(flow, succeeded("a", changes={"x": b"1"}), 0), RunTask)[0]
    assert run.task.flow.plan.storage == {"x": b"1"}
    assert flow.plan.storage == {"x": b"0"}


def test_all_attempts_of_a_task_share_one_key():
    flow = started(scheme_of(a=[], b=[]))
    assert Task.of(flow, "a", 1).idempotency_key == Task.of(flow, "a", 2).idempotency_key == "f-1/a"
    assert Task.of(flow, "b", 1).idempotency_key == "f-1/b"


def test_a_task_is_named_for_its_scheme():
    assert Task.of(started(scheme_of(a=[])), "a", 1).name == "a"
