"""A runtime's name is held by one process at a time, and what a silent one held is taken over: F02, F10."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

import theflow
from tests.acceptance.flows import SCHEMES
from tests.acceptance.stage import until
from theflow import FlowStatus, RuntimeOptions
from theflow.errors import RuntimeNameTaken


def test_a_second_runtime_of_a_name_is_refused_with_host_pid_and_since_when(stage):
    stage.client.create_jobs([])
    life = stage.start().ready()
    with pytest.raises(RuntimeNameTaken, match="worker") as refused:
        theflow.bootstrap(stage.url, SCHEMES, RuntimeOptions(name="worker"))
    assert f"pid {life.pid} on host {os.uname().nodename} since 20" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("waited_for", [True, False], ids=["waited for", "a zombie"])
def test_the_name_of_a_killed_runtime_is_free_at_once(stage, waited_for):
    life = stage.start(ttl=60).ready()
    life.send(signal.SIGKILL)
    if waited_for:
        life.wait()
    else:
        until(lambda: " Z " in Path(f"/proc/{life.pid}/stat").read_text())
    began = time.monotonic()
    theflow.bootstrap(stage.url, SCHEMES, RuntimeOptions(name="worker", ttl=60)).stop()
    assert time.monotonic() - began < 1


def test_a_runtime_of_another_name_takes_over_from_a_killed_one_at_once(stage):
    flow = stage.submit("nap", seconds=8)  # longer than the second runtime takes to start
    life = stage.start("one", ttl=60).ready()
    stage.started(flow)
    stage.start("two", ttl=60).ready()
    life.send(signal.SIGKILL)
    assert flow.wait(40).status is FlowStatus.SUCCEEDED
    assert [effect.pid == life.pid for effect in stage.effects(flow)] == [True, False]


def test_runtimes_of_different_names_share_the_work(stage):
    lives = [stage.start(name, flows=2).ready() for name in ("one", "two")]
    flows = stage.client.create_jobs([stage.job("nap", seconds=0.1) for _ in range(12)])
    for flow in flows:
        flow.wait(15)
    assert {effect.pid for effect in stage.effects()} == {life.pid for life in lives}
    assert len(stage.effects()) == 12


def test_f02_a_stopped_runtime_is_taken_over_and_what_it_writes_later_is_refused(stage):
    flow = stage.submit("nap", seconds=1)
    stopped = stage.start("one", ttl=0.6).ready()
    stage.started(flow)
    stopped.pause(stage.gate)
    other = stage.start("two", ttl=0.6).ready()
    done = flow.wait(15)
    stopped.send(signal.SIGCONT)
    until(lambda: "fenced, rejoining" in stopped.err)
    until(lambda: {one.holder.name for one in stage.client.runtimes()} == {"one", "two"})
    assert flow.get() == done
    assert [effect.pid for effect in stage.effects(flow)] == [stopped.pid, other.pid]
    assert stage.client.attempts(flow.flow_id)[-1].runtime == "two"


def test_f02_a_runtime_that_was_fenced_works_again_under_its_name(stage):
    stage.client.create_jobs([stage.job("line")])
    stopped = stage.start("one", ttl=0.5).ready()
    stopped.pause(stage.gate)
    other = stage.start("two", ttl=0.5).ready()
    until(lambda: "runtime taken over runtime=one" in other.err)
    stopped.send(signal.SIGCONT)
    until(lambda: "fenced, rejoining" in stopped.err)
    other.send(signal.SIGTERM)
    assert other.wait() == 0
    assert stage.submit("line").wait(10).status is FlowStatus.SUCCEEDED
    assert stopped.pid in {effect.pid for effect in stage.effects()}


def test_f10_a_body_that_blocks_the_loop_for_long_costs_no_runtime_its_flows(stage):
    flow = stage.submit("stubborn", seconds=2)
    life = stage.start("one", ttl=0.6).ready()
    stage.started(flow)
    other = stage.start("two", ttl=0.6).ready()
    assert flow.wait(15).status is FlowStatus.SUCCEEDED
    assert [effect.pid for effect in stage.effects(flow)] == [life.pid]
    assert "taken over" not in other.err
    assert "fenced" not in life.err
