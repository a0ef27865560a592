"""Jobs with a unique key: what becomes of another one with it, by its policy and where the flow stands that has it."""

from __future__ import annotations

import pytest

from tests.database.builders import FAR, NOW, flow_row, partial, record, submit, task
from tests.database.test_verbs import ask, fail
from theflow.errors import IdempotencyConflict, UniqueConflict
from theflow.model.job import OnConflict
from theflow.model.status import FlowStatus
from theflow.model.submission import Outcome, Submission, Submitted

CREATED, EXISTING, REPLACED = Outcome.CREATED, Outcome.EXISTING, Outcome.REPLACED
SECOND = 1_000_000


def unique(policy: str | None = None, key: str = "k", **job: object):
    """A pending flow with a unique key."""
    return partial(unique=key, on_conflict=policy, **job)


def send(store, *flows, whole: bool = True) -> list[Submitted]:
    """Submit jobs, all or each for itself."""
    return store.submit(Submission(flows, "ann", NOW + 40, whole=whole))


def send_one(store, flow) -> tuple[Outcome, int]:
    """Submit one job."""
    (each,) = send(store, flow)
    return each.outcome, each.job.offset


def stand(store, offset: int) -> FlowStatus:
    """Where a flow stands."""
    return record(store, offset).summary.status


def bring_to(store, worker, where: str) -> int:
    """Let the flow that has the key stand somewhere."""
    offset = send_one(store, unique())[1]
    if where == "paused":
        ask(store, offset, "pause")
    if where in ("running", "cancelling", "succeeded", "parked"):
        worker.claim(offset)
    if where == "cancelling":
        ask(store, offset, "cancel")
    if where == "parked":
        worker.commit(flows=[flow_row(offset, "parked")], parked=[offset])
    if where == "succeeded":
        worker.finish(offset)
    return offset


@pytest.mark.parametrize("policy", [None, *OnConflict])
@pytest.mark.parametrize("where", ["nobody", "succeeded"])
def test_a_key_that_no_active_flow_has_is_free(store, worker, where, policy):
    old = bring_to(store, worker, where) if where != "nobody" else 0
    outcome, offset = send_one(store, unique(policy))
    assert (outcome, offset > old, stand(store, offset)) == (CREATED, True, FlowStatus.PENDING)


@pytest.mark.parametrize("where", ["pending", "paused", "running", "cancelling", "parked"])
def test_return_gives_the_flow_that_is_active(store, worker, where):
    offset = bring_to(store, worker, where)
    assert send_one(store, unique("return", data=b'{"a":9}')) == (EXISTING, offset)
    assert record(store, offset).input == '{"a":1}'


@pytest.mark.parametrize("where", ["pending", "paused", "running", "cancelling", "parked"])
def test_reject_names_the_flow_that_is_active_and_saves_nothing(store, worker, where):
    offset = bring_to(store, worker, where)
    with pytest.raises(UniqueConflict) as refused:
        send(store, partial(), unique("reject"))
    assert refused.value.flow_id == store.find_offset(offset)
    assert all(word in str(refused.value) for word in ("'k'", "'ann'", "'order'", store.find_offset(offset)))
    assert store.find_offset(offset + 1) is None


@pytest.mark.parametrize("where", ["pending", "paused"])
def test_what_has_not_begun_does_the_other_job_at_its_old_place(store, worker, where):
    offset = bring_to(store, worker, where)
    other = unique("replace_pending", data=b'{"a":9}', priority=7, description="new", labels={"x": "y"}, version=2)
    assert send_one(store, other) == (REPLACED, offset)
    found = record(store, offset)
    assert (found.input, found.storage, found.summary.priority) == ('{"a":9}', '{"a":9}', 7)
    assert (found.summary.description, found.summary.labels, found.summary.version) == ("new", {"x": "y"}, 2)
    assert found.summary.status == (FlowStatus.PAUSED if where == "paused" else FlowStatus.PENDING)
    told = store.requests(offset)[-1]
    assert (told.verb, told.asked_by, told.answer, told.handled_at) == ("replace", "ann", "done", NOW + 40)


@pytest.mark.parametrize("where", ["running", "cancelling", "parked"])
def test_what_has_begun_goes_on_and_the_other_job_comes_after_it(store, worker, where):
    old = bring_to(store, worker, where)
    before = stand(store, old)
    outcome, offset = send_one(store, unique("replace_pending"))
    assert (outcome, offset > old, stand(store, old)) == (CREATED, True, before)
    assert send_one(store, unique("replace_pending", data=b'{"a":3}')) == (REPLACED, offset)
    assert send_one(store, unique()) == (EXISTING, offset)


def test_a_running_flow_is_asked_to_end_and_the_new_one_stands_behind_it(store, worker):
    old = bring_to(store, worker, "running")
    outcome, offset = send_one(store, unique("cancel_running"))
    assert (outcome, offset > old) == (CREATED, True)
    (asked,) = store.asked(worker.incarnation)
    assert (asked[0], asked[1].verb, asked[1].asked_by) == (old, "cancel", "ann")
    assert store.find_offset(offset) in asked[1].reason
    assert worker.offered() == [offset]
    assert worker.look()[1].live == {("order", "ann"): (old,)}


