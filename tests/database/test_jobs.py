"""Submitting: a job and its pending flow are saved together, under an offset that orders all jobs."""

from __future__ import annotations

import pytest

from tests.database.builders import FAR, NOW, new_id, partial, record, submit
from theflow.errors import StoreError
from theflow.model.status import FlowStatus
from theflow.model.view import FlowFilter


def test_offsets_grow_in_the_order_of_creation(store):
    offsets = [*submit(store, partial(), partial("mail"), partial(user="bob")), *submit(store, partial())]
    assert offsets == sorted(set(offsets))


def test_jobs_of_one_call_come_back_in_its_order(store):
    flows = [partial(user=user) for user in ("bob", "ann", "eve")]
    assert [job.flow_id for job in store.create_jobs(flows)] == [flow.flow_id for flow in flows]


def test_a_call_without_jobs_saves_nothing(store):
    assert store.create_jobs([]) == []
    assert store.find_flows(FlowFilter(), None, 10) == []


def test_a_saved_job_says_what_was_submitted(store):
    flow = partial("mail", "bob", description="Grüße", labels={"k": "v"}, priority=3, idempotency_key="key")
    job = store.create_jobs([flow])[0]
    assert (job.flow_id, job.created_at) == (flow.flow_id, NOW)
    assert (job.meta.flow_class, job.meta.user, job.meta.description) == ("mail", "bob", "Grüße")
    assert (job.meta.labels, job.meta.priority, job.meta.idempotency_key) == ({"k": "v"}, 3, "key")


def test_a_flow_is_pending_for_everybody_as_soon_as_its_job_is_saved(store, neighbour):
    [offset] = submit(store, partial())
    seen = record(neighbour, offset)
    assert seen.summary.status is FlowStatus.PENDING
    assert (seen.place.owner, seen.place.parked, seen.place.claims) == (None, False, 0)


def test_a_flow_says_all_that_its_job_did(store):
    flow = partial("mail", "bob", version=7, description="d", labels={"k": "v"}, priority=-3, run_at=FAR)
    seen = record(store, *submit(store, flow)).summary
    assert (seen.flow_id, seen.flow_class, seen.user, seen.version) == (flow.flow_id, "mail", "bob", 7)
    assert (seen.description, seen.labels, seen.priority, seen.run_at) == ("d", {"k": "v"}, -3, FAR)
    assert (seen.created_at, seen.started_at, seen.ended_at, seen.reason) == (NOW, None, None, "")


def test_input_and_storage_are_the_same_before_the_first_task(store):
    seen = record(store, *submit(store, partial(data=b'{"a":[1,2.5,null]}')))
    assert (seen.input, seen.storage, seen.tasks) == ('{"a":[1,2.5,null]}', '{"a":[1,2.5,null]}', ())


def test_a_job_may_be_submitted_before_anybody_knows_its_class(store):
    seen = record(store, *submit(store, partial("never_registered", version=None)))
    assert (seen.summary.flow_class, seen.summary.version) == ("never_registered", None)


def test_an_offset_is_not_used_again_after_its_flow_has_ended(store, worker):
    [first] = submit(store, partial())
    worker.claim(first)
    worker.finish(first)
    assert submit(store, partial())[0] > first


def test_a_flow_id_is_used_once(store):
    flow = partial()
    submit(store, flow)
    with pytest.raises(StoreError):
        submit(store, partial(), flow)
    assert [each.flow_id for each in store.find_flows(FlowFilter(), None, 10)] == [flow.flow_id]


def test_preparing_again_keeps_what_is_there(store, neighbour):
    [offset] = submit(store, partial())
    neighbour.prepare()
    neighbour.require()
    assert record(store, offset).summary.offset == offset


def test_closing_twice_is_no_error(store, neighbour):
    submit(neighbour, partial())
    neighbour.close()
    neighbour.close()
    assert submit(store, partial())


def test_a_write_of_somebody_else_shows_in_the_token(store, neighbour):
    before = store.change_token(0)
    submit(neighbour, partial())
    assert store.change_token(0) != before


def test_the_token_stays_while_nobody_writes(store, neighbour):
    submit(neighbour, partial())
    token = store.change_token(0)
    neighbour.find_flow(new_id(), NOW)
    assert store.change_token(0) == token
