"""F01: a runtime is killed at each hand-over between a flow and the groups that it maps and repeats."""

from __future__ import annotations

import signal

import pytest

from tests.acceptance.stage import Stage
from theflow import FlowDetail, FlowHandle, FlowStatus

STEPS = ["begin x", "finish x", "begin y", "finish y", "begin 0", "finish 0", "begin 1", "finish 1"]
PARTS = ["each[0]", "each[1]", "again[0]", "again[1]"]
# Every commit that lets a group begin or end, or takes up its end, and the moments around them.
PLACES = [
    *[("after_claim_commit", passing) for passing in range(2, 10)],
    *[("after_outcome_commit", passing) for passing in range(1, 18)],
    *[("before_claim_commit", passing) for passing in (3, 6, 9)],
    *[("before_outcome_commit", passing) for passing in range(2, 18, 3)],
    *[("mid_body", passing) for passing in (1, 4, 7, 10, 13)],
    *[("after_obey", passing) for passing in (2, 8, 14)],
]


def check(stage: Stage, flow: FlowHandle) -> FlowDetail:
    """All groups were there once, and ended."""
    ended = flow.get()
    assert ended.status is FlowStatus.SUCCEEDED, ended.reason
    assert ended.task("conclude").result == STEPS
    # A body that was lost while it built the input of one is followed by another attempt, and no other sub-flow.
    assert [link.task for link in ended.children] == PARTS
    assert {link.status for link in ended.children} == {FlowStatus.SUCCEEDED}
    ids = [one.flow_id for one in stage.client.find_flows().items]
    assert sorted(ids) == sorted([flow.flow_id, *(link.flow_id for link in ended.children)])
    return ended


@pytest.mark.parametrize(("name", "passing"), PLACES)
def test_a_flow_of_groups_survives_a_kill_at_any_hand_over(stage: Stage, name: str, passing: int):
    flow = stage.submit("groups")
    life = stage.start(failpoint=f"{name}:{passing}", burst=True, flows=1)
    assert life.wait() == -signal.SIGKILL, life.err
    links = {(link.task, link.attempt, link.flow_id) for link in flow.get().children}
    assert stage.start(burst=True, flows=1).wait() == 0
    ended = check(stage, flow)
    # What had begun before the kill is what goes on.
    assert links <= {(link.task, link.attempt, link.flow_id) for link in ended.children}


def test_a_flow_of_groups_goes_on_through_one_kill_after_the_other(stage: Stage):
    flow = stage.submit("groups")
    names = ("after_claim_commit", "before_outcome_commit", "after_outcome_commit", "mid_body", "after_obey")
    ends = [stage.start(failpoint=f"{names[number % 5]}:2", burst=True, flows=1).wait() for number in range(9)]
    assert ends.count(-signal.SIGKILL) >= 7
    assert stage.start(burst=True, flows=1).wait() == 0
    check(stage, flow)
