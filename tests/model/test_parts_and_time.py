"""What bodies raise, and time that is up, where tasks are done in parts or their failure is done without."""

from __future__ import annotations

import pytest

from tests.model.flows import BOOM, commands, on_disk, pending, recovered, scheme_of, started
from theflow.errors import SchemeError
from theflow.model.decide import decide
from theflow.model.mapping import Map
from theflow.model.message import (
    Cancel,
    DeadlinePassed,
    GraceOver,
    LeaveTask,
    RunTask,
    SetTimer,
    Started,
    TaskChosen,
    TaskFailed,
)
from theflow.model.raised import Asked
from theflow.model.repetition import Repeat
from theflow.model.retry import Retry
from theflow.model.scheme import FlowScheme
from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus

SECOND = 1_000_000


def mapped():
    """A flow whose one task has two children under way."""
    scheme = FlowScheme("order", cancel_grace=7)
    scheme.add(lambda item: item, name="a", map=Map(over=lambda: [1, 2]))
    flow = decide(pending(scheme), Started(), 0).flow
    return decide(flow, TaskChosen("a", (b"1", b"2")), 0).flow


def raised(asked, status=AttemptStatus.FAILED):
    """The event of the first child's body that asked for something."""
    return TaskFailed("a[0]", 1, BOOM, retryable=True, started_at=1, ended_at=2, status=status, asked=asked)


def spared(deadline):
    """A task with a deadline, and one after it that may start without its success."""
    return scheme_of(a={"deadline": deadline}, b={"after": ["a"], "join": "all_done"})


def test_a_child_that_asks_for_another_attempt_gets_it_when_it_asked():
    decision = decide(mapped(), raised(Asked(99, Retry(attempts=3))), 5)
    assert commands(decision, SetTimer) == [SetTimer("a[0]", 1, 99)]


def test_a_child_that_is_throttled_spends_no_attempt_and_lets_its_queue_wait():
    decision = decide(mapped(), raised(Asked(99, scope="queue"), AttemptStatus.THROTTLED), 5)
    assert decision.attempts[0].throttle.until == 99
    assert decision.flow.plan.fans[0].states[0].failures == 0


def test_children_are_left_behind_when_the_grace_of_a_cancel_is_over():
    flow = decide(mapped(), Cancel("by ann"), 0).flow
    decision = decide(flow, GraceOver(7 * SECOND), 7 * SECOND)
    assert (decision.flow.status, decision.flow.ending) == (FlowStatus.CANCELLED, "abandoned")
    assert [record.name for record in decision.attempts] == ["a[0]", "a[1]"]
    assert decision.parts == ((0, 0), (0, 1))
    assert (decision.flow.plan.running, decision.flow.plan.open) == (0, 0)


@pytest.mark.parametrize(
    "options", [{"map": Map(over=lambda: [1])}, {"repeat": Repeat(until=lambda result: result, max=3)}]
)
def test_a_task_that_is_done_in_parts_takes_no_deadline(options):
    with pytest.raises(SchemeError, match="has a deadline, and map or repeat"):
        FlowScheme("order").add(lambda: None, name="a", deadline=5, **options)


def test_a_flow_goes_on_after_a_late_task_that_it_can_do_without():
    decision = decide(started(spared(5)), DeadlinePassed("a", 5 * SECOND), 5 * SECOND)
    assert decision.commands[0] == LeaveTask("a")
    assert [command.task.name for command in commands(decision, RunTask)] == ["b"]
    assert decision.flow.failure is None


def test_who_takes_a_flow_over_goes_on_after_a_late_task_that_it_can_do_without():
    decision = recovered(spared(5), on_disk("a", TaskStatus.RUNNING, deadline_at=-1))
    assert [command.task.name for command in commands(decision, RunTask)] == ["b"]
    assert (decision.flow.status, decision.flow.failure) == (FlowStatus.RUNNING, None)
    assert decision.flow.plan.states[0].status is TaskStatus.FAILED
