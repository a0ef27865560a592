"""F01: a runtime is killed with SIGKILL at every named place, and another one goes on where it stopped."""

from __future__ import annotations

import signal
from itertools import pairwise

import pytest

from tests.acceptance.stage import Stage, until
from theflow import AttemptStatus, FlowDetail, FlowHandle, FlowStatus, TaskStatus
from theflow.runtime.failpoint import NAMES

PASSINGS = dict.fromkeys(NAMES, (1, 2, 4, 7, 11)) | {
    "before_claim_commit": (1, 2, 3),
    "after_claim_commit": (1, 2, 3),
    "during_release": (1,),
}
# What only transactional tasks pass is tested with them.
PLACES = [(name, passing) for name in NAMES for passing in PASSINGS[name] if "transaction" not in name]


def submitted(stage: Stage) -> list[FlowHandle]:
    """Chains and diamonds of three users, two in each queue."""
    users = ("ann", "bob", "cid")
    jobs = [stage.job(flow_class, user) for _ in range(2) for flow_class in ("line", "diamond") for user in users]
    return stage.client.create_jobs(jobs)


def killed(stage: Stage, name: str, passing: int) -> tuple[list[FlowHandle], list[FlowDetail], int]:
    """Let a runtime die at a place; return the jobs, what of them is on disk, and its pid.

    Twelve flows of three steps in three places: one place sees twelve commits, one after the other, however many of
    the others share them. So the eleventh comes on a machine of any speed.
    """
    flows = submitted(stage)
    life = stage.start(failpoint=f"{name}:{passing}", burst=True, flows=3)
    assert life.wait() == -signal.SIGKILL, life.err
    return flows, [flow.get() for flow in flows], life.pid


@pytest.mark.parametrize(("name", "passing"), PLACES)
def test_f01_a_runtime_killed_at_any_place_loses_nothing_and_repeats_no_outcome(stage, name, passing):
    flows, before, dead = killed(stage, name, passing)
    assert stage.start(burst=True, flows=6).wait() == 0
    for flow, was in zip(flows, before, strict=True):
        now = flow.get()
        assert now.status is FlowStatus.SUCCEEDED
        assert now.storage.steps == (["join"] if now.flow_class == "diamond" else ["first", "second", "third"])
        for task in was.tasks:
            if task.status is TaskStatus.SUCCEEDED:
                assert now.task(task.name) == task
                assert {one.pid for one in stage.effects(flow) if one.task == task.name} == {dead}
            if task.status is TaskStatus.RUNNING:
                lost, done = stage.client.attempts(flow.flow_id, task=task.name)
                assert (lost.status, lost.number) == (AttemptStatus.LOST, task.attempt)
                assert (done.status, done.number) == (AttemptStatus.SUCCEEDED, task.attempt + 1)
    for offsets in stage.offsets_by_queue().values():
        assert offsets == sorted(offsets)


@pytest.mark.parametrize("name", ["after_outcome_commit", "mid_body"])
def test_f01_flows_of_a_queue_never_overlap_across_a_kill(stage, name):
    flows, _, _ = killed(stage, name, 9)
    assert stage.start(burst=True).wait() == 0
    for each in ("line", "diamond"):
        for user in ("ann", "bob", "cid"):
            queue = [now for now in (flow.get() for flow in flows) if (now.flow_class, now.user) == (each, user)]
            for earlier, later in pairwise(queue):
                assert earlier.ended_at <= later.started_at


def test_f01_work_goes_on_through_a_kill_at_one_place_after_the_other(stage):
    flows = submitted(stage)
    for name in [name for name in NAMES if "transaction" not in name and name != "during_release"]:
        assert stage.start(failpoint=f"{name}:1").wait() == -signal.SIGKILL
    assert stage.start(burst=True).wait() == 0
    assert [flow.get().status for flow in flows] == [FlowStatus.SUCCEEDED] * len(flows)


def test_f01_every_acknowledged_submit_survives_a_killed_submitter(stage):
    program = (
        "import sys, theflow\n"
        "client = theflow.connect(sys.argv[1])\n"
        "while True: print(client.create_job(theflow.JobMeta(flow_class='line')).flow_id, flush=True)\n"
    )
    life = stage.run(["-c", program, stage.url])
    until(lambda: life.out.count("\n") > 20)
    life.destroy()
    acknowledged = life.out.split("\n")[:-1]
    on_disk = [flow.flow_id for flow in stage.client.find_flows(limit=1000).items]
    assert set(acknowledged) <= set(on_disk)
    assert len(on_disk) <= len(acknowledged) + 1
