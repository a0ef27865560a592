"""Sub-flows as every store keeps them: begun, awaited, woken and cancelled in the transactions of turns."""

from __future__ import annotations

import pytest

from tests.database.builders import NOW, Worker, cancel, flow_row, partial, record, submit, task
from theflow.database.batch import AbandonRow, RestRow, SubflowRow
from theflow.model.status import FlowStatus
from theflow.model.view import Request

ANN = Request(verb="cancel", asked_by="ann", reason="enough", asked_at=NOW + 3)


class Family:
    """A flow of class order that waits for a sub-flow of class mail."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        (self.parent,) = submit(worker.store, partial(user="bob"))
        worker.claim(self.parent)
        self.row = SubflowRow(self.parent, "a", 1, 1, partial("mail", "bob", data=b'{"b":2}'))
        worker.commit(tasks=[task(worker, self.parent, "waiting", ended_at=None)], subflows=[self.row])
        (link,) = worker.store.kin(self.parent).children
        self.child, self.child_id = link.offset, link.flow_id

    def rest(self, heard: int = 0) -> None:
        """Let the parent go."""
        row = flow_row(self.parent, "waiting")
        self.worker.commit(flows=[row], resting=[RestRow(heard, self.parent)])

    def end_child(self, status: str = "succeeded") -> None:
        """Run the sub-flow to its end."""
        worker = self.worker
        record, _ = worker.look("mail")
        assert worker.claim(self.child, seen=record)
        row = flow_row(self.child, status, storage='{"b":3}')
        worker.commit(flows=[row], released=[self.child], ended_children=[self.child])


@pytest.fixture
def family(worker):
    """A parent in hand and a sub-flow that has not begun."""
    return Family(worker)


def test_a_sub_flow_is_there_with_the_turn_that_lets_its_task_wait(store, family):
    child = record(store, family.child)
    assert (child.summary.status, child.summary.user, child.input) == (FlowStatus.PENDING, "bob", '{"b":2}')
    parent = store.kin(family.child).parent
    assert (parent.offset, parent.task, parent.attempt) == (family.parent, "a", 1)
    assert family.worker.offered("mail") == [family.child]


def test_a_sub_flow_that_is_asked_for_twice_is_there_once(store, family):
    twin = family.row._replace(flow=partial("mail", "bob"))
    family.worker.commit(subflows=[twin])
    assert [link.flow_id for link in store.kin(family.parent).children] == [family.child_id]


def test_a_parent_that_rests_is_offered_to_nobody_and_keeps_its_place(store, family):
    (other,) = submit(store, partial(user="bob"))
    family.rest()
    assert record(store, family.parent).summary.status is FlowStatus.WAITING
    _, look = family.worker.look()
    assert [one.offset for one in look.candidates] == [other]
    assert look.rest_of(("order", "bob"), 0) == (family.parent,)
    assert look.rest_of(("order", "bob"), -1) == ()
    assert record(store, other).place.live == (family.parent,)
    assert family.worker.offered() == [other]


def test_the_end_of_a_sub_flow_frees_its_parent_who_reads_what_it_left(family):
    family.rest()
    family.end_child()
    assert family.worker.offered() == [family.parent]
    (flow,) = family.worker.claim(family.parent)
    (child,) = flow.children
    assert (child.task, child.attempt, child.flow_id, child.status) == ("a", 1, family.child_id, FlowStatus.SUCCEEDED)
    assert (child.storage, flow.status, flow.claims) == (b'{"b":3}', FlowStatus.RUNNING, 1)


def test_a_sub_flow_knows_that_it_has_a_parent(family):
    seen, _ = family.worker.look("mail")
    (flow,) = family.worker.claim(family.child, seen=seen)
    assert flow.depth == 1


def test_a_parent_whose_sub_flow_ended_before_it_rests_is_free_at_once(family):
    family.end_child()
    family.rest()
    assert family.worker.offered() == [family.parent]


def test_a_parent_that_was_asked_to_end_before_it_rests_is_free_at_once_unless_it_knows(store, family):
    assert cancel(store, family.parent, ANN) is FlowStatus.CANCELLING
    family.rest()
    assert family.worker.offered() == [family.parent]
    family.worker.claim(family.parent)
    family.rest(heard=1)
    assert family.worker.offered() == []


def test_who_holds_a_parent_is_told_until_its_task_has_its_outcome(store, family):
    worker = family.worker
    assert store.woken(worker.incarnation) == []
    family.end_child("failed")
    ((parent, child),) = store.woken(worker.incarnation)
    assert (parent, child.status, child.flow_id) == (family.parent, FlowStatus.FAILED, family.child_id)
    assert [one.asked for one in store.runtimes()] == [1]
    worker.commit(tasks=[task(worker, family.parent, "failed")])
    assert store.woken(worker.incarnation) == []


def test_a_parent_that_was_taken_over_reads_a_sub_flow_that_ended_meanwhile(store, family):
    family.end_child()
    assert store.take_over(family.worker.incarnation, 0) == 1
    (flow,) = Worker(store, "heir").claim(family.parent)
    assert [child.status for child in flow.children] == [FlowStatus.SUCCEEDED]


def test_a_flow_that_goes_on_no_more_ends_what_nobody_holds_below_it(store, family):
    family.worker.commit(abandoned=[AbandonRow(family.parent, ANN)], resting=[RestRow(1, family.parent)])
    assert record(store, family.child).summary.status is FlowStatus.CANCELLED
    assert family.worker.offered() == [family.parent]
    assert [asked.line() for asked in store.requests(family.child)] == [ANN.line()]


def test_a_flow_that_goes_on_no_more_leaves_word_for_who_holds_what_is_below_it(store, family):
    seen, _ = family.worker.look("mail")
    family.worker.claim(family.child, seen=seen)
    family.worker.commit(abandoned=[AbandonRow(family.parent, ANN)])
    assert store.asked(family.worker.incarnation) == [(family.child, ANN)]


def test_cancel_travels_down_from_a_parent_that_rests(store, family):
    family.rest()
    assert cancel(store, family.parent, ANN) is FlowStatus.CANCELLED
    child = record(store, family.child).summary
    assert child.status is FlowStatus.CANCELLED
    assert child.reason.endswith("cancelled by ann: enough")
    assert record(store, family.parent).tasks[0].row.status == "cancelled"


def test_a_parent_that_is_cancelled_waits_for_a_sub_flow_in_somebodys_hands(store, family):
    family.rest()
    seen, _ = family.worker.look("mail")
    family.worker.claim(family.child, seen=seen)
    assert [cancel(store, family.parent, ANN) for _ in range(2)] == [FlowStatus.CANCELLING] * 2
    assert record(store, family.parent).summary.status is FlowStatus.CANCELLING
    assert family.worker.offered() == []
    row = flow_row(family.child, "cancelled")
    family.worker.commit(flows=[row], released=[family.child], ended_children=[family.child])
    assert family.worker.offered() == [family.parent]
    (flow,) = family.worker.claim(family.parent)
    assert flow.status is FlowStatus.CANCELLING
    assert [asked.line() for asked in store.requests(family.parent)] == [ANN.line()]


def test_a_person_who_cancels_a_sub_flow_wakes_its_parent(store, family):
    family.rest()
    assert cancel(store, family.child, ANN) is FlowStatus.CANCELLED
    assert family.worker.offered() == [family.parent]


@pytest.mark.parametrize("concurrency", [1, 3])
def test_sub_flows_go_first_in_their_queue(store, family, concurrency):
    first, second = submit(store, partial("mail", "bob"), partial("mail", "bob"))
    later = SubflowRow(family.parent, "b", 1, 2, partial("mail", "bob"))
    family.worker.commit(subflows=[later])
    deepest = store.kin(family.parent).children[-1].offset
    line = [deepest, family.child, first, second]
    assert family.worker.offered("mail", concurrency=concurrency) == line[:concurrency]
    assert record(store, first).place.ahead == 2
