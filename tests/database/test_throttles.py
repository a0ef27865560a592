"""A queue or a class that was throttled admits nothing until then, for whoever looks."""

from __future__ import annotations

import pytest

from tests.database.builders import NOW, Worker, attempt, partial, record, submit
from theflow.model.scheme import UNLIMITED
from theflow.model.throttle import Throttle

UNTIL = NOW + 1000
EITHER = pytest.mark.parametrize("concurrency", [1, UNLIMITED])


@pytest.fixture
def worker(store):
    """A runtime with a flow of ann in hand, whose body was told to come back later."""
    made = Worker(store)
    (offset,) = submit(store, partial())
    assert made.claim(offset)
    made.offset = offset
    return made


def throttle(worker, *throttles):
    """Commit what let queues wait, with the attempt that found out."""
    worker.commit(attempts=[attempt(worker, worker.offset, status="throttled")], throttles=throttles)


@EITHER
def test_a_throttled_queue_offers_nothing_until_then(store, worker, concurrency):
    submit(store, partial())
    (other,) = submit(store, partial(user="bob"))
    throttle(worker, Throttle("order", "ann", UNTIL))
    assert worker.offered(concurrency=concurrency) == [other]
    assert len(worker.offered(concurrency=concurrency, now=UNTIL)) == 2
    assert worker.look(concurrency=concurrency)[1].again_at == UNTIL
    assert worker.look(concurrency=concurrency, now=UNTIL)[1].again_at is None


@EITHER
def test_a_throttled_class_offers_nothing_of_anybody(store, worker, concurrency):
    submit(store, partial(), partial(user="bob"))
    (mail,) = submit(store, partial("mail"))
    throttle(worker, Throttle("order", "", UNTIL), Throttle("order", "bob", UNTIL - 5))
    assert worker.offered(concurrency=concurrency) == []
    assert worker.look(concurrency=concurrency)[1].again_at == UNTIL
    assert worker.offered("mail", concurrency=concurrency) == [mail]
    assert worker.offered(concurrency=concurrency, now=UNTIL) != []


@pytest.mark.parametrize(("first", "second"), [(5, 1000), (1000, 5)])
def test_the_longest_wait_counts(worker, first, second):
    throttle(worker, Throttle("order", "ann", NOW + first))
    worker.commit(attempts=[attempt(worker, worker.offset, 2)], throttles=[Throttle("order", "ann", NOW + second)])
    seen = worker.look()[0]
    assert seen.throttled_until == UNTIL
    assert worker.store.class_record("order") == seen


def test_a_look_from_before_admits_nothing_of_a_queue_that_is_throttled_now(store, worker):
    (later,) = submit(store, partial(user="bob"))
    seen = worker.look()[0]
    throttle(worker, Throttle("order", "bob", UNTIL))
    assert worker.claim(later, seen=seen) is None


@EITHER
def test_many_flows_that_wait_hide_none_that_may_start(store, worker, concurrency):
    submit(store, *(partial() for _ in range(30)))
    others = submit(store, partial(user="bob"), partial(user="cid"))
    throttle(worker, Throttle("order", "ann", UNTIL))
    assert worker.offered(concurrency=concurrency, limit=2) == others


def test_names_are_compared_letter_by_letter(store, worker):
    others = submit(store, partial(user="Ann"), partial(user="ann "))
    throttle(worker, Throttle("order", "ann", UNTIL))
    assert worker.offered() == others


def test_where_a_flow_stands_is_said_with_what_throttles_it(store, worker):
    (later,) = submit(store, partial())
    assert record(store, later).place.throttle is None
    throttle(worker, Throttle("order", "", UNTIL), Throttle("order", "ann", NOW + 5))
    assert record(store, later).place.throttle == Throttle("order", "", UNTIL)
