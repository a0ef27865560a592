"""What a body raises to ask for another attempt, for none, or for a pause."""

from __future__ import annotations

import copy
import pickle
from contextlib import contextmanager
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.model.flows import BOOM, commands, scheme_of, started, tell
from theflow import Fatal, Retry, Throttled
from theflow.errors import SchemeError
from theflow.model.decide import decide
from theflow.model.message import Cancel, RetryDue, RunTask, SetTimer, TaskFailed
from theflow.model.raised import Asked, asked_by, forbids_retry
from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus
from theflow.model.throttle import Throttle

SECOND = 1_000_000
TRIED = {"retry": Retry(attempts=2, delay=1, jitter=0)}


def raised(error, attempt=1, name="a", now=2):
    """A body raised this."""
    asked = asked_by(error, now)
    status = AttemptStatus.THROTTLED if asked and asked.scope else AttemptStatus.FAILED
    return TaskFailed(name, attempt, BOOM, not forbids_retry(error), 1, now, status, asked)


def test_a_retry_is_a_value_also_when_it_was_raised():
    asked = Retry("busy", after=5, code="busy")
    assert (asked, hash(asked), str(asked)) == (Retry("busy", after=5, code="busy"), hash(replace(asked)), "busy")
    assert asked != Retry("busy", after=6, code="busy")
    assert pickle.loads(pickle.dumps(asked)) == copy.deepcopy(asked) == asked  # noqa: S301 - our own
    with pytest.raises(FrozenInstanceError):
        asked.attempts = 9


def test_a_raised_retry_may_be_noted_on_by_python_and_leaves_nothing_of_that_in_the_policy():
    @contextmanager
    def passing():
        yield

    asked = Retry(after=5)
    with pytest.raises(Retry) as caught, passing():
        raise asked from OSError("no")
    assert caught.value.__cause__ is not None
    assert asked.as_policy() == asked
    assert asked.as_policy().__traceback__ is None


@pytest.mark.parametrize("error", [Fatal("no", code="card_declined"), Throttled("later", retry_after=2, scope="class")])
def test_what_a_body_raises_survives_the_way_from_another_process(error):
    back = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert (type(back), back.args, back.code) == (type(error), error.args, error.code)
    assert asked_by(back, 0) == asked_by(error, 0)
    assert type(error).__module__ == "theflow"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Retry(after=-1), "after is -1; it must be seconds or a timedelta from 0"),
        (lambda: Retry(after=float("nan")), "after is nan"),
        (lambda: Retry(after=timedelta(days=-1)), "it must be seconds or a timedelta"),
        (lambda: Retry(after=datetime(2030, 1, 1)), "after has no zone"),  # noqa: DTZ001 - it is refused
        (lambda: Retry(5), "the message is 5"),
        (lambda: Retry(code="not a code"), "Retry: code is 'not a code'"),
        (lambda: Fatal(code="Käse"), "Fatal: code is 'Käse'"),
        (lambda: Throttled(retry_after="soon"), "retry_after is 'soon'"),
        (lambda: Throttled(retry_after=1, scope="world"), "scope is 'world'; it must be 'queue' or 'class'"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(make, words):
    with pytest.raises(SchemeError) as refused:
        make()
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("after", "at"),
    [
        (1.5, 10 + 1.5 * SECOND),
        (timedelta(seconds=2), 10 + 2 * SECOND),
        (datetime(2030, 1, 1, tzinfo=UTC), 1_893_456_000 * SECOND),
        (None, None),
    ],
)
def test_the_moment_of_the_next_attempt_is_what_was_asked_for(after, at):
    assert asked_by(Retry(after=after), 10).at == at
    assert asked_by(OSError(), 10) is None


def test_a_raised_retry_is_waited_for_and_spends_an_attempt_of_the_policy():
    decision = decide(started(scheme_of(a=TRIED)), raised(Retry(after=9), now=2), 3)
    assert decision.commands == [SetTimer("a", 1, 2 + 9 * SECOND)]
    assert decision.flow.plan.states[0].failures == 1
    again = decide(decision.flow, RetryDue("a", 1), 2 + 9 * SECOND).flow
    assert decide(again, raised(Retry(after=9), attempt=2), 3).flow.status is FlowStatus.FAILED


def test_a_raised_retry_without_a_moment_waits_as_the_policy_of_its_task_says():
    decision = decide(started(scheme_of(a=TRIED)), raised(Retry(delay=77)), 10)
    assert decision.commands == [SetTimer("a", 1, 10 + SECOND)]


def test_a_task_without_a_policy_takes_the_one_that_is_raised():
    asked = Retry(attempts=2, delay=3, jitter=0)
    decision = decide(started(scheme_of(a=[])), raised(asked), 10)
    assert decision.commands == [SetTimer("a", 1, 10 + 3 * SECOND)]
    again = decide(decision.flow, RetryDue("a", 1), 9 * SECOND)
    assert len(commands(again, RunTask)) == 1
    assert decide(again.flow, raised(asked, attempt=2), 3).flow.status is FlowStatus.FAILED


def test_a_fatal_error_is_final_whatever_the_policy_says():
    assert decide(started(scheme_of(a=TRIED)), raised(Fatal("no")), 0).flow.status is FlowStatus.FAILED


def test_a_throttled_attempt_is_free_and_lets_its_queue_wait():
    decision = decide(started(scheme_of(a=[])), raised(Throttled(retry_after=4), now=2), 3)
    state = decision.flow.plan.states[0]
    assert (state.status, state.failures, state.retry_at) == (TaskStatus.RETRYING, 0, 2 + 4 * SECOND)
    (record,) = decision.attempts
    assert record.status is AttemptStatus.THROTTLED
    assert record.throttle == Throttle("order", "default", 2 + 4 * SECOND)


def test_a_class_is_throttled_without_a_user():
    decision = decide(started(scheme_of(a=[])), raised(Throttled(retry_after=4, scope="class"), now=2), 3)
    assert decision.attempts[0].throttle == Throttle("order", "", 2 + 4 * SECOND)


def test_a_throttled_task_of_a_cancelled_flow_waits_no_more_and_its_queue_does():
    flow = tell(started(scheme_of(a=[])), Cancel("enough"))
    decision = decide(flow, raised(Throttled(retry_after=4)), 3)
    assert decision.flow.status is FlowStatus.CANCELLED
    assert decision.flow.plan.states[0].status is TaskStatus.CANCELLED
    assert decision.attempts[0].throttle is not None


def test_what_is_asked_for_is_plain():
    assert asked_by(Throttled(retry_after=1), 0) == Asked(SECOND, scope="queue")


def test_a_body_that_says_how_it_ended_is_tried_again_also_at_most_once():
    flow = started(scheme_of(a={"at_most_once": True}))
    decision = decide(flow, raised(Retry(after=1), now=2), 3)
    assert decision.commands == [SetTimer("a", 1, 2 + SECOND)]
    again = decide(decision.flow, RetryDue("a", 1), 2 + SECOND)
    assert (len(commands(again, RunTask)), again.touched) == (1, [0])
