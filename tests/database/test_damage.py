"""A damaged row spoils its own flow, visibly, and nothing else."""

from __future__ import annotations

import pytest

from tests.database.builders import Worker, attempt, flow_row, partial, record, submit, task
from theflow.errors import IdempotencyConflict
from theflow.model.status import AttemptStatus, FlowStatus
from theflow.model.view import FlowFilter

NO_OBJECTS = [b"", b"{", b"[1]", b"null", b'"text"', b"{} {}", b"{'a': 1}"]


@pytest.mark.parametrize("data", NO_OBJECTS)
def test_f40_an_input_that_is_no_object_is_damage(store, worker, data):
    bad, good = submit(store, partial(data=data), partial(user="bob"))
    damaged, sound = worker.claim(bad, good)
    assert (damaged.job.offset, damaged.damage != "", dict(damaged.storage)) == (bad, True, {})
    assert (sound.job.offset, sound.damage, dict(sound.storage)) == (good, "", {"a": b"1"})


@pytest.mark.parametrize("data", NO_OBJECTS)
def test_f40_a_storage_that_is_no_object_is_damage(store, worker, data):
    [offset] = submit(store, partial())
    worker.claim(offset)
    worker.commit(flows=[flow_row(offset, "running", storage=data.decode())])
    [damaged] = claimed_again(store, worker, offset)
    assert damaged.damage != ""
    assert record(store, offset).storage == data.decode()


def test_f40_a_status_that_nobody_knows_is_damage(store, worker):
    [offset] = submit(store, partial())
    worker.claim(offset)
    worker.commit(flows=[flow_row(offset, "exploded")])
    [damaged] = claimed_again(store, worker, offset)
    assert "exploded" in damaged.damage


def test_f40_a_task_status_that_nobody_knows_is_damage(store, worker):
    [offset] = submit(store, partial())
    worker.claim(offset)
    worker.commit(tasks=[task(worker, offset, "exploded"), task(worker, offset, name="b")])
    [damaged] = claimed_again(store, worker, offset)
    assert "exploded" in damaged.damage


def test_a_damaged_flow_can_still_be_parked(store, worker):
    [offset] = submit(store, partial(data=b"["))
    [damaged] = worker.claim(offset)
    assert damaged.status in (FlowStatus.PENDING, FlowStatus.RUNNING)
    worker.commit(flows=[flow_row(offset, "parked", reason=damaged.damage)], parked=[offset])
    assert record(store, offset).summary.reason == damaged.damage


def test_f40_a_damaged_flow_shows_in_lists_as_parked_and_says_why(store, worker):
    bad, good = submit(store, partial(), partial(user="bob"))
    worker.claim(bad)
    worker.commit(flows=[flow_row(bad, "exploded")])
    sound, damaged = store.find_flows(FlowFilter(), None, 9)
    assert (sound.offset, damaged.offset, damaged.status) == (good, bad, FlowStatus.PARKED)
    assert "exploded" in damaged.reason
    assert record(store, bad).summary == damaged


def test_an_attempt_that_cannot_be_read_hides_no_other(store, worker):
    [offset] = submit(store, partial())
    worker.claim(offset)
    worker.commit(attempts=[attempt(worker, offset, 1, status="exploded"), attempt(worker, offset, 2, error="{")])
    first, second = store.attempts(offset)
    assert isinstance(first.status, AttemptStatus)
    assert second.error.type == "DamagedRow"


def test_a_key_whose_input_cannot_be_read_is_a_conflict(store):
    submit(store, partial(data=b"{", idempotency_key="k"))
    with pytest.raises(IdempotencyConflict):
        submit(store, partial(idempotency_key="k"))


def claimed_again(store, worker, offset):
    """What the next runtime is handed out."""
    store.take_over(worker.incarnation, 0)
    return Worker(store, "next").claim(offset)
