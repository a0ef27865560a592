"""The first signal drains, the second aborts: F06, F07, F08."""

from __future__ import annotations

import itertools
import signal
import time

import pytest

from tests.acceptance.stage import until
from theflow import FlowStatus


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_f06_the_first_signal_lets_a_body_end_and_saves_its_outcome(stage, number):
    flow = stage.submit("nap", seconds=0.5)
    life = stage.start().ready()
    stage.started(flow)
    life.send(number)
    assert life.wait() == 0
    assert flow.get().status is FlowStatus.SUCCEEDED
    assert len(stage.effects(flow)) == 1


def test_f06_a_drained_runtime_starts_no_further_task_and_hands_over_within_a_second(stage):
    flow = stage.submit("line")
    stage.submit("line")
    life = stage.start("one", ttl=60).ready()
    until(lambda: [effect.task for effect in stage.effects(flow)] == ["first", "second"])
    life.send(signal.SIGTERM)
    assert life.wait() == 0
    stage.start("two", ttl=60).ready()
    began = time.monotonic()
    until(lambda: len(stage.effects(flow)) == 3)
    assert time.monotonic() - began < 1
    assert flow.wait(5).status is FlowStatus.SUCCEEDED
    assert [effect.task for effect in stage.effects(flow)] == ["first", "second", "third"]


def test_f06_an_idle_runtime_ends_at_once(stage):
    stage.submit("line")
    life = stage.start(without=("line",)).ready()
    began = time.monotonic()
    life.send(signal.SIGTERM)
    assert life.wait() == 0
    assert time.monotonic() - began < 1
    assert stage.client.runtimes() == []


def test_f07_the_second_signal_aborts_and_what_was_cut_off_runs_again(stage):
    flow = stage.submit("nap", until=str(stage.folder / "go"))
    life = stage.start("one").ready()
    stage.started(flow)
    life.send(signal.SIGTERM)
    time.sleep(0.1)  # two signals at one moment would be one
    began = time.monotonic()
    life.send(signal.SIGTERM)
    assert life.wait() == 130
    assert time.monotonic() - began < 4
    (stage.folder / "go").touch()
    assert stage.start("two", burst=True).wait() == 0
    assert flow.get().status is FlowStatus.SUCCEEDED
    assert len(stage.effects(flow)) == 2


def test_f08_a_stop_ends_when_its_grace_is_over_though_a_body_swallows_its_cancellation(stage):
    flow = stage.submit("deaf")
    life = stage.start(grace=0.2).ready()
    stage.started(flow)
    began = time.monotonic()
    life.send(signal.SIGTERM)
    assert life.wait() == 130
    assert time.monotonic() - began < 6
    assert stage.effects(flow, "swallowed")


def test_f08_a_stop_ends_when_its_grace_is_over_though_a_body_blocks_the_loop(stage):
    flow = stage.submit("stubborn", seconds=60)
    life = stage.start(grace=0.2).ready()
    stage.started(flow)
    life.send(signal.SIGTERM)
    assert life.wait(10) == 130


def test_f06_bodies_that_have_not_begun_do_not_begin_during_a_stop(stage):
    flows = [stage.submit("nap", seconds=0.4) for _ in range(6)]
    life = stage.start("one", threads=1).ready()
    until(stage.effects)
    life.send(signal.SIGTERM)
    assert life.wait() == 0
    assert len(stage.effects()) == 1
    assert stage.start("two", burst=True).wait() == 0
    assert [flow.get().status for flow in flows] == [FlowStatus.SUCCEEDED] * 6
    assert len(stage.effects()) == 6


def test_f07_a_storm_of_signals_ends_a_runtime_once(stage):
    flow = stage.submit("nap", seconds=0.2)
    life = stage.start().ready()
    stage.started(flow)
    for number in itertools.islice(itertools.cycle((signal.SIGTERM, signal.SIGINT)), 400):
        if life.ended:
            break
        life.send(number)
    assert life.wait() in (0, 130)


def test_f07_killed_in_the_middle_of_a_stop_it_is_as_if_it_had_been_killed_before(stage):
    flow = stage.submit("nap", seconds=0.2)
    life = stage.start("one", failpoint="during_release:1").ready()
    stage.started(flow)
    life.send(signal.SIGTERM)
    assert life.wait() == -signal.SIGKILL
    assert stage.start("one", burst=True).wait() == 0
    assert flow.get().status is FlowStatus.SUCCEEDED
    assert len(stage.effects(flow)) == 1
