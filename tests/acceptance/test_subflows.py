"""F01: a runtime is killed around each hand-over between a parent and its sub-flow, and both end once."""

from __future__ import annotations

import signal

import pytest

from tests.acceptance.stage import Stage
from theflow import FlowStatus
from theflow.runtime.failpoint import NAMES

# Passed in this order: the tasks before, the creation of the sub-flow, its tasks and end, the end of the parent.
PLACES = [
    *[(name, passing) for name in ("before_claim_commit", "after_claim_commit") for passing in (1, 2, 3)],
    *[(name, passing) for name in ("before_outcome_commit", "after_outcome_commit") for passing in range(1, 8)],
    *[("mid_body", passing) for passing in range(1, 7)],
    *[("after_obey", passing) for passing in (1, 3, 5, 7, 9)],
]


@pytest.mark.parametrize(("name", "passing"), PLACES)
def test_a_parent_and_its_sub_flow_survive_a_kill_at_any_hand_over(stage: Stage, name: str, passing: int):
    flow = stage.submit("parent")
    life = stage.start(failpoint=f"{name}:{passing}", burst=True, flows=1)
    assert life.wait() == -signal.SIGKILL, life.err
    done = {task.name: task for task in flow.get().tasks if task.status.ended}
    assert stage.start(burst=True, flows=1).wait() == 0
    ended = flow.get()
    assert ended.status is FlowStatus.SUCCEEDED, ended.reason
    assert ended.task("conclude").result == ["first", "second", "third"]
    assert {task: ended.task(task) for task in done} == done
    (link,) = ended.children
    assert link.status is FlowStatus.SUCCEEDED
    assert [one.flow_id for one in stage.client.find_flows().items] == [link.flow_id, flow.flow_id]


def test_a_tree_goes_on_through_a_kill_at_one_place_after_the_other(stage: Stage):
    flows = [stage.submit("parent", user) for user in ("ann", "ann", "bob")]
    for name in [name for name in NAMES if "transaction" not in name and name != "during_release"]:
        assert stage.start(failpoint=f"{name}:2", flows=2).wait() == -signal.SIGKILL
    assert stage.start(burst=True, flows=2).wait() == 0
    for flow in flows:
        ended = flow.get()
        assert (ended.status, len(ended.children)) == (FlowStatus.SUCCEEDED, 1)
