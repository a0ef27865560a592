"""A turn writes tasks, attempts, flows and logs together; an outcome that stands never changes."""

from __future__ import annotations

import pytest

from tests.database.builders import NOW, Worker, attempt, flow_row, log, partial, record, submit, task
from theflow.model.status import AttemptStatus, FlowStatus
from theflow.model.view import FlowFilter


@pytest.fixture
def held(store, worker):
    """The offset of a flow that the worker holds."""
    [offset] = submit(store, partial())
    worker.claim(offset)
    return offset


def test_a_task_shows_as_it_was_written(neighbour, worker, held):
    row = task(worker, held, result='{"r":[1]}', attempt=3, failures=2)
    worker.commit(tasks=[row])
    [seen] = record(neighbour, held).tasks
    assert (seen.row, seen.runtime, seen.error) == (row, "worker", None)


def test_a_task_moves_until_it_has_its_outcome(store, worker, held):
    for status in ("running", "retrying", "pending", "running", "failed"):
        row = task(worker, held, status)
        worker.commit(tasks=[row])
        assert [seen.row for seen in record(store, held).tasks] == [row]


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
@pytest.mark.parametrize("later", ["succeeded", "failed", "running", "pending", "retrying"])
def test_an_outcome_never_changes(store, worker, held, outcome, later):
    row = task(worker, held, outcome, result="1")
    worker.commit(tasks=[row])
    worker.commit(tasks=[task(worker, held, later, result="2", attempt=2)])
    assert [seen.row for seen in record(store, held).tasks] == [row]


def test_a_batch_may_hold_the_mark_and_the_outcome_of_a_task(store, worker, held):
    worker.commit(tasks=[task(worker, held, "running"), task(worker, held, "succeeded")])
    assert [seen.row.status for seen in record(store, held).tasks] == ["succeeded"]


def test_a_batch_holds_outcomes_of_many_flows(store, worker):
    offsets = submit(store, *(partial(user=str(number)) for number in range(20)))
    worker.claim(*offsets)
    worker.commit(
        tasks=[task(worker, offset, result=str(offset)) for offset in offsets],
        flows=[flow_row(offset, "succeeded") for offset in offsets],
        released=offsets,
    )
    seen = [record(store, offset) for offset in offsets]
    assert [each.tasks[0].row.result for each in seen] == [str(offset) for offset in offsets]
    assert {(each.summary.status, each.place) for each in seen} == {(FlowStatus.SUCCEEDED, None)}


def test_an_attempt_that_failed_keeps_its_error(neighbour, worker, held):
    worker.commit(attempts=[attempt(worker, held, status="timed_out")])
    [seen] = neighbour.attempts(held)
    assert (seen.task, seen.number, seen.status, seen.runtime) == ("a", 1, AttemptStatus.TIMED_OUT, "worker")
    assert (seen.started_at, seen.ended_at, seen.error.line()) == (NOW + 1, NOW + 2, "ValueError: no")


def test_attempts_come_by_task_and_number(store, worker, held):
    worker.commit(attempts=[attempt(worker, held, 1, name="z"), attempt(worker, held, 1, name="b", started_at=NOW + 2)])
    worker.commit(attempts=[attempt(worker, held, 3, name="a"), attempt(worker, held, 4, name="z")])
    seen = [(each.task, each.number) for each in store.attempts(held)]
    assert seen == [("a", 3), ("b", 1), ("z", 1), ("z", 4)]


def test_an_attempt_said_twice_stands_as_it_was_said_first(store, worker, held):
    worker.commit(attempts=[attempt(worker, held)])
    worker.commit(attempts=[attempt(worker, held, status="lost", error=None), attempt(worker, held, 2)])
    assert [(each.number, each.status) for each in store.attempts(held)] == [(1, "failed"), (2, "failed")]


