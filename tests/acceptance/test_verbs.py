"""Verbs of people meet the end of a process right before and after the commit that does them: one state is left."""

from __future__ import annotations

import pytest

from tests.acceptance.stage import until
from theflow import FlowStatus

MOMENTS = ("before_outcome_commit", "after_outcome_commit")
PLACES = (*MOMENTS, "after_obey")
# What is asked of a line of three tasks that has not begun: the verb, what is given with it, and which bodies begin.
BEFORE_THE_START = {
    "skip": (("third", "by hand"), ["first", "second"]),
    "mark_done": (("first", "by hand"), ["second", "third"]),
    "run_now": ((), ["first", "second", "third"]),
}
# ... of one that has succeeded, ...
AFTER_SUCCESS = {
    "retry_from": (("second",), ["first", "second", "third", "second", "third"]),
    "fork": (("third",), ["first", "second", "third"]),
}
SUCCEEDED = FlowStatus.SUCCEEDED


@pytest.fixture
def stage(either):
    """On a file, and on a server."""
    return either


def killed(stage, moment):
    """Let a process take what there is to do, and die around its first commit; another does the rest."""
    assert stage.start(failpoint=f"{moment}:1", burst=True).wait() < 0
    other = stage.start("other", burst=True, ttl=1.0)
    assert other.wait(30) == 0, other.err


def starts(stage, flow):
    """Which bodies began, without those that were begun again as nobody knew of their end."""
    return list(dict.fromkeys(effect.task for effect in stage.effects(flow)))


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_retry_is_done_once(stage, moment):
    flow = stage.submit("leaving", until="exit")
    stage.start(burst=True).wait()
    assert flow.get().status is FlowStatus.FAILED
    stage.client.retry(flow.flow_id)
    assert stage.start(failpoint=f"{moment}:1", burst=True).wait() < 0
    stage.start("other", burst=True, ttl=1.0).wait(30)
    ended = flow.get()
    assert (ended.status, [request.answer for request in ended.requests]) == (FlowStatus.FAILED, ["done"])
    # An attempt that nobody knows the end of is lost, and followed by another.
    assert ended.task("leave_by").attempt == MOMENTS.index(moment) + 2
    numbers = [attempt.number for attempt in stage.client.attempts(flow.flow_id)]
    assert numbers == list(range(1, ended.task("leave_by").attempt + 1))


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_skip_and_an_edit_are_done_once_before_anything_starts(stage, moment):
    flow = stage.submit("line")
    stage.client.skip(flow.flow_id, "first", "by hand")
    stage.client.edit_storage(flow.flow_id, {"steps": ["edited"]})
    killed(stage, moment)
    ended = flow.get()
    assert (ended.status, ended.task("second").result) == (SUCCEEDED, "by hand two")
    assert ended.storage.steps == ["edited", "second", "third"]
    assert [request.answer for request in ended.requests] == ["done", "done"]
    assert starts(stage, flow) == ["second", "third"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_pause_of_a_flow_that_runs_is_kept(stage, moment):
    flow = stage.submit("nap", until=str(stage.folder / "wake up"))
    life = stage.start(failpoint=f"{moment}:2").ready()
    stage.started(flow)
    until(lambda: flow.get().task("doze").attempt or life.ended)
    stage.client.pause(flow.flow_id, "maintenance")
    (stage.folder / "wake up").touch()
    assert life.wait() < 0
    stage.start("other", burst=True, ttl=1.0).wait(30)
    rests = until(lambda: flow.get().status in (FlowStatus.PAUSED, SUCCEEDED) and flow.get())
    # The body may have been done before anybody heard: then there is nothing left to hold back.
    assert rests.requests[0].handled_at is not None
    if rests.status is FlowStatus.PAUSED:
        stage.client.resume(flow.flow_id)
        stage.start("third", burst=True).wait(30)
    assert flow.get().status is SUCCEEDED


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_edit_of_a_flow_that_has_failed_is_done_once_and_changes_nothing_else(stage, moment):
    flow = stage.submit("leaving", until="exit")
    stage.start(burst=True).wait()
    before = flow.get()
    stage.client.edit_storage(flow.flow_id, {"text": "edited"})
    killed(stage, moment)
    after = flow.get()
    assert (after.status, after.ended_at, after.tasks) == (before.status, before.ended_at, before.tasks)
    assert after.storage.text == "edited"


@pytest.mark.parametrize("moment", PLACES)
@pytest.mark.parametrize("verb", BEFORE_THE_START)
def test_what_is_asked_before_the_start_is_done_once(stage, moment, verb):
    given, bodies = BEFORE_THE_START[verb]
    flow = stage.submit("line")
    getattr(stage.client, verb)(flow.flow_id, *given, reason="so")
    killed(stage, moment)
    ended = flow.get()
    assert (ended.status, [request.answer for request in ended.requests]) == (SUCCEEDED, ["done"])
    assert starts(stage, flow) == bodies


@pytest.mark.parametrize("moment", PLACES)
def test_a_task_that_is_marked_failed_has_failed_once(stage, moment):
    flow = stage.submit("line")
    stage.client.mark_failed(flow.flow_id, "second", "no more")
    assert stage.start(failpoint=f"{moment}:1", burst=True).wait() < 0
    stage.start("other", burst=True, ttl=1.0).wait(30)
    ended = flow.get()
    assert (ended.status, [request.answer for request in ended.requests]) == (FlowStatus.FAILED, ["done"])
    assert [attempt.number for attempt in stage.client.attempts(flow.flow_id, task="second")] == [1]
    assert starts(stage, flow) == []


@pytest.mark.parametrize("moment", PLACES)
@pytest.mark.parametrize("verb", AFTER_SUCCESS)
def test_what_is_asked_after_the_end_is_done_once(stage, moment, verb):
    given, bodies = AFTER_SUCCESS[verb]
    flow = stage.submit("line")
    stage.start(burst=True).wait()
    asked = getattr(stage.client, verb)(flow.flow_id, *given, reason="so")
    again = asked if verb == "fork" else flow
    killed(stage, moment)
    ended = again.get()
    assert (ended.status, [request.answer for request in ended.requests]) == (SUCCEEDED, ["done"])
    mine = [effect.task for effect in stage.effects(flow)] + ["third"] * (verb == "fork" and again is not flow)
    assert list(dict.fromkeys(mine)) == list(dict.fromkeys(bodies))
    assert flow.get().task("first").attempt == 1


@pytest.mark.parametrize("moment", PLACES)
def test_a_paused_flow_that_is_resumed_goes_on_once(stage, moment):
    flow = stage.submit("line")
    stage.client.pause(flow.flow_id)
    assert flow.get().status is FlowStatus.PAUSED
    stage.client.resume(flow.flow_id)
    killed(stage, moment)
    assert (flow.get().status, starts(stage, flow)) == (SUCCEEDED, ["first", "second", "third"])
