"""Queues and classes that are paused: nothing of them starts, who did it is on record, and no older look counts."""

from __future__ import annotations

import pytest

from tests.database.builders import NOW, Worker, partial, submit
from theflow.model.queue_pause import QueuePause
from theflow.model.scheme import UNLIMITED

CLASS, QUEUE = QueuePause("order", "", "eve", "why", NOW), QueuePause("order", "ann", "eve", "", NOW)


@pytest.mark.parametrize("pause", [CLASS, QUEUE], ids=["class", "queue"])
def test_what_is_paused_is_shown_with_its_class_until_it_is_resumed(store, worker, pause):
    assert store.pause_queue(pause)
    assert not store.pause_queue(pause)
    assert worker.look()[0].pauses == (pause,)
    assert worker.look("mail")[0].pauses == ()
    assert store.pauses() == [pause]
    assert store.resume_queue(pause._replace(asked_by="ann"))
    assert not store.resume_queue(pause)
    assert store.class_record("order").pauses == ()
    kept = [(each.verb, each.asked_by, each.payload["user"]) for each in store.requests(0)]
    assert kept == [("pause", "eve", pause.user), ("resume", "ann", pause.user)]


def test_who_looked_before_a_pause_admits_nothing_after_it(store, worker):
    (offset,) = submit(store, partial())
    seen, _ = worker.look()
    store.pause_queue(QUEUE)
    assert worker.claim(offset, seen=seen) is None


def test_a_class_is_paused_before_anybody_has_registered_it(store):
    pause = QueuePause("unheard", "", "eve", "", NOW)
    assert store.pause_queue(pause)
    assert store.class_record("unheard").pauses == (pause,)


@pytest.mark.parametrize("concurrency", [1, UNLIMITED])
def test_a_look_goes_around_a_queue_that_is_paused(store, worker, concurrency):
    offsets = submit(store, *(partial() for _ in range(5)), partial(user="bob"))
    store.pause_queue(QUEUE)
    assert worker.offered(concurrency=concurrency, limit=3) == offsets[5:]


def test_a_pause_moves_the_change_token(store, neighbour):
    Worker(store)
    before = neighbour.change_token(NOW)
    store.pause_queue(CLASS)
    assert neighbour.change_token(NOW) != before
