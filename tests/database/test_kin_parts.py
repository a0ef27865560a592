"""Sub-flows of the parts of a task, as every store keeps them."""

from __future__ import annotations

import pytest

from tests.database.builders import NOW, Worker, end_of, flow_row, partial, record, submit
from tests.database.test_parts import part
from theflow.database.batch import AbandonRow, RestRow, SubflowRow
from theflow.model.status import FlowStatus
from theflow.model.view import Request

SPARE = Request(verb="cancel", asked_by="flow f", reason="its task needs it no more", asked_at=NOW + 3)


class Parts:
    """A flow of class order whose task `m` is done in two parts, each a sub-flow of class mail."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        (self.parent,) = submit(worker.store, partial())
        worker.claim(self.parent)
        rows = [part(worker, self.parent, 0, "running", "[1,2]")]
        rows += [part(worker, self.parent, number, "waiting")._replace(ended_at=None) for number in (1, 2)]
        subflows = [SubflowRow(self.parent, f"m[{index}]", 1, 1, partial("mail")) for index in range(2)]
        worker.commit(parts=rows, subflows=subflows)
        self.children = [link.offset for link in worker.store.kin(self.parent).children]

    def rest(self) -> None:
        """Let the parent go."""
        self.worker.commit(flows=[flow_row(self.parent, "waiting")], resting=[RestRow(0, self.parent)])

    def end(self, index: int) -> None:
        """Run one sub-flow to its end."""
        seen, _ = self.worker.look("mail", concurrency=2)
        child = self.children[index]
        assert self.worker.claim(child, seen=seen)
        row = flow_row(child, "succeeded", storage=f'{{"n":{index}}}')
        self.worker.commit(flows=[row], released=[child], ended_children=[child])


@pytest.fixture
def parts(worker):
    """A parent in hand and two sub-flows that have not begun."""
    return Parts(worker)


def stands(store, parts):
    """Where the sub-flows stand, by the names of their parts."""
    return {link.task: link.status for link in store.kin(parts.parent).children}


def test_each_part_has_a_sub_flow_of_its_own(store, parts):
    assert stands(store, parts) == {"m[0]": FlowStatus.PENDING, "m[1]": FlowStatus.PENDING}
    assert [task.row.name for task in record(store, parts.parent).tasks] == ["m"]
    twin = SubflowRow(parts.parent, "m[1]", 1, 1, partial("mail"))
    parts.worker.commit(subflows=[twin])
    assert len(store.kin(parts.parent).children) == 2


def test_the_end_of_one_frees_the_parent_who_reads_it_beside_the_other(parts):
    parts.rest()
    assert parts.worker.offered() == []
    parts.end(1)
    assert parts.worker.offered() == [parts.parent]
    (flow,) = parts.worker.claim(parts.parent)
    found = {child.task: (child.status, child.storage) for child in flow.children}
    assert found == {"m[0]": (FlowStatus.PENDING, b"null"), "m[1]": (FlowStatus.SUCCEEDED, b'{"n":1}')}


def test_who_holds_the_parent_is_told_of_a_part_until_that_has_its_outcome(store, parts):
    parts.end(0)
    ((parent, child),) = store.woken(parts.worker.incarnation)
    assert (parent, child.task, child.storage) == (parts.parent, "m[0]", b'{"n":0}')
    parts.worker.commit(parts=[part(parts.worker, parts.parent, 1)])
    assert store.woken(parts.worker.incarnation) == []


def test_a_parent_ends_one_that_it_needs_no_more_and_no_other(store, parts):
    parts.worker.commit(abandoned=[AbandonRow(parts.parent, SPARE, ("m[1]",))])
    assert stands(store, parts) == {"m[0]": FlowStatus.PENDING, "m[1]": FlowStatus.CANCELLED}
    assert record(store, parts.children[1]).summary.reason == SPARE.line()


def test_one_that_somebody_holds_hears_that_it_is_needed_no_more(store, parts):
    seen, _ = parts.worker.look("mail")
    parts.worker.claim(parts.children[0], seen=seen)
    parts.worker.commit(abandoned=[AbandonRow(parts.parent, SPARE, ("m[0]", "m[1]"))])
    assert store.asked(parts.worker.incarnation) == [(parts.children[0], SPARE)]


def test_a_parent_that_rests_and_is_cancelled_has_lost_no_attempt(store, parts):
    parts.rest()
    told = store.ask([(parts.parent, Request(verb="cancel", asked_by="ann", reason="", asked_at=NOW + 3))])
    assert told[0].stand is FlowStatus.CANCELLED
    assert set(stands(store, parts).values()) == {FlowStatus.CANCELLED}
    assert [task.row.status for task in record(store, parts.parent).tasks] == ["cancelled"]
    assert store.attempts(parts.parent) == []


def test_the_next_runtime_finds_the_parts_that_wait(store, parts):
    end_of(store, "take_over", parts.worker.incarnation)
    (flow,) = Worker(store, "heir").claim(parts.parent)
    found = {task.name: task.status for task in flow.tasks}
    assert found == {"m": "running", "m[0]": "waiting", "m[1]": "waiting"}
