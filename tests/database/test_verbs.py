"""What people ask of a flow besides its end: done at once, left with its job, or refused; and what came of it."""

from __future__ import annotations

import pytest

from tests.database.builders import FAR, NOW, Worker, cancel, flow_row, partial, record, submit, task
from theflow.database.batch import AnswerRow, ClaimRow
from theflow.database.records import Told
from theflow.model.status import FlowStatus
from theflow.model.view import FlowFilter, Request

HOUR = 3_600_000_000


def request(verb: str, at: int = NOW + 50, **payload: object) -> Request:
    """Something that somebody asks."""
    return Request(verb=verb, asked_by="ann", reason="why", asked_at=at, payload=payload)


def ask(store, offset: int, verb: str, at: int = NOW + 50, **payload: object) -> Told:
    """Ask one thing."""
    return store.ask([(offset, request(verb, at, **payload))])[0]


def fail(worker: Worker, offset: int) -> None:
    """Let a flow be claimed, fail, and leave its queue."""
    worker.claim(offset)
    worker.commit(tasks=[task(worker, offset, "failed")], flows=[flow_row(offset, "failed")], released=[offset])


def test_a_request_waits_with_the_job_of_a_flow_and_its_holder_hears_of_it_in_order(store, worker):
    (offset,) = submit(store, partial())
    worker.claim(offset)
    told = [ask(store, offset, verb, task="a", result={"n": [1, None]}) for verb in ("skip", "mark_done")]
    assert [(each.stand, each.done, each.refusal) for each in told] == [(FlowStatus.RUNNING, False, "")] * 2
    first, second = store.asked(worker.incarnation)
    assert first == (offset, request("skip", task="a", result={"n": [1, None]}))
    assert [first[1].id, second[1].id] == [each.id for each in told]
    assert [runtime.asked for runtime in store.runtimes()] == [1]


def test_what_came_of_a_request_is_said_once_and_nobody_hears_of_it_again(store, worker):
    (offset,) = submit(store, partial())
    worker.claim(offset)
    number = ask(store, offset, "skip", task="a").id
    worker.commit(answers=[AnswerRow(offset, number, NOW + 60, "done", counted=True)])
    worker.commit(answers=[AnswerRow(offset, number, NOW + 70, "refused", counted=True)])
    (kept,) = store.requests(offset)
    assert (kept.handled_at, kept.answer) == (NOW + 60, "done")
    assert store.asked(worker.incarnation) == []
    assert [runtime.asked for runtime in store.runtimes()] == [0]


def test_a_flow_that_has_ended_gets_its_job_again_at_its_old_place(store, worker):
    failed, later = submit(store, partial(), partial())
    fail(worker, failed)
    assert ask(store, failed, "retry").stand is FlowStatus.FAILED
    assert worker.offered() == [failed]
    (data,) = worker.claim(failed)
    assert (data.status, data.reopened, [each.verb for each in data.requests]) == (FlowStatus.FAILED, True, ["retry"])
    assert [each.name for each in data.tasks] == ["a"]
    assert later in worker.offered(concurrency=2)


def test_an_outcome_that_was_taken_back_is_followed_by_another(store, worker):
    (offset,) = submit(store, partial())
    fail(worker, offset)
    number = ask(store, offset, "retry").id
    worker.claim(offset)
    answers = [AnswerRow(offset, number, NOW + 60, "done", counted=True)]
    worker.commit(
        tasks=[task(worker, offset, "pending", attempt=1, ended_at=None)],
        flows=[flow_row(offset, "running")],
        reopened=[(offset, "a")],
        answers=answers,
    )
    worker.commit(tasks=[task(worker, offset, "succeeded", attempt=2)])
    found = record(store, offset)
    assert [(each.row.status, each.row.attempt) for each in found.tasks] == [("succeeded", 2)]
    assert (found.summary.status, found.summary.ended_at) == (FlowStatus.RUNNING, None)


def test_a_flow_that_ends_before_it_was_heard_what_is_asked_of_it_stays_in_the_queue_for_that(store, worker):
    (offset,) = submit(store, partial())
    worker.claim(offset)
    ask(store, offset, "skip", task="b")
    worker.finish(offset)
    assert worker.offered() == [offset]
    (data,) = worker.claim(offset)
    assert (data.status, data.reopened, len(data.requests)) == (FlowStatus.SUCCEEDED, True, 1)
    number = data.requests[0].id
    worker.commit(answers=[AnswerRow(offset, number, NOW, "refused: too late", counted=True)], released=[offset])
    assert record(store, offset).place is None


