"""The same key twice is one flow; the same key with another input is an error, and nothing of the call is saved."""

from __future__ import annotations

import pytest

from tests.database.builders import partial, submit
from theflow.errors import IdempotencyConflict
from theflow.model.view import FlowFilter


def test_a_key_returns_the_flow_that_it_made_first(store, neighbour):
    first = store.create_jobs([partial(idempotency_key="k")])[0]
    again = neighbour.create_jobs([partial(idempotency_key="k")])[0]
    assert (again.offset, again.flow_id, again.created_at) == (first.offset, first.flow_id, first.created_at)
    assert all_ids(store) == [first.flow_id]


def test_a_key_twice_in_one_call_makes_one_flow(store):
    one, other, twin = submit(store, partial(idempotency_key="k"), partial(), partial(idempotency_key="k"))
    assert one == twin != other
    assert len(all_ids(store)) == 2


def test_a_job_without_a_key_is_always_a_new_one(store):
    assert len(set(submit(store, partial(), partial()))) == 2


@pytest.mark.parametrize("other", [{"user": "bob"}, {"flow_class": "mail"}, {"idempotency_key": "K"}])
def test_a_key_belongs_to_a_user_and_a_class(store, other):
    first, second = submit(store, partial(idempotency_key="k"), partial(**{"idempotency_key": "k", **other}))
    assert first != second


def test_f53_a_key_is_known_after_its_flow_has_ended(store, worker):
    [offset] = submit(store, partial(idempotency_key="k"))
    worker.claim(offset)
    worker.finish(offset)
    assert submit(store, partial(idempotency_key="k")) == [offset]


def test_what_exists_is_returned_as_it_was_submitted_first(store):
    submit(store, partial(idempotency_key="k", description="first", labels={"n": "1"}))
    again = store.create_jobs([partial(idempotency_key="k", description="second")])[0]
    assert (again.meta.description, again.meta.labels) == ("first", {"n": "1"})


def test_spaces_and_the_order_of_keys_make_no_other_input(store):
    first = submit(store, partial(data=b'{"a":1,"b":[true,null]}', idempotency_key="k"))
    assert submit(store, partial(data=b'{ "b": [true, null], "a": 1 }', idempotency_key="k")) == first


@pytest.mark.parametrize("data", [b'{"a":2}', b'{"a":"1"}', b'{"a":true}', b"{}", b'{"a":1,"b":null}', b'{"a":[1]}'])
def test_f53_another_input_under_a_key_is_a_conflict_that_names_key_and_flow(store, data):
    first = store.create_jobs([partial(data=b'{"a":1}', idempotency_key="k")])[0]
    with pytest.raises(IdempotencyConflict) as caught:
        submit(store, partial(data=data, idempotency_key="k"))
    assert "'k'" in str(caught.value)
    assert first.flow_id in str(caught.value)


def test_a_conflict_saves_nothing_of_the_call(store):
    first = store.create_jobs([partial(idempotency_key="k")])[0]
    with pytest.raises(IdempotencyConflict):
        submit(store, partial(), partial(idempotency_key="new"), partial(data=b'{"a":2}', idempotency_key="k"))
    assert all_ids(store) == [first.flow_id]
    assert store.create_jobs([partial(data=b'{"a":3}', idempotency_key="new")])[0].offset > first.offset


def test_two_inputs_under_one_new_key_in_one_call_are_a_conflict(store):
    with pytest.raises(IdempotencyConflict, match="'k'"):
        submit(store, partial(idempotency_key="k"), partial(data=b'{"a":2}', idempotency_key="k"))
    assert all_ids(store) == []


def all_ids(store):
    """The ids of all flows, oldest first."""
    return [flow.flow_id for flow in reversed(store.find_flows(FlowFilter(), None, 100))]
