"""Many processes and one database: forks, one key from all sides, a writer that stops: F04, F31, F53."""

from __future__ import annotations

import os
import signal
import time

import pytest

import theflow
from tests.acceptance.stage import until
from theflow import FlowStatus
from theflow.errors import FlowNotFound, StoreUnavailable, StoreUnusable

HOLD = """
import sqlite3, sys, time
from pathlib import Path
from theflow.database.gate import Gate
path = Path(sys.argv[1])
Gate(path.with_name(path.name + ".theflow-lock"), 5.0).enter()
database = sqlite3.connect(path, isolation_level=None)
database.execute("BEGIN IMMEDIATE")
print("ready", flush=True)
sys.stdin.read()
"""
SUBMIT = """
import sys, theflow
with theflow.connect(sys.argv[1]) as client:
    print("ready", flush=True)
    while not __import__("os").path.exists(sys.argv[2]): pass
    job = client.create_job(theflow.JobMeta(flow_class="line", idempotency_key="one", input={"a": 1}))
    print(job.flow_id, job.created)
"""


def in_child(ask):
    """Ask in a child made by fork; return what it answers."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.write(writer, str(ask()).encode())
        except BaseException as error:  # noqa: BLE001 - the parent is told whatever it is
            os.write(writer, f"{type(error).__name__}: {error}".encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(pid, 0)
    return text


def test_f31_a_child_made_by_fork_is_refused_its_parents_connections(stage):
    stage.submit("line")
    answer = in_child(lambda: stage.submit("line"))
    assert answer.startswith(f"{StoreUnusable.__name__}: process ")
    assert f"was forked from {os.getpid()}" in answer
    assert "open a client of its own in the child" in answer


def test_f31_a_child_made_by_fork_works_with_a_client_of_its_own(stage):
    flow = stage.submit("line")
    assert in_child(lambda: theflow.connect(stage.url).get_flow(flow.flow_id).status) == "pending"
    assert stage.submit("line").offset == flow.offset + 1


def test_f31_a_child_that_a_body_forked_can_be_terminated(stage):
    flow = stage.submit("forking")
    life = stage.start().ready()
    assert flow.wait(10).task("fork").result == -signal.SIGTERM
    assert not life.ended


def test_f53_sixteen_processes_with_one_key_make_one_flow(stage):
    stage.submit("line")
    go = stage.folder / "go"
    lives = [stage.run(["-c", SUBMIT, stage.url, str(go)]) for _ in range(16)]
    until(lambda: all("ready" in life.out for life in lives), 60)
    go.touch()
    assert [life.wait() for life in lives] == [0] * 16
    answers = [life.out.split()[1:] for life in lives]
    assert len({flow_id for flow_id, _ in answers}) == 1
    assert sorted(created for _, created in answers) == ["False"] * 15 + ["True"]


def test_f04_who_waits_in_vain_for_a_stopped_writer_is_told_its_pid(stage):
    stage.submit("line")
    holder = stage.run(["-c", HOLD, str(stage.path)]).ready()
    holder.send(signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(StoreUnavailable, match=f"locked for 5 s by pid {holder.pid}; let that process go on"):
        stage.submit("line")
    assert 4.5 < time.monotonic() - began < 8
    assert len(stage.client.find_flows().items) == 1


def test_f04_writers_go_on_at_once_when_the_stopped_one_is_killed(stage):
    flow = stage.submit("nap", until=str(stage.folder / "go"))
    life = stage.start(ttl=1).ready()
    stage.started(flow)
    holder = stage.run(["-c", HOLD, str(stage.path)]).ready()
    holder.send(signal.SIGSTOP)
    (stage.folder / "go").touch()
    until(lambda: f"by pid {holder.pid}" in life.err)
    holder.destroy()
    assert flow.wait(5).status is FlowStatus.SUCCEEDED
    assert stage.submit("line").wait(5).status is FlowStatus.SUCCEEDED
    assert len(stage.effects(flow)) == 1


def test_f04_a_process_that_waits_for_the_gate_can_end(stage):
    stage.submit("line")
    life = stage.start(ttl=60, grace=0.1).ready()
    holder = stage.run(["-c", HOLD, str(stage.path)]).ready()
    holder.send(signal.SIGSTOP)
    life.send(signal.SIGTERM)
    assert life.wait(30) in (0, 130)  # three writes wait 5 s each: two for outcomes, one for the name


def test_a_flow_of_a_class_that_no_runtime_has_waits_and_says_so(stage):
    stage.start(without=("line",)).ready()
    flow = stage.submit("line")
    assert flow.get().waiting == ("no runtime registers class 'line'",)
    stage.start("other").ready()
    assert flow.wait(10).waiting == ()


def test_an_unknown_flow_is_not_found(stage):
    stage.submit("line")
    with pytest.raises(FlowNotFound, match="no flow has the id 'nowhere'"):
        stage.client.get_flow("nowhere")


def test_f42_threads_and_files_that_bodies_leave_open_do_not_hold_up_the_end(stage):
    flows = stage.client.create_jobs([stage.job("untidy") for _ in range(3)])
    life = stage.start().ready()
    assert {flow.wait(10).status for flow in flows} == {FlowStatus.SUCCEEDED}
    life.send(signal.SIGTERM)
    assert life.wait(5) == 0


def test_a_job_can_be_submitted_to_a_class_by_a_process_that_has_no_code_for_it(stage):
    stage.start().ready()
    program = "import sys, theflow; theflow.connect(sys.argv[1]).create_job(theflow.JobMeta(flow_class='line'))"
    assert stage.run(["-c", program, stage.url]).wait() == 0
    (flow,) = stage.client.find_flows().items
    assert "effects" in stage.client.wait(flow.flow_id, 10).reason