@pytest.mark.parametrize("where", ["pending", "paused", "parked"])
def test_what_nobody_holds_is_cancelled_at_once_for_the_new_one(store, worker, where):
    old = bring_to(store, worker, where)
    offset = send_one(store, unique("cancel_running"))[1]
    assert (stand(store, old), stand(store, offset)) == (FlowStatus.CANCELLED, FlowStatus.PENDING)
    assert send_one(store, unique("cancel_running"))[0] is CREATED
    assert stand(store, offset) is FlowStatus.CANCELLED


def test_what_is_to_end_already_is_not_asked_twice(store, worker):
    old = bring_to(store, worker, "cancelling")
    assert send_one(store, unique("cancel_running"))[0] is CREATED
    assert len(store.requests(old)) == 1


def test_a_key_belongs_to_a_user_and_a_class(store):
    flows = [unique(), unique(user="bob"), unique(flow_class="mail"), unique(key="l"), partial()]
    assert [each.outcome for each in send(store, *flows)] == [CREATED] * 5


def test_the_later_job_of_one_call_meets_the_earlier(store):
    results = send(store, unique(), unique("replace_pending", data=b'{"a":2}'), unique(), unique("cancel_running"))
    offsets = [each.job.offset for each in results]
    assert [each.outcome for each in results] == [CREATED, REPLACED, EXISTING, CREATED]
    assert (offsets[0], offsets[1], offsets[2]) == (offsets[0],) * 3
    assert stand(store, offsets[0]) is FlowStatus.CANCELLED
    assert record(store, offsets[0]).input == '{"a":2}'


def test_each_push_puts_a_flow_off_again_until_its_limit(store, worker):
    pushed = unique(debounce=10, debounce_limit=15, data=b'{"a":0}')
    offset = send_one(store, pushed)[1]
    assert record(store, offset).summary.run_at == NOW + 10 * SECOND
    later = pushed._replace(flow_id="f2", run_at=NOW + 14 * SECOND, input=b'{"a":2}')
    assert send_one(store, later) == (REPLACED, offset)
    assert record(store, offset).summary.run_at == NOW + 14 * SECOND
    assert send_one(store, later._replace(flow_id="f3", run_at=NOW + 19 * SECOND)) == (REPLACED, offset)
    assert record(store, offset).summary.run_at == NOW + 15 * SECOND
    assert (worker.offered(now=NOW + 15 * SECOND - 1), worker.offered(now=NOW + 15 * SECOND)) == ([], [offset])
    assert store.requests(offset) == []


def test_a_look_from_before_a_flow_was_replaced_counts_no_more(store, worker):
    offset = bring_to(store, worker, "pending")
    seen, _ = worker.look()
    send(store, unique("replace_pending", data=b'{"a":9}'))
    assert worker.claim(offset, seen=seen) is None
    (data,) = worker.claim(offset)
    assert dict(data.storage) == {"a": b"9"}


def test_an_idempotency_key_goes_before_a_unique_key(store, worker):
    first = unique("cancel_running", idempotency_key="i")
    offset = send_one(store, first)[1]
    worker.claim(offset)
    assert send_one(store, unique("cancel_running", idempotency_key="i")) == (EXISTING, offset)
    assert store.asked(worker.incarnation) == []


def test_twins_of_one_call_are_one_job_whatever_their_unique_keys_say(store):
    old = send_one(store, unique())[1]
    first, second = unique(key="l", idempotency_key="i"), unique("replace_pending", idempotency_key="i")
    results = send(store, first, second)
    assert [each.outcome for each in results] == [CREATED, EXISTING]
    assert results[0].job.offset == results[1].job.offset > old
    assert store.requests(old) == []


def test_one_bad_job_stops_no_other(store):
    submit(store, partial(idempotency_key="i"))
    send(store, unique())
    bad = [unique("reject"), partial(idempotency_key="i", data=b'{"a":5}')]
    results = send(store, partial(), bad[0], partial(), bad[1], unique(key="l"), whole=False)
    assert [type(each.error) for each in results] == [
        type(None),
        UniqueConflict,
        type(None),
        IdempotencyConflict,
        type(None),
    ]
    assert [each.job is None for each in results] == [False, True, False, True, False]


def test_a_failed_flow_goes_on_with_its_key_again(store, worker):
    old = bring_to(store, worker, "pending")
    fail(worker, old)
    assert ask(store, old, "retry").refusal == ""
    assert send_one(store, unique()) == (EXISTING, old)


def test_a_failed_flow_does_not_go_on_while_another_has_its_key(store, worker):
    old = bring_to(store, worker, "pending")
    fail(worker, old)
    new = send_one(store, unique())[1]
    refusal = ask(store, old, "retry").refusal
    assert all(word in refusal for word in ("'k'", store.find_offset(new), "pending"))
    fail(worker, new)
    assert ask(store, old, "retry").refusal == ""
    assert send_one(store, unique()) == (EXISTING, old)


def test_the_key_of_a_flow_is_shown(store):
    offset = send_one(store, unique(expires_at=FAR))[1]
    shown = record(store, offset).summary
    assert (shown.unique, shown.expires_at) == ("k", FAR)


def test_tasks_of_a_replaced_flow_are_none(store, worker):
    offset = bring_to(store, worker, "running")
    worker.commit(tasks=[task(worker, offset)])
    assert send_one(store, unique("replace_pending"))[0] is CREATED
    assert len(record(store, offset).tasks) == 1