def test_a_pending_flow_is_read_with_what_was_asked_of_it_where_a_look_has_seen_that(store, worker):
    (offset,) = submit(store, partial())
    ask(store, offset, "skip", task="a")
    seen, look = worker.look()
    (head,) = look.candidates
    assert head.verbs == 1
    (data,) = store.claim(worker.fence, seen, [ClaimRow(offset, 1, NOW, head.verbs)])
    assert (data.status, [each.verb for each in data.requests]) == (FlowStatus.PENDING, ["skip"])


def test_a_flow_that_has_not_started_is_paused_at_once_and_resumed_as_it_was(store, worker):
    (offset,) = submit(store, partial())
    assert ask(store, offset, "pause")[::2] == (FlowStatus.PAUSED, True)
    summary = record(store, offset).summary
    assert (summary.status, summary.reason, worker.offered()) == (FlowStatus.PAUSED, "paused by ann: why", [])
    assert [flow.offset for flow in store.find_flows(FlowFilter(status=FlowStatus.PAUSED), None, 9)] == [offset]
    assert ask(store, offset, "resume")[::2] == (FlowStatus.PENDING, True)
    assert worker.offered() == [offset]


@pytest.mark.parametrize(("timers", "left"), [("run", HOUR), ("hold", HOUR + 1000)])
def test_what_was_left_of_the_waits_of_a_paused_flow_is_left_if_it_was_to_be_held(store, worker, timers, left):
    delayed, waits = submit(store, partial(run_at=NOW + HOUR), partial(user="bob"))
    ask(store, delayed, "pause", at=NOW, timers=timers)
    worker.claim(waits)
    ask(store, waits, "pause", at=NOW, timers=timers)
    row = task(worker, waits, "retrying", retry_at=NOW + HOUR, ended_at=None)
    answers = [AnswerRow(waits, store.requests(waits)[0].id, NOW, "done", counted=True)]
    flows = [flow_row(waits, "paused", reason="by ann")]
    worker.commit(tasks=[row], flows=flows, parked=[waits], paused=[(waits, NOW)], answers=answers)
    for offset in (delayed, waits):
        assert ask(store, offset, "resume", at=NOW + 1000).done
    assert record(store, delayed).summary.run_at == NOW + left
    assert record(store, waits).tasks[0].row.retry_at == NOW + left
    assert worker.offered(now=NOW + left - 1) == [waits]
    assert worker.offered(now=NOW + left, concurrency=2) == [delayed, waits]


def test_a_delayed_flow_is_due_when_somebody_says_so(store, worker):
    (offset,) = submit(store, partial(run_at=FAR))
    assert ask(store, offset, "run_now", at=NOW - 1).done
    assert worker.offered() == [offset]
    assert record(store, offset).summary.run_at == NOW - 1


def test_a_flow_that_rests_is_let_in_for_what_is_asked_of_it(store, worker):
    (offset,) = submit(store, partial())
    worker.claim(offset)
    worker.commit(flows=[flow_row(offset, "parked", reason="a pill")], parked=[offset])
    ask(store, offset, "skip", task="a")
    (data,) = worker.claim(offset)
    assert (data.status, data.reason, len(data.requests)) == (FlowStatus.PARKED, "a pill", 1)
    answers = [AnswerRow(offset, data.requests[0].id, NOW, "done", counted=True)]
    worker.commit(answers=answers, parked=[offset])
    assert worker.offered() == []


def test_several_things_are_asked_in_one_transaction_each_on_its_own(store, worker):
    first, second, gone = submit(store, partial(), partial(user="bob"), partial(user="eve"))
    worker.claim(gone)
    worker.finish(gone)
    wanted = [(gone, "pause"), (second, "pause"), (404, "pause"), (first, "cancel")]
    told = store.ask([(offset, request(verb)) for offset, verb in wanted])
    stands = [FlowStatus.SUCCEEDED, FlowStatus.PAUSED, None, FlowStatus.CANCELLED]
    assert [each.stand for each in told] == stands
    assert told[0].refusal.endswith("is succeeded; pause is for flows that are pending or running")
    assert store.count_flows(FlowFilter(status=FlowStatus.PAUSED, user="bob")) == 1


def test_nothing_but_its_end_is_asked_of_a_flow_that_is_to_end(store, worker):
    (offset,) = submit(store, partial())
    worker.claim(offset)
    cancel(store, offset, request("cancel"))
    assert "is cancelling" in ask(store, offset, "skip", task="a").refusal
    assert len(store.requests(offset)) == 1
