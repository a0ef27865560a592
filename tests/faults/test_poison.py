"""Bodies that crash, eat all memory or leave a mess, and rows that are damaged: F33, F34, F40, F42."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests.acceptance.stage import until
from theflow import FlowStatus

GROUPS = (Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup"))


def test_f33_a_body_that_crashes_the_interpreter_is_parked_and_others_go_on(place):
    flow, other = place.submit("crashing"), place.submit("line", "bob")
    ends = [place.start(claims=2).wait() for _ in range(2)]
    assert set(ends) == {-signal.SIGSEGV}
    assert place.start(claims=2, burst=True).wait() == 0
    assert flow.get().status is FlowStatus.PARKED
    assert "its process died each time while it ran" in flow.get().reason
    assert (len(place.effects(flow)), other.get().status) == (2, FlowStatus.SUCCEEDED)


def test_f34_a_body_that_gets_no_more_memory_fails_like_any_other(place):
    flow, other = place.submit("greedy"), place.submit("line", "bob")
    assert place.start(burst=True, threads=2, harm={"memory": 2 * 2**30}).wait(60) == 0
    assert flow.get().task("take_memory").error.type == "MemoryError"
    assert (flow.get().status, other.get().status) == (FlowStatus.FAILED, FlowStatus.SUCCEEDED)


def test_f34_a_body_for_which_the_kernel_kills_its_process_is_parked(place):
    flow, other = place.submit("greedy"), place.submit("line", "bob")
    with memory_group(250 * 2**20) as group:
        for _ in range(2):
            life = place.start(claims=2)
            (group / "cgroup.procs").write_text(str(life.pid))
            assert life.wait(60) == -signal.SIGKILL
    assert place.start(claims=2, burst=True).wait() == 0
    assert (flow.get().status, other.get().status) == (FlowStatus.PARKED, FlowStatus.SUCCEEDED)
    assert len(place.effects(flow)) == 2


@contextmanager
def memory_group(limit):
    """A control group whose processes may have so much memory; skip where none can be made."""
    root = next((root for root in GROUPS if (root / "cgroup.procs").exists()), GROUPS[1])
    group = root / f"theflow-{os.getpid()}"
    names = ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.max", "memory.swap.max")
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"no control group can be made here: {error}")
    try:
        there = [name for name in names if (group / name).exists()]
        if not there:
            pytest.skip("control groups here do not limit memory")
        for name in there:
            with suppress(OSError):
                (group / name).write_text("0" if "swap.max" in name else str(limit))
        yield group
    finally:
        group.rmdir()


DAMAGE = {
    "an input that is no JSON": "UPDATE flow SET input = '{' WHERE job_offset = 1",
    "an unknown status": "UPDATE flow SET status = 'exploded' WHERE job_offset = 1",
    "an unknown task": "INSERT INTO flow_task (job_offset, name, idx, status, attempt, failures, runtime) "
    "VALUES (1, 'nowhere', 0, 'running', 1, 0, 1); "
    "UPDATE flow SET status = 'running', version = 1 WHERE job_offset = 1",
    "an unknown class": "UPDATE job_event SET flow_class = 'nowhere' WHERE job_offset = 1; "
    "UPDATE flow SET flow_class = 'nowhere' WHERE job_offset = 1",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_f40_a_damaged_row_stops_its_own_flow_visibly_and_nothing_else(place, damage):
    bad, after, other = place.submit("line"), place.submit("line"), place.submit("line", "bob")
    with closing(sqlite3.connect(place.path)) as database, database:
        database.executescript(DAMAGE[damage])
    life = place.start().ready()
    assert {flow.wait(10).status for flow in (after, other)} == {FlowStatus.SUCCEEDED}
    until(lambda: bad.get().waiting)
    assert bad.get().waiting[0].startswith("no runtime registers class" if "class" in damage else "parked: ")
    assert place.effects(bad) == []
    assert not life.ended
    for words in (["ls"], ["show", bad.flow_id]):
        command = [sys.executable, "-m", "theflow", "--db", place.url, *words]
        shown = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (shown.returncode, "Traceback" in shown.stderr) == (0, False), shown.stderr


def test_f42_what_bodies_leave_behind_holds_up_neither_others_nor_the_end(place):
    first, second = place.submit("careless"), place.submit("careless")
    life = place.start().ready()
    assert {flow.wait(10).status for flow in (first, second)} == {FlowStatus.SUCCEEDED}
    assert "main thread" in first.get().task("change_everything").result
    children = Path(f"/proc/{life.pid}/task/{life.pid}/children")
    left = [int(pid) for each in Path(f"/proc/{life.pid}/task").glob("*/children") for pid in each.read_text().split()]
    assert place.submit("line", "bob").wait(10).status is FlowStatus.SUCCEEDED
    life.send(signal.SIGTERM)
    assert life.wait(5) == 0
    assert not children.exists()
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert len(left) == 2


def test_f42_many_flows_leave_no_thread_file_or_connection_behind(place):
    life = place.start().ready()
    used = []
    for _ in range(3):
        for flow in place.client.create_jobs([place.job("diamond", f"u{n}") for n in range(30)]):
            flow.wait(20)
        until(lambda: place.client.runtimes()[0].held == 0)
        used.append([len(list(Path(f"/proc/{life.pid}/{what}").iterdir())) for what in ("fd", "task")])
    assert used[1] == used[2]
