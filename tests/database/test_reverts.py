"""A flow that is undone: asked for after any end, taken up again by whoever has room, and shown with what undoes it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.database.builders import NOW, Worker, attempt, cancel, end_of, flow_row, partial, record, submit, task
from theflow.database.batch import AnswerRow, PartRow
from theflow.database.records import SchemeRecord
from theflow.model.status import IN_DOUBT, AttemptStatus, FlowStatus, TaskStatus
from theflow.model.undo import KNOWN, UNKNOWN
from theflow.model.view import FlowFilter, Request

REVERT = Request(verb="revert", asked_by="ann@desk", reason="rain", asked_at=NOW + 50, payload={"to": "a"})
UNDOING = SchemeRecord(flow_class="order", version=1, definition='{"on_cancel":"rollback"}')
CANCEL = Request(verb="cancel", asked_by="bob@desk", reason="", asked_at=NOW + 60)
ENDS = [status for status in FlowStatus if status.ended]
RUNNING, REVERTING = FlowStatus.RUNNING, FlowStatus.REVERTING


def undo(worker: Worker, offset: int, status: str, name: str = "a", **columns: object) -> PartRow:
    """The row of what undoes a task."""
    row = PartRow(offset, f"{name}/undo", -1, status, 1, 0, "null", None, NOW, NOW + 5, worker.incarnation.id, None)
    return row._replace(**{"given": KNOWN.decode(), **columns})


def ask(store, offset: int, request: Request) -> FlowStatus | None:
    """Ask one thing; return where the flow stood."""
    return store.ask([(offset, request)])[0].stand


def ended(store, worker, status: str = "succeeded", **rows: object) -> int:
    """A flow that has ended."""
    (offset,) = submit(store, partial())
    worker.claim(offset)
    worker.commit(flows=[flow_row(offset, status, reason="so it was")], released=[offset], **rows)
    return offset


@pytest.mark.parametrize("status", ENDS)
def test_a_flow_comes_back_after_its_end_to_be_undone(store, worker, status):
    offset = ended(store, worker, status)
    (later,) = submit(store, partial())

    assert ask(store, offset, REVERT) is status

    seen = record(store, offset)
    assert (seen.summary.status, seen.place and seen.place.verbs) == (status, 1)
    assert store.requests(offset) == [REVERT]
    assert worker.offered(concurrency=9) == [offset, later]
    (flow,) = worker.claim(offset)
    assert (flow.status, flow.requests, flow.version, flow.claims) == (status, (REVERT,), 1, 1)


def test_a_flow_that_was_let_go_or_parked_is_undone_by_whoever_takes_it(store, worker):
    let_go, parked = submit(store, partial(user="x"), partial(user="y"))
    worker.claim(let_go, parked)
    worker.commit(flows=[flow_row(parked, "parked", reason="a pill")], parked=[parked])
    end_of(store, "take_over", worker.incarnation)
    told = [ask(store, offset, REVERT) for offset in (let_go, parked)]
    assert told == [RUNNING, FlowStatus.PARKED]
    flows = Worker(store, "next").claim(let_go, parked)
    assert [flow.requests for flow in flows] == [(REVERT,)] * 2


def test_the_holder_of_a_flow_hears_of_it_and_so_does_who_takes_over(store, worker):
    (offset,) = submit(store, partial())
    worker.claim(offset)
    assert ask(store, offset, REVERT) is RUNNING
    assert store.asked(worker.incarnation) == [(offset, REVERT)]
    end_of(store, "take_over", worker.incarnation)
    (flow,) = Worker(store, "next").claim(offset)
    assert (flow.status, flow.requests) == (RUNNING, (REVERT,))


@pytest.mark.parametrize("answer", ["done", "refused: so"])
def test_a_flow_that_is_being_undone_knows_how_far_whoever_takes_it_over(store, worker, answer):
    (offset,) = submit(store, partial())
    worker.claim(offset)
    ask(store, offset, REVERT)
    number = store.requests(offset)[0].id
    answers = [AnswerRow(offset, number, NOW + 60, answer, counted=True)]
    worker.commit(flows=[flow_row(offset, "reverting")], answers=answers)
    end_of(store, "take_over", worker.incarnation)
    (flow,) = Worker(store, "next").claim(offset)
    assert (flow.status, flow.requests) == (REVERTING, ())
    assert (flow.revert and flow.revert.payload) == ({"to": "a"} if answer == "done" else None)


def test_a_cancel_that_undoes_is_left_to_a_runtime_and_is_no_revert(store, worker):
    store.register([UNDOING])
    (offset,) = submit(store, partial())
    worker.claim(offset)
    end_of(store, "take_over", worker.incarnation)
    assert cancel(store, offset, CANCEL) is FlowStatus.CANCELLING
    assert record(store, offset).summary.status is RUNNING
    (flow,) = Worker(store, "next").claim(offset)
    assert (flow.status, flow.revert, flow.reason) == (FlowStatus.CANCELLING, None, "cancelled by bob@desk")


def test_a_flow_that_never_ran_is_ended_at_once_whatever_a_cancel_undoes(store):
    store.register([UNDOING])
    (offset,) = submit(store, partial())
    assert cancel(store, offset, CANCEL) is FlowStatus.CANCELLED


def test_what_does_not_fit_changes_nothing(store, worker):
    held, pending = submit(store, partial(user="x"), partial(user="bob"))
    worker.claim(held)
    cancel(store, held, CANCEL)
    told = store.ask([(offset, REVERT) for offset in (held, pending, 2**40)])
    assert [each.stand for each in told] == [RUNNING, FlowStatus.PENDING, None]
    assert "is cancelling; revert is for flows that are running, waiting, parked" in told[0].refusal
    assert store.requests(pending) == []
    assert store.asked(worker.incarnation) == [(held, CANCEL)]


def test_a_flow_that_is_undone_is_not_cancelled(store, worker):
    (offset,) = submit(store, partial())
    worker.claim(offset)
    worker.commit(flows=[flow_row(offset, "reverting")])
    assert cancel(store, offset, CANCEL) is REVERTING
    assert store.requests(offset) == []


def test_what_could_not_be_undone_has_another_outcome_only_by_a_persons_word(store, worker):
    offset = ended(store, worker, "revert_failed")
    worker.commit(parts=[undo(worker, offset, "failed", failures=2, attempt=4, given=UNKNOWN.decode())])
    ask(store, offset, REVERT)
    (flow,) = worker.claim(offset)
    answers = [AnswerRow(offset, flow.requests[0].id, NOW + 60, "done", counted=True)]
    again = undo(worker, offset, "pending", attempt=4)
    worker.commit(parts=[again], answers=answers, reopened=[(offset, "a/undo")], flows=[flow_row(offset, "reverting")])
    end_of(store, "release", worker.incarnation)
    (flow,) = Worker(store, "next").claim(offset)
    (found,) = flow.tasks
    assert (found.status, found.failures, found.attempt) == (TaskStatus.PENDING, 0, 4)


def test_what_undoes_a_task_is_shown_with_its_error_and_is_no_reason_why_the_flow_failed(store, worker):
    offset = ended(store, worker, "revert_failed")
    worker.commit(
        tasks=[task(worker, offset)],
        parts=[undo(worker, offset, "failed", given=UNKNOWN.decode())],
        attempts=[attempt(worker, offset, name="a/undo")],
    )
    shown = {each.row.name: each for each in record(store, offset).tasks}
    assert {name: (each.part, each.given) for name, each in shown.items()} == {
        "a": (0, None),
        "a/undo": (-1, UNKNOWN.decode()),
    }
    assert shown["a/undo"].error is not None
    ask(store, offset, REVERT)
    (flow,) = worker.claim(offset)
    assert flow.failure is None


@pytest.mark.parametrize("status", list(AttemptStatus))
@pytest.mark.parametrize("end", ["failed", "succeeded"])
def test_a_task_is_in_doubt_after_an_attempt_that_may_have_done_it(store, worker, status, end):
    (offset,) = submit(store, partial())
    worker.claim(offset)
    known = status not in IN_DOUBT
    attempts = [attempt(worker, offset, 1, status=status.value), attempt(worker, offset, 2)]
    worker.commit(tasks=[task(worker, offset, end, attempt=3)], attempts=attempts)
    end_of(store, "release", worker.incarnation)
    (flow,) = Worker(store, "next").claim(offset)
    assert flow.tasks[0].doubt is (end == "failed" and not known)


def test_an_attempt_that_was_cancelled_before_it_began_leaves_no_doubt(store, worker):
    (offset,) = submit(store, partial())
    worker.claim(offset)
    never = attempt(worker, offset, status="cancelled", started_at=0)
    worker.commit(tasks=[task(worker, offset, "cancelled")], attempts=[never])
    end_of(store, "release", worker.incarnation)
    (flow,) = Worker(store, "next").claim(offset)
    assert flow.tasks[0].doubt is False


@pytest.mark.parametrize("status", [FlowStatus.REVERTED, FlowStatus.REVERT_FAILED, REVERTING])
def test_flows_are_found_by_where_they_stand(store, worker, status):
    (offset, _) = submit(store, partial(), partial())
    worker.claim(offset)
    worker.commit(flows=[flow_row(offset, status)])
    found = store.find_flows(FlowFilter(status=status), None, 9)
    assert [flow.offset for flow in found] == [offset]


def test_of_two_who_ask_at_the_same_moment_both_are_on_record(store, worker):
    offset = ended(store, worker)
    with ThreadPoolExecutor(2) as threads:
        told = list(threads.map(lambda request: ask(store, offset, request), [REVERT, REVERT]))
    assert told == [FlowStatus.SUCCEEDED] * 2
    assert store.requests(offset) == [REVERT] * 2
