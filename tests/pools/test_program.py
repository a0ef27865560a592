"""Real programs whose bodies run in processes: signals, kills, and main modules that are imported again."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import theflow
from tests.acceptance.stage import ROOT, Life, Stage
from tests.pools.bodies import gone
from tests.pools.patience import LONG, until
from theflow import FlowHandle, FlowStatus, JobMeta

PROGRAM = str(ROOT / "tests" / "pools" / "program.py")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A fresh database and nobody who runs it."""
    with closing(Stage(tmp_path, tmp_path)) as opened:
        yield opened


def submit(stage: Stage, flow_class: str = "main") -> FlowHandle:
    """Submit one job."""
    return stage.client.create_job(JobMeta(flow_class=flow_class, input={"folder": str(stage.folder)}))


def start(stage: Stage, how: str) -> Life:
    """Start the program."""
    return stage.run([PROGRAM, how, stage.url])


def worker(stage: Stage) -> int:
    """Wait until a body runs; return in which process."""
    told = stage.folder / "pid"
    until(told.exists)
    return int(told.read_text())


def go(stage: Stage) -> None:
    """Let the body end."""
    (stage.folder / "go").touch()


def result_of(flow: FlowHandle, task: str):
    """Wait for the end of a flow; return the result of its task."""
    return flow.wait(LONG).task(task).result


def test_bodies_of_the_main_module_run_in_processes(stage):
    flow = submit(stage)
    go(stage)
    life = start(stage, "burst")
    assert life.wait(LONG) == 0, life.err
    assert result_of(flow, "work") == "__mp_main__"


def test_a_killed_runtime_leaves_no_process_behind(stage):
    submit(stage)
    life = start(stage, "run")
    running = worker(stage)
    life.send(signal.SIGKILL)
    until(lambda: gone(running))


def test_an_idle_process_ends_with_its_killed_runtime(stage):
    flow = submit(stage)
    go(stage)
    life = start(stage, "run")
    running = worker(stage)
    flow.wait(LONG)
    life.send(signal.SIGKILL)
    until(lambda: gone(running))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_every_process_lets_the_body_end(stage, number):
    flow = submit(stage)
    life = start(stage, "run")
    running = worker(stage)
    os.kill(running, number)
    life.send(number)
    until(lambda: "stopping runtime" in life.err)
    go(stage)
    assert life.wait(LONG) == 0
    assert flow.get().status is FlowStatus.SUCCEEDED
    assert stage.client.attempts(flow.flow_id)[0].number == 1


def test_a_second_signal_kills_the_body(stage):
    flow = submit(stage)
    life = start(stage, "run")
    running = worker(stage)
    for _ in range(2):
        life.send(signal.SIGTERM)
    until(lambda: life.ended or life.send(signal.SIGTERM))
    assert gone(running)
    assert flow.get().status is not FlowStatus.FAILED


def test_a_program_that_forgets_to_stop_ends_all_the_same(stage):
    submit(stage)
    go(stage)
    life = start(stage, "leave")
    assert life.wait(LONG) == 0
    assert gone(worker(stage))


def test_a_main_module_without_a_guard_is_told_of(stage):
    flow = submit(stage)
    life = start(stage, "unguarded")
    ended = flow.wait(LONG)
    assert ended.status is FlowStatus.FAILED
    assert "before it began, ended with exit code 1; see what it wrote to stderr" in ended.task("work").error.message
    assert 'put what the program does below `if __name__ == "__main__":`' in life.err
    assert len(stage.client.runtimes()) == 1


def test_a_child_that_a_body_forked_can_be_ended(stage):
    flow = submit(stage, "forked")
    assert start(stage, "burst").wait(LONG) == 0
    assert result_of(flow, "fork") == -signal.SIGTERM


def test_the_command_line_runs_bodies_of_a_file_in_processes(stage):
    flow = submit(stage)
    go(stage)
    life = stage.run(
        ["-m", "theflow", "--db", stage.url, "run", PROGRAM, "--burst", "--processes", "1"], THEFLOW_DATABASE_URL=""
    )
    assert life.wait(LONG) == 0, life.err
    assert result_of(flow, "work") == "program"
    assert theflow.__version__ in life.err
