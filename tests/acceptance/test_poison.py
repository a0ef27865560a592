"""Bodies that end their process, or try to: I14, F33."""

from __future__ import annotations

import signal

from tests.acceptance.stage import until
from theflow import AttemptStatus, FlowStatus


def test_f33_a_flow_that_kills_its_process_again_and_again_is_parked_with_a_reason(stage):
    flow = stage.submit("poison")
    for _ in range(3):
        assert stage.start(claims=3).wait() == 7
    life = stage.start(claims=3).ready()
    until(lambda: flow.get().status is FlowStatus.PARKED)
    assert "claimed 3 times without one committed outcome" in flow.get().reason
    assert flow.get().waiting == (f"parked: {flow.get().reason}",)
    assert len(stage.effects(flow)) == 3
    assert not life.ended


def test_f33_other_queues_go_on_beside_a_flow_that_kills_their_process(stage):
    stage.submit("poison", "bob")
    flows = [stage.submit("line", user) for user in ("ann", "bob", "cid")]
    for _ in range(3):
        assert stage.start(claims=3).wait() == 7
    assert stage.start(claims=3, burst=True).wait() == 0
    assert [flow.get().status for flow in flows] == [FlowStatus.SUCCEEDED] * 3


def test_f33_the_next_flow_of_the_queue_starts_when_a_poisonous_one_is_parked(stage):
    first, second = stage.submit("poison"), stage.submit("poison")
    assert stage.start(claims=1).wait() == 7
    assert stage.start(claims=1).wait() == 7
    assert stage.start(claims=1, burst=True).wait() == 0
    assert [first.get().status, second.get().status] == [FlowStatus.PARKED, FlowStatus.PARKED]
    assert [effect.offset for effect in stage.effects()] == [first.offset, second.offset]


def test_f33_an_exit_or_interrupt_raised_in_a_body_is_a_failure_of_the_body_alone(stage):
    flows = [stage.submit("leaving", until=how) for how in ("exit", "interrupt")]
    after = stage.submit("line")
    assert stage.start(burst=True).wait() == 0
    assert [flow.get().tasks[0].error.type for flow in flows] == ["SystemExit", "KeyboardInterrupt"]
    assert [flow.get().status for flow in (*flows, after)] == [FlowStatus.FAILED] * 2 + [FlowStatus.SUCCEEDED]


def test_f33_an_attempt_that_went_down_with_its_process_is_recorded_as_lost(stage):
    flow = stage.submit("nap", seconds=1)
    life = stage.start().ready()
    until(lambda: flow.get().tasks and flow.get().task("doze").attempt == 1)
    life.send(signal.SIGKILL)
    life.wait()
    assert stage.start("other", burst=True).wait() == 0
    lost, done = stage.client.attempts(flow.flow_id)
    assert (lost.status, lost.number, lost.runtime) == (AttemptStatus.LOST, 1, "worker")
    assert (done.status, done.number, done.runtime) == (AttemptStatus.SUCCEEDED, 2, "other")
    assert lost.error.message == "the process ended while the task was running"


def test_a_task_that_may_run_only_once_is_never_started_again_after_a_kill(stage):
    flow = stage.submit("once", seconds=30)
    life = stage.start().ready()
    stage.started(flow)
    life.send(signal.SIGKILL)
    life.wait()
    assert stage.start(burst=True).wait() == 0
    assert flow.get().status is FlowStatus.FAILED
    assert "'pay' is at_most_once and was running when its process ended" in flow.get().reason
    assert len(stage.effects(flow)) == 1
