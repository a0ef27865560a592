"""What bodies raise to be tried again, or not, or later: on every store."""

from __future__ import annotations

import itertools

import pytest

from tests.runtime.works import one_task, until
from theflow import AttemptStatus, Fatal, FlowStatus, Retry, TaskStatus, Throttled

SUCCEEDED, FAILED = FlowStatus.SUCCEEDED, FlowStatus.FAILED


class Declined(Fatal):
    """A subclass has a code of its own."""

    code = "card_declined"


class Unreachable(OSError):
    """An exception of the user's with a code."""

    code = "E42"


class Hostile(Exception):
    """Its code cannot be read."""

    @property
    def code(self):
        raise RuntimeError("never")


def raising(*errors):
    """A body that raises these one after another, and returns at last."""
    left = iter(errors)

    def body():
        error = next(left, None)
        if error is not None:
            raise error
        return "done"

    return body


def codes(works, flow):
    """The codes of the attempts that did not succeed, in order."""
    return [attempt.error.code for attempt in failed(works, flow)]


def failed(works, flow):
    """The attempts that did not succeed, in order."""
    return [attempt for attempt in works.client.attempts(flow.flow_id) if attempt.error is not None]


def test_a_body_that_asks_for_it_is_tried_again_without_any_policy(works):
    flow = works.run(one_task(raising(Retry("busy", after=0.01, code="busy"))))
    assert (flow.status, flow.task("only").attempt) == (SUCCEEDED, 2)
    (attempt,) = failed(works, flow)
    assert (attempt.error.type, attempt.error.message, attempt.error.code) == ("theflow.Retry", "busy", "busy")
    assert attempt.error.frames[-1].function == "body"


def test_a_body_is_not_tried_again_before_the_moment_it_asked_for(works):
    flow = works.run(one_task(raising(Retry(after=0.3))))
    (attempt,) = failed(works, flow)
    assert flow.task("only").started_at >= attempt.ended_at + 300_000


def test_a_fatal_error_ends_its_flow_whatever_the_policy_says(works):
    flow = works.run(one_task(raising(Declined("no cover")), retry=Retry(attempts=9, delay=0.01)))
    assert (flow.status, flow.task("only").attempt) == (FAILED, 1)
    assert flow.task("only").error.code == "card_declined"


@pytest.mark.parametrize(("error", "code"), [(Unreachable(), "E42"), (Hostile(), ""), (SystemExit("bye"), "")])
def test_a_failure_has_the_code_of_its_exception_if_that_is_one(works, error, code):
    flow = works.run(one_task(raising(error)))
    assert (codes(works, flow), flow.task("only").error.type != "Failure") == ([code], True)


def test_what_theflow_itself_states_has_a_code(works):
    assert codes(works, works.run(one_task(lambda: {1, object()}))) == ["data_refused"]


def test_a_throttled_body_spends_no_attempt(works):
    errors = [Throttled("slow down", retry_after=0.01) for _ in range(4)]
    flow = works.run(one_task(raising(*errors), retry=Retry(attempts=2, delay=0.01)))
    assert (flow.status, flow.task("only").attempt) == (SUCCEEDED, 5)
    assert {(attempt.status, attempt.error.code) for attempt in failed(works, flow)} == {
        (AttemptStatus.THROTTLED, "throttled")
    }


def test_while_a_queue_is_throttled_others_go_on_and_its_own_flows_wait(works):
    scheme = one_task(raising(Throttled(retry_after=60)), concurrency=4)
    works.start(scheme)
    first = works.submit(scheme, user="ann")
    until(lambda: first.get().task("only").status is TaskStatus.RETRYING)
    second = works.submit(scheme, user="ann")
    assert works.submit(scheme, user="bob").wait(10).status is SUCCEEDED
    (reason,) = second.get().waiting
    assert reason.startswith("queue of user 'ann' in class 'single' is throttled for ")
    assert any("is throttled for" in reason for reason in first.get().waiting)


def test_when_a_class_is_throttled_everybody_waits_and_goes_on_by_itself_afterwards(works):
    scheme = one_task(raising(Throttled(retry_after=0.5, scope="class")), concurrency=4)
    works.start(scheme, poll=5)
    first = works.submit(scheme, user="ann")
    until(lambda: first.get().task("only").status is TaskStatus.RETRYING)
    (attempt,) = failed(works, first)
    others = [works.submit(scheme, user=user).wait(10) for user in ("ann", "bob")]
    assert all(flow.started_at >= attempt.ended_at + 500_000 for flow in others)
    assert first.wait(10).status is SUCCEEDED


def test_an_async_body_may_ask_too(works):
    count = itertools.count()

    async def body():
        if not next(count):
            raise Retry(after=0)

    assert works.run(one_task(body)).task("only").attempt == 2
