"""A look shows who may be next, and who holds the places of the queues."""

from __future__ import annotations

import pytest

from tests.database.builders import FAR, NOW, Worker, flow_row, partial, submit
from theflow.model.look import Candidate
from theflow.model.scheme import UNLIMITED

SOON = NOW + 1_000_000


def test_an_empty_queue_offers_nothing(worker):
    _, look = worker.look()
    assert (look.now, look.candidates, dict(look.live)) == (NOW, (), {})


def test_a_candidate_says_what_shaping_asks(store, worker):
    [offset] = submit(store, partial(user="bob", version=None, priority=4, run_at=NOW - 1))
    assert worker.look()[1].candidates == (
        Candidate(offset=offset, flow_class="order", user="bob", version=None, priority=4, run_at=NOW - 1, claims=0),
    )


def test_a_look_sees_one_class(store, worker):
    order, mail = submit(store, partial("order"), partial("mail"))
    assert (worker.offered("order"), worker.offered("mail"), worker.offered("none")) == ([order], [mail], [])


def test_only_the_head_of_each_ordered_queue_is_offered(store, worker):
    ann, _, bob, _ = submit(store, partial(), partial(), partial(user="bob"), partial(user="bob"))
    assert worker.offered(concurrency=1) == [ann, bob]


def test_as_many_heads_are_offered_as_may_run_at_once(store, worker):
    offsets = submit(store, *(partial() for _ in range(5)))
    assert worker.offered(concurrency=3) == offsets[:3]


def test_without_order_all_flows_are_offered(store, worker):
    offsets = submit(store, *(partial() for _ in range(5)))
    assert worker.offered(concurrency=UNLIMITED) == offsets


@pytest.mark.parametrize("concurrency", [1, UNLIMITED])
def test_priority_goes_before_offset(store, worker, concurrency):
    low, high, middle = submit(store, *(partial(user=str(level), priority=level) for level in (-1, 5, 0)))
    assert worker.offered(concurrency=concurrency) == [high, middle, low]


def test_priority_does_not_change_the_order_within_a_queue(store, worker):
    first, _ = submit(store, partial(), partial(priority=9))
    assert worker.offered(concurrency=1) == [first]


def test_queues_go_by_the_priority_of_their_first_flow(store, worker):
    ann, later, bob = submit(store, partial(), partial(priority=9), partial(user="bob", priority=5))
    assert worker.offered(concurrency=2) == [bob, ann, later]
    assert worker.offered(concurrency=2, limit=1) == [bob]


@pytest.mark.parametrize("concurrency", [1, UNLIMITED])
def test_the_limit_cuts_after_priority(store, worker, concurrency):
    offsets = submit(store, *(partial(user=str(level), priority=level) for level in range(4)))
    assert worker.offered(concurrency=concurrency, limit=2) == [offsets[3], offsets[2]]


def test_queues_that_are_full_leave_room_for_others_within_the_limit(store, worker):
    full, *_ = submit(store, *(partial(priority=9) for _ in range(5)))
    worker.claim(full)
    [other] = submit(store, partial(user="bob"))
    assert other in worker.offered(concurrency=1, limit=1)


@pytest.mark.parametrize("concurrency", [1, UNLIMITED])
def test_a_flow_is_offered_from_its_time_on_and_not_before(store, worker, concurrency):
    [offset] = submit(store, partial(run_at=SOON))
    assert worker.offered(concurrency=concurrency, now=SOON - 1) == []
    assert worker.offered(concurrency=concurrency, now=SOON) == [offset]


def test_a_flow_that_is_not_due_holds_nobody_back(store, worker):
    _, second = submit(store, partial(run_at=FAR), partial())
    assert worker.offered(concurrency=1) == [second]


def test_ordered_queues_are_offered_whatever_version_they_ask_for(store, worker):
    heads = submit(store, partial(version=9), partial(user="bob", version=None))
    assert worker.offered(concurrency=1, versions=(1,)) == heads


def test_without_order_only_flows_of_known_versions_are_offered(store, worker):
    _, any_version, known = submit(store, partial(version=9), partial(version=None), partial(version=2))
    assert worker.offered(concurrency=UNLIMITED, versions=(1, 2)) == [any_version, known]


def test_a_held_flow_is_not_offered_and_holds_a_place(store, worker):
    held, second, other = submit(store, partial(), partial(), partial(user="bob"))
    worker.claim(held)
    _, look = worker.look(concurrency=2)
    assert [candidate.offset for candidate in look.candidates] == [second, other]
    assert dict(look.live) == {("order", "ann"): (held,)}


def test_the_places_of_a_queue_are_in_order_whoever_holds_them(store, worker):
    offsets = submit(store, *(partial() for _ in range(4)))
    Worker(store, "rival").claim(offsets[1])
    worker.claim(offsets[2], offsets[0])
    assert worker.look(concurrency=4)[1].live["order", "ann"] == tuple(offsets[:3])


@pytest.mark.parametrize("concurrency", [1, UNLIMITED])
def test_a_parked_flow_is_neither_offered_nor_does_it_hold_a_place(store, worker, concurrency):
    parked, second = submit(store, partial(), partial())
    worker.claim(parked)
    worker.commit(flows=[flow_row(parked, "parked")], parked=[parked])
    _, look = worker.look(concurrency=concurrency)
    assert [candidate.offset for candidate in look.candidates] == [second]
    assert dict(look.live) == {}


@pytest.mark.parametrize("concurrency", [1, UNLIMITED])
def test_a_flow_that_has_ended_is_not_offered(store, worker, concurrency):
    ended, second = submit(store, partial(), partial())
    worker.claim(ended)
    worker.finish(ended)
    assert worker.offered(concurrency=concurrency) == [second]


def test_flows_that_were_freed_go_first_in_their_queues(store, worker):
    first, second = submit(store, partial(), partial())
    worker.claim(first)
    store.take_over(worker.incarnation, 0)
    assert Worker(store, "next").offered() == [first]
    assert second > first


def test_a_flow_that_has_started_asks_for_the_version_it_started_with(store, worker):
    [offset] = submit(store, partial(version=None))
    worker.claim(offset, version=1)
    store.take_over(worker.incarnation, 0)
    heir = Worker(store, "next")
    assert heir.look()[1].candidates[0].version == 1
    assert heir.offered(concurrency=UNLIMITED, versions=(2,)) == []


def test_users_are_told_apart_by_every_character(store, worker):
    users = ["ann", "Ann", "ann ", "änn", "a%", "a_"]
    offsets = submit(store, *(partial(user=user) for user in users))
    assert worker.offered(concurrency=1) == offsets


def test_a_look_changes_nothing(store, worker):
    submit(store, partial())
    assert worker.look() == worker.look()
