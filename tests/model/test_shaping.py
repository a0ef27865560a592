"""Who may start now, and what those are told who may not."""

from __future__ import annotations

import pytest

from theflow.model.look import Candidate, Look
from theflow.model.policy import ClassPolicy, Policies
from theflow.model.queue_pause import QueuePause
from theflow.model.scheme import UNLIMITED, FlowScheme
from theflow.model.shaping import FlowShapingManager, admit

NOW = 10_000_000


def test_one_flow_of_a_user_runs_at_a_time_and_the_next_says_behind_which():
    assert decided(flow(1), flow(2)) == (
        [1],
        {2: "queue of user 'ann' in class 'order' runs 1 of 1 at once: offset 1"},
    )


def test_a_running_flow_holds_back_its_queue_and_no_other():
    admitted, waiting = decided(flow(2), flow(3, user="bob"), live={("order", "ann"): (1,)})
    assert admitted == [3]
    assert waiting == {2: "queue of user 'ann' in class 'order' runs 1 of 1 at once: offset 1"}


def test_without_order_all_go_as_far_as_there_are_places():
    admitted, waiting = decided(*map(flow, range(5)), slots=3, concurrency=UNLIMITED)
    assert admitted == [0, 1, 2]
    assert set(waiting.values()) == {"this runtime has no free place for a flow"}


def test_a_larger_priority_goes_first_among_queues():
    admitted, _ = decided(flow(1), flow(2, user="bob", priority=5), slots=1)
    assert admitted == [2]


def test_a_larger_priority_does_not_overtake_inside_a_queue():
    assert decided(flow(1), flow(2, priority=5), slots=1, concurrency=2)[0] == [1]


def test_a_flow_that_is_not_due_says_when_and_lets_others_pass():
    assert decided(flow(1, run_at=NOW + 2_500_000), flow(2)) == ([2], {1: "it is not due before 2.5 s from now"})


def test_a_flow_is_due_at_its_time():
    assert decided(flow(1, run_at=NOW))[0] == [1]


def test_a_class_that_nobody_registers_waits_and_says_so():
    assert decided(flow(1, flow_class="mesh"))[1] == {1: "no runtime registers class 'mesh'"}


def test_a_version_that_nobody_registers_waits_and_keeps_the_order():
    admitted, waiting = decided(flow(1, version=7), flow(2), flow(3), concurrency=9)
    assert admitted == []
    assert waiting == {
        1: "no runtime registers class 'order' version 7",
        2: "1 earlier flow of its queue goes first, from offset 1",
        3: "2 earlier flows of its queue go first, from offset 1",
    }


@pytest.mark.parametrize(
    ("user", "what"), [("", "class 'order'"), ("ann", "queue of user 'ann' in class 'order'")], ids=["class", "queue"]
)
def test_what_is_paused_says_by_whom_and_since_when_and_the_rest_goes_on(user, what):
    pause = QueuePause("order", user, "eve", "maintenance", NOW - 12_000_000)
    policies = Policies(classes={"order": ClassPolicy(flow_class="order", versions=(1,), pauses=(pause,))})
    look = Look(now=NOW, candidates=(flow(1), flow(2, user="bob")), live={})
    admission = admit(look, policies, 5)
    assert admission.waiting[0].reason == f"{what} was paused by eve 12 s ago: maintenance"
    assert [each.candidate.offset for each in admission.admitted] == ([2] if user else [])


def test_a_flow_without_a_version_runs_with_the_newest():
    schemes = [FlowScheme("order", version=version) for version in (2, 9, 3)]
    policies = Policies.of_schemes(schemes)
    admission = admit(Look(now=NOW, candidates=(flow(1), flow(2, user="bob", version=3)), live={}), policies, 5)
    assert [each.version for each in admission.admitted] == [9, 3]


def test_the_newest_version_decides_the_concurrency():
    schemes = [FlowScheme("order", version=2, concurrency=8), FlowScheme("order", concurrency=3)]
    policy = Policies.of_schemes(schemes).classes["order"]
    assert (policy.concurrency, policy.versions) == (8, (1, 2))


def test_no_more_than_five_running_flows_are_listed():
    _, waiting = decided(flow(99), live={("order", "ann"): tuple(range(9, 0, -1))}, concurrency=9)
    assert waiting[99].endswith("runs 9 of 9 at once: offset 1, 2, 3, 4, 5")


def test_policies_are_replaced_whole_and_who_reads_keeps_what_it_has():
    first, second = Policies(), Policies.of_schemes([FlowScheme("order")])
    manager = FlowShapingManager(first)
    seen = manager.policies
    manager.replace(second)
    assert (seen, manager.policies) == (first, second)
    look = Look(now=NOW, candidates=(flow(1),), live={})
    assert [each.candidate.offset for each in manager.admit(look, 1).admitted] == [1]


def flow(offset: int, **fields) -> Candidate:
    """A candidate of user ann, class order."""
    return Candidate(**{"offset": offset, "flow_class": "order", "user": "ann", "version": None, **fields})


def decided(
    *candidates: Candidate, live=None, slots: int = 10, concurrency: int = 1
) -> tuple[list[int], dict[int, str]]:
    """The offsets that are admitted, and the reasons of the others."""
    policy = ClassPolicy(flow_class="order", concurrency=concurrency, versions=(1,))
    look = Look(now=NOW, candidates=candidates, live=live or {})
    admission = admit(look, Policies(classes={"order": policy}), slots)
    admitted = [each.candidate.offset for each in admission.admitted]
    return admitted, {each.offset: each.reason for each in admission.waiting}
