"""A claim takes flows whole or not at all, and is counted when it is made."""

from __future__ import annotations

import pytest

from tests.database.builders import NOW, Worker, attempt, flow_row, partial, record, submit, task
from theflow.model.status import FlowStatus, TaskStatus


def test_a_claimed_flow_runs_from_its_first_claim_on(store, neighbour, worker):
    [offset] = submit(store, partial(version=None))
    worker.claim(offset, version=1)
    seen = record(neighbour, offset)
    assert (seen.summary.status, seen.summary.version, seen.summary.started_at) == (FlowStatus.RUNNING, 1, NOW + 1)
    assert (seen.place.owner, seen.place.claims, seen.place.live) == ("worker", 1, (offset,))


def test_a_pending_flow_is_handed_out_as_pending(store, worker):
    flow = partial(description="d", labels={"k": "v"}, data=b'{"a":[1,2.5],"b":{"c":null}}')
    [data] = worker.claim(*submit(store, flow))
    assert (data.status, data.tasks, data.claims, data.damage) == (FlowStatus.PENDING, (), 1, "")
    assert data.storage == {"a": b"[1,2.5]", "b": b'{"c":null}'}
    assert (data.job.flow_id, data.job.created_at) == (flow.flow_id, NOW)
    assert (data.job.meta.user, data.job.meta.description, data.job.meta.labels) == ("ann", "d", {"k": "v"})


def test_flows_come_in_the_order_of_the_claims(store, worker):
    offsets = submit(store, *(partial(user=str(number)) for number in range(5)))
    wanted = [offsets[number] for number in (3, 0, 4, 1, 2)]
    assert [data.job.offset for data in worker.claim(*wanted)] == wanted


def test_an_empty_claim_is_a_turn(store, worker):
    assert worker.claim() == []
    assert store.read_turn(worker.incarnation) == 1


def test_every_claim_makes_older_looks_void(store, worker):
    first, second = submit(store, partial(), partial(user="bob"))
    rival = Worker(store, "rival")
    seen, _ = rival.look()
    worker.claim(first)
    assert rival.claim(second, seen=seen) is None
    assert record(store, second).place.owner is None


def test_a_claim_does_not_void_looks_at_other_classes(store, worker):
    order, mail = submit(store, partial(), partial("mail"))
    seen, _ = worker.look("mail")
    worker.claim(order)
    assert worker.claim(mail, seen=seen) is not None


@pytest.mark.parametrize("obstacle", ["held", "parked", "ended", "missing"])
def test_a_claim_with_one_flow_that_is_not_free_takes_none(store, worker, obstacle):
    free, other = submit(store, partial(user="bob"), partial())
    worker.claim(other)
    if obstacle == "parked":
        worker.commit(flows=[flow_row(other, "parked")], parked=[other])
    elif obstacle == "ended":
        worker.finish(other)
    wanted = other + 99 if obstacle == "missing" else other
    seen, turn = worker.look()[0], store.read_turn(worker.incarnation)
    assert worker.claim(free, wanted) is None
    assert (worker.look()[0], store.read_turn(worker.incarnation)) == (seen, turn)
    assert (record(store, free).summary.status, record(store, free).place.claims) == (FlowStatus.PENDING, 0)


def test_a_claim_that_names_a_flow_twice_takes_none(store, worker):
    [offset] = submit(store, partial())
    assert worker.claim(offset, offset) is None
    assert record(store, offset).place.owner is None


def test_a_turn_is_free_for_another_try_after_a_claim_that_took_nothing(store, worker):
    [offset] = submit(store, partial())
    stale, _ = worker.look()
    Worker(store, "rival").claim()
    assert worker.claim(offset, seen=stale) is None
    assert worker.claim(offset) is not None


def test_claims_without_an_outcome_add_up(store):
    [offset] = submit(store, partial())
    assert [claim_and_die(store, offset) for _ in range(3)] == [1, 2, 3]


