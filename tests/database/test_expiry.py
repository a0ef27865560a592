"""A flow that has not started when its time is up never starts, and is ended by whoever looks."""

from __future__ import annotations

import pytest

from tests.database.builders import NOW, partial, record, submit
from tests.database.test_submissions import send, send_one, unique
from tests.database.test_verbs import ask, request
from theflow.errors import InputError
from theflow.model.queue_pause import QueuePause
from theflow.model.status import FlowStatus
from theflow.model.verb import EXPIRED

LATER = NOW + 100


def expiring(store, at: int = LATER, **job: object) -> int:
    """Submit a job that has to start before a time."""
    return send_one(store, partial(expires_at=at, **job))[1]


def shown(store, offset: int) -> tuple[FlowStatus, str | None, str, int | None]:
    """How a flow has ended."""
    summary = record(store, offset).summary
    return summary.status, summary.ending, summary.reason, summary.ended_at


def test_a_flow_whose_time_is_up_ends_with_a_word_for_programs_and_a_reason_for_people(store, worker):
    offset = expiring(store)
    assert store.expire(LATER - 1, 9) == 0
    assert store.expire(LATER, 9) == 1
    assert shown(store, offset) == (FlowStatus.CANCELLED, "expired", EXPIRED, LATER)
    assert (worker.offered(), record(store, offset).place, store.expire(LATER, 9)) == ([], None, 0)


@pytest.mark.parametrize("where", ["delayed", "paused", "queue paused", "class paused", "unknown class"])
def test_it_does_not_matter_why_it_has_not_started(store, where):
    offset = expiring(store, flow_class="nobody" if where == "unknown class" else "order", run_at=LATER - 1)
    if where == "paused":
        ask(store, offset, "pause")
    if "paused" in where[5:]:
        store.pause_queue(QueuePause("order", "" if where == "class paused" else "ann", "eve", "", NOW))
    assert store.expire(LATER, 9) == 1
    assert shown(store, offset)[:2] == (FlowStatus.CANCELLED, "expired")


def test_a_flow_that_has_started_goes_on(store, worker):
    offset = expiring(store)
    (data,) = worker.claim(offset)
    assert (data.expires_at, data.expired(LATER - 1), data.expired(LATER)) == (LATER, False, True)
    assert (store.expire(LATER, 9), store.expire(LATER, 9)) == (1, 0)
    assert shown(store, offset)[0] is FlowStatus.RUNNING
    worker.finish(offset)


def test_so_many_are_ended_at_once_the_oldest_first(store):
    offsets = [expiring(store, LATER + 5 - number) for number in range(5)]
    assert store.expire(LATER + 9, 3) == 3
    stands = [shown(store, offset)[0] for offset in offsets]
    assert stands == [FlowStatus.PENDING] * 2 + [FlowStatus.CANCELLED] * 3
    assert store.expire(LATER + 9, 3) == 2


def test_what_was_asked_of_it_has_an_answer(store):
    offset = expiring(store)
    ask(store, offset, "skip", task="a")
    store.expire(LATER, 9)
    assert [each.answer for each in store.requests(offset)] == ["not heard: the flow had not started in time"]


def test_a_key_is_free_when_its_flow_has_expired(store):
    old = send_one(store, unique(expires_at=LATER))[1]
    store.expire(LATER, 9)
    assert send_one(store, unique("reject"))[1] > old


def test_a_flow_that_does_another_job_has_the_time_of_that(store):
    offset = send_one(store, unique(expires_at=LATER))[1]
    send(store, unique("replace_pending"))
    assert (store.expire(LATER, 9), record(store, offset).summary.expires_at) == (0, None)
    send(store, unique("replace_pending", expires_at=LATER + 50))
    assert (store.expire(LATER + 49, 9), store.expire(LATER + 50, 9)) == (0, 1)


def test_two_who_look_at_once_end_it_once(store, neighbour):
    offset = expiring(store)
    assert store.expire(LATER, 9) + neighbour.expire(LATER + 1, 9) == 1
    assert shown(store, offset)[3] == LATER


def test_an_edit_changes_what_is_given_and_is_on_record(store, worker):
    (offset,) = submit(store, partial(priority=1, description="old"))
    told = store.ask([(offset, request("edit_job", input={"a": 5}, priority=3, run_at=LATER, description="é"))])[0]
    found = record(store, offset)
    assert (told.stand, told.done, told.refusal) == (FlowStatus.PENDING, True, "")
    assert (found.input, found.summary.priority, found.summary.run_at) == ('{"a":5}', 3, LATER)
    (kept,) = store.requests(offset)
    assert (kept.verb, kept.asked_by, kept.reason, kept.answer) == ("edit_job", "ann", "why", "done")
    assert kept.payload == {"input": {"a": 5}, "priority": 3, "run_at": LATER, "description": "é"}
    assert (worker.offered(now=LATER - 1), worker.look(now=LATER)[1].candidates[0].priority) == ([], 3)


def test_what_an_edit_does_not_name_stays(store):
    (offset,) = submit(store, partial(priority=1, run_at=LATER, description="old"))
    before = record(store, offset)
    ask(store, offset, "edit_job", priority=2)
    after = record(store, offset)
    assert (after.input, after.summary.run_at, after.summary.description) == (before.input, LATER, "old")


def test_a_look_from_before_an_edit_counts_no_more(store, worker):
    (offset,) = submit(store, partial())
    seen, _ = worker.look()
    ask(store, offset, "edit_job", input={"a": 5})
    assert worker.claim(offset, seen=seen) is None
    (data,) = worker.claim(offset)
    assert dict(data.storage) == {"a": b"5"}


def test_a_flow_that_rests_before_it_begins_is_edited_and_one_that_has_begun_is_not(store, worker):
    (offset,) = submit(store, partial())
    ask(store, offset, "pause")
    assert ask(store, offset, "edit_job", input={"a": 5}).done
    ask(store, offset, "resume")
    worker.claim(offset)
    refusal = ask(store, offset, "edit_job", input={"a": 6}).refusal
    assert "is running; edit_job is for flows that are pending or paused" in refusal
    assert record(store, offset).input == '{"a":5}'


def test_a_start_that_would_come_too_late_is_refused(store):
    offset = expiring(store)
    assert "expires before that time" in ask(store, offset, "edit_job", run_at=LATER).refusal
    assert ask(store, offset, "edit_job", run_at=LATER - 1).done
    with pytest.raises(InputError, match="expires_at: the flow may not start before"):
        partial(expires_at=LATER, run_at=LATER)