def test_a_lost_attempt_has_neither_error_nor_end(store, worker, held):
    worker.commit(attempts=[attempt(worker, held, status="lost", error=None, started_at=None, ended_at=None)])
    [seen] = store.attempts(held)
    assert (seen.status, seen.error, seen.started_at, seen.ended_at) == (AttemptStatus.LOST, None, None, None)


def test_a_task_shows_the_error_of_its_newest_attempt(store, worker, held):
    errors = ['{"type":"KeyError","message":"1"}', '{"type":"ValueError","message":"2"}']
    rows = [attempt(worker, held, number, error=error) for number, error in enumerate(errors, 1)]
    worker.commit(tasks=[task(worker, held, "retrying"), task(worker, held, name="b")], attempts=rows)
    assert {seen.row.name: seen.error for seen in record(store, held).tasks} == {"a": errors[1], "b": None}


def test_a_flow_keeps_its_storage_where_a_decision_did_not_change_it(store, worker, held):
    worker.commit(flows=[flow_row(held, "running", storage='{"a":5}')])
    worker.commit(flows=[flow_row(held, "failed", reason="task 'a' failed")])
    seen = record(store, held)
    assert (seen.input, seen.storage) == ('{"a":1}', '{"a":5}')
    assert (seen.summary.status, seen.summary.reason, seen.summary.ended_at) == ("failed", "task 'a' failed", NOW + 9)


def test_an_ended_flow_stays_in_the_queue_until_nothing_is_owed(store, worker, held):
    worker.commit(flows=[flow_row(held, "succeeded")])
    assert record(store, held).place.owner == "worker"
    worker.commit(released=[held])
    assert record(store, held).place is None


def test_a_parked_flow_keeps_its_place_and_has_no_owner(store, worker, held):
    worker.commit(flows=[flow_row(held, "parked", reason="5 claims without an outcome")], parked=[held])
    seen = record(store, held)
    assert (seen.summary.status, seen.summary.reason) == (FlowStatus.PARKED, "5 claims without an outcome")
    assert (seen.place.owner, seen.place.parked, seen.place.live) == (None, True, ())
    assert store.runtimes()[0].held == 0


def test_releasing_a_flow_twice_is_no_error(store, worker, held):
    worker.commit(released=[held])
    worker.commit(released=[held], parked=[held])
    assert record(store, held).place is None


def test_logs_stand_in_the_order_of_their_turns(store, worker, held):
    worker.commit(logs=[log(held, "one"), log(held, "two")])
    worker.commit(logs=[log(held, "three")])
    lines = store.logs(held, None, 0, 10)
    assert [line.message for line in lines] == ["one", "two", "three"]
    assert [line.id for line in lines] == sorted({line.id for line in lines})


def test_a_commit_shows_in_the_token_of_others(neighbour, worker, held):
    before = neighbour.change_token(0)
    worker.commit(flows=[flow_row(held, "succeeded")], released=[held])
    assert neighbour.change_token(0) != before


def test_the_deadline_of_a_task_is_there_for_who_takes_its_flow_next(store, worker, held):
    worker.commit(tasks=[task(worker, held, "running", deadline_at=NOW + 77, ended_at=None)])
    assert record(store, held).tasks[0].row.deadline_at == NOW + 77
    store.release(worker.incarnation)
    (taken,) = Worker(store, "next").claim(held)
    assert taken.tasks[0].deadline_at == NOW + 77


@pytest.mark.parametrize("storage", [None, '{"a":2}'])
def test_how_the_bodies_of_a_flow_ended_is_kept(store, worker, storage):
    offsets = submit(store, partial(), partial(user="bob"))
    worker.claim(*offsets)
    rows = [
        flow_row(offset, "cancelled", ending=ending, storage=storage)
        for offset, ending in zip(offsets, ["abandoned", None], strict=True)
    ]
    worker.commit(flows=rows, released=offsets)
    assert [record(store, offset).summary.ending for offset in offsets] == ["abandoned", None]
    assert [flow.ending for flow in store.find_flows(FlowFilter(), None, 9)] == [None, "abandoned"]