def test_an_outcome_makes_the_count_start_again(store):
    [offset] = submit(store, partial())
    assert [claim_and_die(store, offset), claim_and_die(store, offset)] == [1, 2]
    assert [claim_and_die(store, offset, ended="a"), claim_and_die(store, offset)] == [3, 1]
    assert [claim_and_die(store, offset), claim_and_die(store, offset, ended="b")] == [2, 3]
    assert claim_and_die(store, offset) == 1


def test_a_mark_is_no_outcome(store):
    [offset] = submit(store, partial())
    counts = []
    for status in ("running", "retrying", "pending", "running"):
        worker = Worker(store)
        counts.append(worker.claim(offset)[0].claims)
        worker.commit(tasks=[task(worker, offset, status, ended_at=None)])
        store.take_over(worker.incarnation, 0)
    assert counts == [1, 2, 3, 4]


def test_a_clean_release_takes_its_claim_back(store):
    [offset] = submit(store, partial())
    counts = [claim_and_die(store, offset)]
    for _ in range(3):
        worker = Worker(store)
        counts.append(worker.claim(offset)[0].claims)
        store.release(worker.incarnation)
    assert [*counts, claim_and_die(store, offset)] == [1, 2, 2, 2, 2]


def test_outcomes_from_before_a_clean_release_do_not_start_the_count_again(store, worker):
    [offset] = submit(store, partial())
    worker.claim(offset)
    worker.commit(tasks=[task(worker, offset)])
    store.release(worker.incarnation)
    assert [claim_and_die(store, offset) for _ in range(3)] == [1, 2, 3]


def test_a_look_shows_the_claims(store):
    [offset] = submit(store, partial())
    claim_and_die(store, offset)
    assert [candidate.claims for candidate in Worker(store).look()[1].candidates] == [1]


def test_a_flow_goes_on_with_its_storage_and_tasks(store, worker):
    [offset] = submit(store, partial(version=None))
    worker.claim(offset, version=1)
    rows = [task(worker, offset, result='{"r":1}'), task(worker, offset, "retrying", name="b", failures=1, retry_at=9)]
    worker.commit(tasks=rows, flows=[flow_row(offset, "running", storage='{"a":2,"n":[]}')])
    store.take_over(worker.incarnation, 0)
    [data] = Worker(store).claim(offset, version=3)
    assert (data.status, data.version, data.started_at) == (FlowStatus.RUNNING, 1, NOW + 1)
    assert data.storage == {"a": b"2", "n": b"[]"}
    first, second = sorted(data.tasks, key=lambda each: each.name)
    assert (first.status, first.attempt, first.result) == (TaskStatus.SUCCEEDED, 1, b'{"r":1}')
    assert (second.status, second.failures, second.retry_at) == (TaskStatus.RETRYING, 1, 9)


def test_an_ended_flow_whose_hook_is_owed_is_handed_out_as_ended(store, worker):
    [offset] = submit(store, partial())
    worker.claim(offset)
    worker.commit(tasks=[task(worker, offset)], flows=[flow_row(offset, "succeeded")])
    store.release(worker.incarnation)
    [data] = Worker(store).claim(offset)
    assert (data.status, data.ended_at) == (FlowStatus.SUCCEEDED, NOW + 9)


def test_a_failed_flow_whose_hook_is_owed_says_which_error_was_the_first(store, worker):
    [offset] = submit(store, partial())
    worker.claim(offset)
    rows = [task(worker, offset, "failed", name=name, ended_at=NOW + end) for name, end in (("a", 8), ("b", 7))]
    late, first = (f'{{"type":"Error","message":"{name}"}}' for name in "ab")
    errors = [attempt(worker, offset, error=late), attempt(worker, offset, name="b", error=first)]
    worker.commit(tasks=rows, attempts=errors, flows=[flow_row(offset, "failed")])
    store.release(worker.incarnation)
    [data] = Worker(store).claim(offset)
    assert (data.status, data.failure.line()) == (FlowStatus.FAILED, "Error: b")


def claim_and_die(store, offset, ended=None):
    """Claim a flow, let a task end if one is named, and be taken over; return the count of the claim."""
    worker = Worker(store)
    [data] = worker.claim(offset)
    if ended is not None:
        worker.commit(tasks=[task(worker, offset, name=ended)])
    store.take_over(worker.incarnation, 0)
    return data.claims
