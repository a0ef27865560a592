"""A condition is asked once: what is on disk of its answer is enough, as long as the outcome before it stands."""

from __future__ import annotations

from tests.model.flows import commands, data, on_disk, recovered, scheme_of, started, succeeded
from theflow.model.decide import decide
from theflow.model.flow import Flow
from theflow.model.message import Ask, Resume, RetryFrom, RunTask, TaskChosen
from theflow.model.status import FlowStatus, TaskStatus

SCHEME = scheme_of(a=[], b={"after": ["a"], "when": lambda: True})


# The process ended after the first task had let the second begin, before anybody saw that run.
LET = on_disk("a", TaskStatus.SUCCEEDED, ended_at=2, let=("b",))


def test_a_condition_that_held_is_to_be_on_record():
    flow = decide(started(SCHEME), succeeded("a"), 2).flow
    decision = decide(flow, TaskChosen("b"), 3)
    assert (decision.let, decision.touched) == ((1,), [])


def test_who_was_let_begin_is_not_asked_again():
    decision = recovered(SCHEME, LET)
    assert [each.task.name for each in commands(decision, RunTask)] == ["b"]
    assert (commands(decision, Ask), decision.attempts, decision.touched) == ([], [], [])


def test_after_another_outcome_it_is_asked_again():
    flow = Flow.from_data(data(FlowStatus.PAUSED, LET), SCHEME)
    flow = decide(decide(flow, RetryFrom("a"), 5).flow, Resume(), 6).flow
    decision = decide(flow, succeeded("a", attempt=2), 7)
    assert [each.task.name for each in commands(decision, Ask)] == ["b"]


def test_a_name_that_the_definition_has_no_more_is_passed_over():
    decision = recovered(SCHEME, LET._replace(let=("gone",)))
    assert [each.task.name for each in commands(decision, Ask)] == ["b"]
