"""F54: cancel meets processes that die, stop or do not listen, on a file and on a server: one end, no second run."""

from __future__ import annotations

import signal

import pytest

from tests.acceptance.stage import until
from theflow import AttemptStatus, FlowStatus, TaskStatus

CANCELLED, CANCELLING = FlowStatus.CANCELLED, FlowStatus.CANCELLING


@pytest.fixture
def stage(either):
    """On a file, and on a server."""
    return either


def dozing(stage, **options):
    """A flow whose body runs in a process, and does not ask whether it should end."""
    flow = stage.submit("nap", until=str(stage.folder / "wake up"))
    life = stage.start(**options).ready()
    stage.started(flow)
    until(lambda: flow.get().task("doze").status is TaskStatus.RUNNING)
    return flow, life


def ended_by_another(stage, flow):
    """Let another process take the flow over; it ends it without its body."""
    other = stage.start("other", ttl=1.0).ready()
    ended = flow.wait(15)
    assert ended.status is CANCELLED
    assert ended.reason.endswith(": enough")
    assert len(stage.effects(flow)) == 1
    assert not other.ended
    return ended


def test_f54_the_holder_is_killed_while_it_cancels(stage):
    flow, life = dozing(stage)
    assert flow.cancel("enough") is CANCELLING
    until(lambda: flow.get().status is CANCELLING)
    life.send(signal.SIGKILL)
    life.wait()
    ended_by_another(stage, flow)
    assert [attempt.status for attempt in stage.client.attempts(flow.flow_id)] == [AttemptStatus.LOST]


def test_f54_the_runtime_is_dead_when_its_flow_is_cancelled(stage):
    flow, life = dozing(stage)
    life.send(signal.SIGKILL)
    life.wait()
    assert flow.cancel("enough") is CANCELLING
    assert "or another one takes over" in flow.get().waiting[0]
    ended_by_another(stage, flow)


def test_f54_the_holder_is_stopped_and_goes_on_when_another_has_ended_its_flow(stage):
    flow, life = dozing(stage, ttl=1.0)
    if stage.gate.exists():
        life.pause(stage.gate)
    else:
        life.send(signal.SIGSTOP)
    assert flow.cancel("enough") is CANCELLING
    (stage.folder / "wake up").touch()
    ended_by_another(stage, flow)
    life.send(signal.SIGCONT)
    until(lambda: "fenced" in life.err)
    assert flow.get().status is CANCELLED
    assert flow.get().task("doze").status is TaskStatus.CANCELLED


def test_f54_the_holder_is_told_to_stop_while_it_cancels(stage):
    flow, life = dozing(stage, grace=0.2)
    flow.cancel("enough")
    until(lambda: flow.get().status is CANCELLING)
    life.send(signal.SIGTERM)
    life.wait()
    ended_by_another(stage, flow)


def test_f54_a_body_that_will_not_hear_is_told_once_and_the_flow_says_what_it_waits_for(stage):
    flow = stage.submit("deaf")
    life = stage.start().ready()
    stage.started(flow)
    flow.cancel("enough")
    until(lambda: stage.effects(flow, "swallowed"))
    (reason,) = until(lambda: flow.get().waiting)
    assert "runtime 'worker' waits for the bodies that run" in reason
    after = stage.submit("line", "bob")
    assert after.wait(15).status is FlowStatus.SUCCEEDED
    assert len(stage.effects(flow, "swallowed")) == 1
    life.send(signal.SIGKILL)
    life.wait()
    ended_by_another(stage, flow)


def test_f54_cancel_and_a_kill_at_any_moment_make_one_end(stage):
    flows = [stage.submit("line", user) for user in "abcdefgh"]
    life = stage.start().ready()
    stage.started(flows[0])
    told = [flow.cancel("enough") for flow in flows]
    life.send(signal.SIGKILL)
    life.wait()
    assert stage.start("other", burst=True).wait() == 0
    ends = [flow.wait(15).status for flow in flows]
    for said, end in zip(told, ends, strict=True):
        assert end is CANCELLED or said is not CANCELLED
        assert end in (CANCELLED, FlowStatus.SUCCEEDED)
    assert [flow.cancel() for flow in flows] == ends
