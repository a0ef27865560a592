"""Only a runtime that nobody took over may write, and each turn only once."""

from __future__ import annotations

import pytest

from tests.database.builders import NOW, Worker, end_of, flow_row, log, partial, record, submit, task
from theflow.database.batch import Batch, ClaimRow
from theflow.database.records import Fence, Incarnation
from theflow.errors import Fenced
from theflow.model.status import FlowStatus


@pytest.fixture
def held(store, worker):
    """The offset of a flow that the worker holds."""
    [offset] = submit(store, partial())
    assert worker.claim(offset) is not None
    return offset


def test_a_turn_can_be_read_back(store, worker, held):
    worker.commit(flows=[flow_row(held, "running")])
    assert store.read_turn(worker.incarnation) == 2


def test_an_empty_batch_still_counts_as_a_turn(store, worker):
    worker.commit()
    assert store.read_turn(worker.incarnation) == 1


@pytest.mark.parametrize("step", [-1, 0, 2])
def test_a_turn_must_be_the_next_one(store, worker, held, step):
    last = store.read_turn(worker.incarnation)
    fence = Fence(last + step, worker.incarnation.id, worker.incarnation.epoch)
    with pytest.raises(Fenced):
        store.commit(fence, Batch(flows=[flow_row(held, "failed")]))
    assert store.read_turn(worker.incarnation) == last
    assert record(store, held).summary.status is FlowStatus.RUNNING


@pytest.mark.parametrize("end", ["take_over", "release"])
def test_nothing_of_a_fenced_commit_is_written(store, neighbour, worker, held, end):
    end_of(neighbour, end, worker.incarnation)
    with pytest.raises(Fenced):
        worker.commit(
            tasks=[task(worker, held)], flows=[flow_row(held, "succeeded")], logs=[log(held)], released=[held]
        )
    seen = record(store, held)
    assert (seen.summary.status, seen.tasks, seen.place is None) == (FlowStatus.RUNNING, (), False)
    assert store.logs(held, None, 0, 10) == []


def test_nothing_of_a_fenced_claim_is_written(store, neighbour, worker):
    [offset] = submit(store, partial())
    seen, _ = worker.look()
    neighbour.take_over(worker.incarnation, 0)
    with pytest.raises(Fenced):
        store.claim(worker.fence, seen, [ClaimRow(offset, 1, NOW)])
    assert record(store, offset).summary.status is FlowStatus.PENDING
    assert worker.look()[0] == seen


def test_a_claim_must_be_the_next_turn(store, worker):
    worker.commit()
    seen, _ = worker.look()
    with pytest.raises(Fenced):
        store.claim(worker.fence._replace(turn=worker.turn), seen, [])
    assert store.claim(worker.fence, seen, []) == []


def test_an_epoch_that_never_was_is_fenced(store, worker):
    with pytest.raises(Fenced):
        store.commit(worker.fence._replace(epoch=worker.incarnation.epoch + 1), Batch())


def test_an_incarnation_that_never_was_is_fenced(store, worker):
    with pytest.raises(Fenced):
        store.commit(worker.fence._replace(id=worker.incarnation.id + 1), Batch())
    with pytest.raises(Fenced):
        store.read_turn(Incarnation(id=worker.incarnation.id + 1, name="ghost", epoch=1))


@pytest.mark.parametrize("end", ["take_over", "release"])
def test_the_turn_of_a_runtime_that_is_gone_cannot_be_read(store, worker, end):
    end_of(store, end, worker.incarnation)
    with pytest.raises(Fenced):
        store.read_turn(worker.incarnation)


def test_an_heir_of_the_name_does_not_lend_its_epoch(store, worker, held):
    store.take_over(worker.incarnation, 0)
    heir = Worker(store, "worker")
    with pytest.raises(Fenced):
        worker.commit(flows=[flow_row(held, "failed")])
    assert heir.claim(held) is not None


def test_who_is_fenced_is_told_the_runtime_and_the_epoch(store, worker):
    store.take_over(worker.incarnation, 0)
    with pytest.raises(Fenced, match=r"worker.*epoch 1"):
        worker.commit()
