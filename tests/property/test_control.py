"""Whatever the order of events, and wherever the process dies, a flow with branches ends as its rules say."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings

from tests.property.control import Node, Plot, Stage, plots
from theflow.model.decide import decide
from theflow.model.status import FlowStatus, TaskStatus

UNDER_WAY = (TaskStatus.RUNNING, TaskStatus.WAITING)


@settings(max_examples=200)
@given(plot=plots())
def test_a_flow_ends_as_its_rules_say(plot: Plot):
    stage = Stage(plot)
    flow = stage.run()
    if plot.lost():
        assert flow.status is FlowStatus.FAILED
        assert flow.failure is not None
    else:
        assert flow.status is FlowStatus.SUCCEEDED
        assert stage.ended() == plot.ends()


@settings(max_examples=60)
@given(plot=plots())
def test_the_counts_of_a_plan_are_what_a_walk_would_find(plot: Plot):
    def watched(flow, event, now):
        decision = decide(flow, event, now)
        plan = decision.flow.plan
        assert plan.open == sum(not state.status.ended for state in plan.states)
        divided = [n for n, state in enumerate(plan.states) if n in plan.fans and state.status is TaskStatus.RUNNING]
        parts = sum(state.status in UNDER_WAY for fan in plan.fans.values() for state in fan.states)
        whole = sum(state.status in UNDER_WAY for state in plan.states) - len(divided)
        assert plan.running == whole + parts
        for fan in plan.fans.values():
            assert fan.waiting == sum(state.status is TaskStatus.WAITING for state in fan.states)
        return decision

    Stage(plot).run(watched)


@settings(max_examples=60)
@given(plot=plots())
def test_no_more_children_run_at_once_than_may(plot: Plot):
    stage = Stage(plot)
    stage.run()
    for node in plot.tasks:
        if node.children is not None and node.most is not None:
            assert stage.most_at_once.get(node.name, 0) <= node.most


def test_a_retry_waits_for_a_place_among_those_that_may_run_at_once():
    node = Node(name="m", children=2, most=1, fails=frozenset({0}), retries=True, map_join="settle")
    for seed in range(32):
        stage = Stage(Plot((node,), seed))
        stage.run()
        assert stage.most_at_once["m"] == 1


@settings(max_examples=60)
@given(plot=plots())
def test_a_question_is_asked_once_unless_its_answer_was_lost(plot: Plot):
    stage = Stage(Plot(plot.tasks, plot.seed))
    stage.run()
    assert all(count == 1 for count in Counter(stage.asked).values())
