"""A runtime is killed before, in and after compensations: another one goes on, and each is recorded once, in order."""

from __future__ import annotations

import signal
from contextlib import closing

import pytest

from tests.acceptance.stage import Stage, until
from tests.database.servers import POSTGRES
from tests.database.stores import database, postgres
from theflow import FlowDetail, FlowHandle, FlowStatus, TaskStatus

REVERTED = FlowStatus.REVERTED
PLACES = ["mid_body", "before_outcome_commit", "after_outcome_commit", "after_obey"]


@pytest.fixture
def server(tmp_path):
    """A fresh database on a server."""
    postgres(tmp_path)
    with closing(Stage(tmp_path, tmp_path, database(POSTGRES))) as opened:
        yield opened


def recorded(flow: FlowDetail) -> dict[str, object]:
    """The compensations that have their outcome on disk."""
    undos = {task.name: task.undo for task in flow.tasks if task.undo is not None}
    return {name: undo for name, undo in undos.items() if undo.status is TaskStatus.SUCCEEDED}


def in_order(stage: Stage, flow: FlowHandle) -> None:
    """Judge a flow that was undone: all of it, in order, and the steps of its storage once each."""
    ended = flow.get()
    assert ended.status is REVERTED
    undone = recorded(ended)
    assert undone.keys() == {"reserve", "charge", "hold"}
    assert undone["hold"].ended_at <= undone["charge"].started_at
    assert undone["charge"].ended_at <= undone["reserve"].started_at
    assert ended.storage.steps == ["reserve", "refund", "free seat 7"]
    # At least once: a line more where a process was killed, never one that is out of order.
    seen = [each.task for each in stage.effects(flow) if each.task.endswith("/undo")]
    assert list(dict.fromkeys(seen)) == ["hold/undo", "charge/undo", "reserve/undo"]
    assert seen == sorted(seen, key=["hold/undo", "charge/undo", "reserve/undo"].index)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("passing", [5, 6, 7])
def test_f01_a_kill_around_a_compensation_leaves_each_done_and_recorded_once(stage, place, passing):
    killed_and_taken_over(stage, place, passing)


def test_f01_a_kill_in_a_compensation_is_the_same_on_a_server(server):
    killed_and_taken_over(server, "mid_body", 7)


def killed_and_taken_over(stage: Stage, place: str, passing: int) -> None:
    """Kill a runtime of a flow that fails, let another one go on, and judge what came of it."""
    flow = stage.submit("saga", text="full")
    life = stage.start(failpoint=f"{place}:{passing}", burst=True)
    code = life.wait()
    assert code in (0, 1, -signal.SIGKILL), life.err
    before = recorded(flow.get())
    assert stage.start("other", burst=True).wait() in (0, 1)
    in_order(stage, flow)
    after = recorded(flow.get())
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("passing", [1, 3])
def test_f01_a_kill_while_a_flow_is_undone_after_its_success(stage, place, passing):
    flow = stage.submit("saga")
    assert stage.start(burst=True).wait() == 0
    assert flow.get().status is FlowStatus.SUCCEEDED
    flow.revert(reason="rain")
    assert stage.start("second", failpoint=f"{place}:{passing}", burst=True).wait() == -signal.SIGKILL
    heard = flow.get().requests[0].handled_at is not None
    assert flow.get().status in ((FlowStatus.REVERTING, REVERTED) if heard else (FlowStatus.SUCCEEDED,))
    assert stage.start("third", burst=True).wait() == 0
    in_order(stage, flow)
    assert flow.get().reason.endswith(": rain")


@pytest.mark.parametrize("verb", ["cancel", "revert"])
def test_f54_the_holder_is_dead_when_its_flow_is_to_be_undone(stage, verb):
    flow = stage.submit("saga", seconds=60)
    life = stage.start().ready()
    stage.started(flow, 3)
    until(lambda: flow.get().task("hold").status is TaskStatus.RUNNING)
    life.send(signal.SIGKILL)
    life.wait()
    getattr(flow, verb)(reason="enough")
    stage.start("other", ttl=1.0).ready()
    ended = flow.wait(15)
    assert (ended.status, [task.undo and task.undo.unknown for task in ended.tasks]) == (
        REVERTED,
        [False, False, None, True, None],
    )
    assert [each.task for each in stage.effects(flow, "unknown")] == ["hold/undo"]
    assert ended.reason.endswith(": enough")


def test_f33_a_compensation_that_kills_its_process_again_and_again_waits_for_a_person(stage):
    flow = stage.submit("saga", text="full", until="refund")
    for _ in range(3):
        assert stage.start(claims=2).wait() == 7
    stage.start(claims=2).ready()
    ended = flow.wait(15)
    assert ended.status is FlowStatus.REVERT_FAILED
    assert "claimed 2 times without one committed outcome" in ended.reason
    assert recorded(ended).keys() == {"hold"}
    assert len([each for each in stage.effects(flow) if each.task == "charge/undo"]) == 3
