"""What people ask of a flow: cancelled where nobody holds it, left for its holder where somebody does; and resumed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.database.builders import FAR, NOW, Worker, attempt, cancel, flow_row, partial, record, resume, submit, task
from theflow.database.codec import encode_failure
from theflow.model.failure import LOST
from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus
from theflow.model.view import FlowFilter, Request

CANCEL = Request(verb="cancel", asked_by="ann@desk", reason="ordered twice", asked_at=NOW + 50)
AGAIN = Request(verb="cancel", asked_by="bob@desk", reason="", asked_at=NOW + 60)
RESUME = Request(verb="resume", asked_by="bob@desk", reason="mended", asked_at=NOW + 70)


def done(request: Request) -> Request:
    """A request that was done at once."""
    return replace(request, handled_at=request.asked_at, answer="done")


def park(worker: Worker, offset: int) -> None:
    """Let a flow be claimed and parked."""
    worker.claim(offset)
    worker.commit(flows=[flow_row(offset, "parked", reason="it kills its process")], parked=[offset])


@pytest.mark.parametrize("run_at", [None, FAR], ids=["due", "delayed"])
def test_a_flow_that_nobody_holds_is_cancelled_at_once(store, worker, run_at):
    (offset,) = submit(store, partial(run_at=run_at))

    assert cancel(store, offset, CANCEL) is FlowStatus.CANCELLED

    summary = record(store, offset).summary
    assert (summary.status, summary.ended_at) == (FlowStatus.CANCELLED, NOW + 50)
    assert summary.reason == "cancelled by ann@desk: ordered twice"
    assert record(store, offset).place is None
    assert worker.offered(now=FAR + 1) == []
    assert store.requests(offset) == [done(CANCEL)]


def test_a_cancelled_flow_holds_nobody_of_its_queue_back(store, worker):
    first, second = submit(store, partial(), partial())
    cancel(store, first, CANCEL)
    assert worker.offered() == [second]


def test_a_parked_flow_is_cancelled_and_what_ran_of_it_is_lost(store, worker):
    (offset,) = submit(store, partial())
    worker.claim(offset)
    rows = [task(worker, offset, "running", name="a", ended_at=None), task(worker, offset, "retrying", name="b")]
    worker.commit(tasks=rows, flows=[flow_row(offset, "parked", reason="why")], parked=[offset])

    assert cancel(store, offset, CANCEL) is FlowStatus.CANCELLED

    found = {each.row.name: each.row for each in record(store, offset).tasks}
    assert {row.status for row in found.values()} == {TaskStatus.CANCELLED}
    assert {row.ended_at for row in found.values()} == {NOW + 50}
    (lost,) = store.attempts(offset)
    assert (lost.task, lost.status, lost.error) == ("a", AttemptStatus.LOST, LOST)


def test_a_flow_that_somebody_holds_is_asked_to_end_and_its_holder_hears_of_it(store, worker):
    offset, other = submit(store, partial(), partial(user="bob"))
    worker.claim(offset)
    worker.claim(other)

    assert cancel(store, offset, CANCEL) is FlowStatus.CANCELLING

    assert record(store, offset).summary.status is FlowStatus.RUNNING
    assert record(store, offset).place.asked
    assert [runtime.asked for runtime in store.runtimes()] == [1]
    assert store.asked(worker.incarnation) == [(offset, CANCEL)]


def test_to_ask_twice_changes_nothing(store, worker):
    pending, held = submit(store, partial(), partial(user="bob"))
    worker.claim(held)
    for offset, kept in ((pending, done(CANCEL)), (held, CANCEL)):
        first = cancel(store, offset, CANCEL)
        assert cancel(store, offset, AGAIN) is first
        assert store.requests(offset) == [kept]


def test_a_flow_that_has_ended_says_how(store, worker):
    (offset,) = submit(store, partial())
    worker.claim(offset)
    worker.finish(offset)

    assert cancel(store, offset, CANCEL) is FlowStatus.SUCCEEDED

    assert record(store, offset).summary.status is FlowStatus.SUCCEEDED
    assert store.requests(offset) == []


def test_a_flow_whose_hook_is_still_owed_has_ended(store, worker):
    (offset,) = submit(store, partial())
    worker.claim(offset)
    worker.commit(tasks=[task(worker, offset)], flows=[flow_row(offset, "failed", reason="no")])
    assert cancel(store, offset, CANCEL) is FlowStatus.FAILED
    assert store.asked(worker.incarnation) == []


def test_a_flow_that_nobody_knows_cannot_be_cancelled(store):
    assert cancel(store, 404, CANCEL) is None
    assert not resume(store, 404, RESUME)


@pytest.mark.parametrize("end", ["release", "take_over", "give_back"])
def test_a_request_goes_with_the_job_to_whoever_takes_the_flow_next(store, worker, end):
    (offset,) = submit(store, partial())
    worker.claim(offset)
    cancel(store, offset, CANCEL)
    if end == "give_back":
        store.give_back(worker.incarnation, [offset])
    else:
        getattr(store, end)(worker.incarnation, *((0,) if end == "take_over" else ()))

    (data,) = Worker(store, "next").claim(offset)

    assert data.status is FlowStatus.CANCELLING
    assert data.reason == CANCEL.line()


def test_a_flow_that_is_asked_to_end_is_not_parked(store, worker):
    (offset,) = submit(store, partial())
    worker.claim(offset)
    cancel(store, offset, CANCEL)
    worker.commit(flows=[flow_row(offset, "parked", reason="refused")], parked=[offset])

    (data,) = worker.claim(offset)

    assert data.status is FlowStatus.CANCELLING


def test_a_flow_that_its_runtime_left_is_ended_by_whoever_cancels_it(store, worker):
    (offset,) = submit(store, partial())
    worker.claim(offset)
    worker.commit(tasks=[task(worker, offset, "running", ended_at=None)])
    cancel(store, offset, CANCEL)
    store.take_over(worker.incarnation, 0)

    assert cancel(store, offset, AGAIN) is FlowStatus.CANCELLED

    assert [each.row.status for each in record(store, offset).tasks] == ["cancelled"]
    unheard, done_at_once = store.requests(offset)
    assert (unheard.handled_at, unheard.answer) == (AGAIN.asked_at, "not heard: the flow was cancelled")
    assert done_at_once == done(AGAIN)


def test_a_flow_is_cancelled_or_claimed_and_never_both(store, neighbour):
    offsets = submit(store, *(partial(user=f"u{number}") for number in range(20)))
    worker = Worker(neighbour)
    with ThreadPoolExecutor(1) as pool:
        cancelled = pool.submit(lambda: [cancel(store, offset, CANCEL) for offset in offsets])
        taken = [offset for offset in offsets if worker.claim(offset)]
    for offset, stand in zip(offsets, cancelled.result(), strict=True):
        held = offset in taken
        assert stand is (FlowStatus.CANCELLING if held else FlowStatus.CANCELLED)
        assert record(store, offset).summary.status is (FlowStatus.RUNNING if held else FlowStatus.CANCELLED)


def test_an_end_that_was_cancelled_never_changes(store, worker):
    (offset,) = submit(store, partial())
    worker.claim(offset)
    worker.commit(tasks=[task(worker, offset, "cancelled")])
    worker.commit(tasks=[task(worker, offset, "succeeded")])
    assert [each.row.status for each in record(store, offset).tasks] == ["cancelled"]


def test_flows_are_listed_by_how_far_their_cancelling_is(store, worker):
    pending, held = submit(store, partial(), partial(user="bob"))
    cancel(store, pending, CANCEL)
    worker.claim(held)
    worker.commit(flows=[flow_row(held, "cancelling", reason="by ann")])
    for offset, status in ((pending, FlowStatus.CANCELLED), (held, FlowStatus.CANCELLING)):
        found = store.find_flows(FlowFilter(status=status), None, 10)
        assert [flow.offset for flow in found] == [offset]


def test_a_request_moves_the_change_token(store, neighbour):
    (offset,) = submit(store, partial())
    Worker(store).claim(offset)
    before = neighbour.change_token(NOW)
    cancel(store, offset, CANCEL)
    assert neighbour.change_token(NOW) != before


def test_a_parked_flow_that_is_resumed_goes_first_and_its_claims_count_anew(store, worker):
    parked, later = submit(store, partial(), partial())
    for _ in range(2):
        worker.claim(parked)
        worker.commit(flows=[])
        store.take_over(worker.incarnation, 0)
        worker = Worker(store)
    park(worker, parked)
    assert worker.offered() == [later]

    assert resume(store, parked, RESUME)

    summary = record(store, parked).summary
    assert (summary.status, summary.reason) == (FlowStatus.RUNNING, "")
    assert worker.offered() == [parked]
    (data,) = worker.claim(parked)
    assert (data.status, data.claims) == (FlowStatus.RUNNING, 1)
    assert store.requests(parked) == [done(RESUME)]


def test_only_a_parked_flow_is_resumed(store, worker):
    pending, held = submit(store, partial(), partial(user="bob"))
    worker.claim(held)
    assert not resume(store, pending, RESUME)
    assert not resume(store, held, RESUME)
    assert store.requests(pending) == store.requests(held) == []


def test_a_lost_attempt_is_on_record_once(store, worker):
    (offset,) = submit(store, partial())
    worker.claim(offset)
    lost = attempt(worker, offset, status="lost", error=encode_failure(LOST))
    worker.commit(
        tasks=[task(worker, offset, "running", ended_at=None)],
        attempts=[lost],
        flows=[flow_row(offset, "parked", reason="why")],
        parked=[offset],
    )
    cancel(store, offset, CANCEL)
    assert len(store.attempts(offset)) == 1
