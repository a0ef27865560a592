"""A runtime holds its name from bootstrap until it stops or is taken over."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.database.builders import NOW, Worker, end_of, holder, partial, record, submit
from theflow.database.records import Incarnation
from theflow.errors import Fenced, RuntimeNameTaken
from theflow.model.status import FlowStatus


def test_the_first_epoch_is_one_and_the_first_turn_is_none(store):
    incarnation = store.take_name(holder("w"), NOW)
    assert (incarnation.name, incarnation.epoch, store.read_turn(incarnation)) == ("w", 1, 0)


def test_a_name_that_a_live_runtime_holds_is_taken(store, neighbour):
    store.take_name(holder("w", host="attic", pid=815), NOW)
    with pytest.raises(RuntimeNameTaken) as caught:
        neighbour.take_name(holder("w"), NOW)
    since = datetime.fromtimestamp(NOW / 1_000_000, UTC).isoformat(timespec="seconds")
    assert all(word in str(caught.value) for word in ("'w'", "attic", "815", since, "stop", "another name"))


def test_another_name_is_another_runtime(store):
    assert store.take_name(holder("w"), NOW).id != store.take_name(holder("v"), NOW).id


def test_a_live_runtime_is_listed_with_where_it_lives_and_what_it_holds(store):
    lives = holder("w", host="attic", pid=815, life="life-7", flows=32, classes='{"order":[1]}')
    incarnation = store.take_name(lives, NOW)
    [seen] = store.runtimes()
    assert (seen.incarnation, seen.holder) == (incarnation, lives)
    assert (seen.state, seen.beat, seen.started_at, seen.held) == ("live", 0, NOW, 0)


def test_a_runtime_is_listed_with_the_number_of_its_flows(store, worker):
    worker.claim(*submit(store, partial(), partial(user="bob")))
    assert [seen.held for seen in store.runtimes()] == [2]


def test_a_beat_shows_to_everybody(store, neighbour, worker):
    before = neighbour.runtimes()[0].beat
    assert store.beat(worker.incarnation) is True
    assert neighbour.runtimes()[0].beat > before


def test_a_beat_tells_how_many_threads_are_lost(store, neighbour, worker):
    assert neighbour.runtimes()[0].lost_threads == 0
    store.beat(worker.incarnation, 3)
    assert [seen.lost_threads for seen in neighbour.runtimes()] == [3]
    store.beat(worker.incarnation, 0)
    assert neighbour.runtimes()[0].lost_threads == 0


def test_a_runtime_that_was_taken_over_beats_no_more(store, worker):
    store.take_over(worker.incarnation, 0)
    assert store.beat(worker.incarnation) is False


def test_a_runtime_that_released_beats_no_more(store, worker):
    store.release(worker.incarnation)
    assert store.beat(worker.incarnation) is False


def test_nobody_beats_for_an_incarnation_that_never_was(store, worker):
    known = worker.incarnation
    assert store.beat(Incarnation(id=known.id + 9, name="ghost", epoch=1)) is False
    assert store.beat(Incarnation(id=known.id, name=known.name, epoch=known.epoch + 1)) is False


@pytest.mark.parametrize("end", ["take_over", "release"])
def test_a_name_is_free_after_its_holder_is_gone(store, neighbour, end):
    old = store.take_name(holder("w"), NOW)
    end_of(store, end, old)
    new = neighbour.take_name(holder("w"), NOW)
    assert (new.epoch, new.id > old.id) == (1, True)
    assert [seen.incarnation for seen in store.runtimes()] == [new]


def test_taking_over_frees_the_flows_and_counts_them(store, neighbour, worker):
    offsets = submit(store, partial(), partial(user="bob"), partial(user="eve"))
    worker.claim(*offsets[:2])
    assert neighbour.take_over(worker.incarnation, 0) == 2
    assert Worker(neighbour, "next").offered() == offsets
    assert record(store, offsets[0]).summary.status is FlowStatus.RUNNING


def test_taking_over_a_runtime_without_flows_frees_none(store, worker):
    assert store.take_over(worker.incarnation, 0) == 0


def test_an_incarnation_is_taken_over_once(store, neighbour, worker):
    assert (store.take_over(worker.incarnation, 0), neighbour.take_over(worker.incarnation, 0)) == (0, -1)


def test_what_changed_since_it_was_seen_is_left_alone(store, worker):
    stale = Incarnation(id=worker.incarnation.id, name="worker", epoch=worker.incarnation.epoch - 1)
    assert store.take_over(stale, 0) == -1
    assert store.beat(worker.incarnation) is True


def test_who_beat_since_it_was_seen_is_left_alone(store, neighbour, worker):
    [offset] = submit(store, partial())
    worker.claim(offset)
    [seen] = neighbour.runtimes()
    assert store.beat(worker.incarnation) is True
    assert neighbour.take_over(seen.incarnation, seen.beat) == -1
    assert (store.beat(worker.incarnation), record(store, offset).place.owner) == (True, "worker")
    assert neighbour.take_over(seen.incarnation, seen.beat + 2) == 1


def test_taking_over_leaves_the_flows_of_others(store, worker):
    mine, other = submit(store, partial(), partial(user="bob"))
    rival = Worker(store, "rival")
    worker.claim(mine)
    rival.claim(other)
    store.take_over(worker.incarnation, 0)
    assert (record(store, mine).place.owner, record(store, other).place.owner) == (None, "rival")


def test_releasing_hands_over_at_once(store, neighbour, worker):
    offsets = submit(store, partial(), partial(user="bob"))
    worker.claim(*offsets)
    store.release(worker.incarnation)
    assert Worker(neighbour, "next").offered() == offsets
    assert store.take_over(worker.incarnation, 0) == -1


@pytest.mark.parametrize("end", ["take_over", "release"])
def test_a_runtime_that_is_gone_releases_nothing(store, worker, end):
    [offset] = submit(store, partial())
    end_of(store, end, worker.incarnation)
    heir = Worker(store, "worker")
    heir.claim(offset)
    with pytest.raises(Fenced):
        store.release(worker.incarnation)
    assert record(store, offset).place.owner == "worker"


def test_flows_that_are_given_back_are_free_at_once(store, neighbour, worker):
    kept, given = submit(store, partial(), partial(user="bob"))
    worker.claim(kept, given)
    neighbour.give_back(worker.incarnation, [given])
    assert (record(store, kept).place.owner, record(store, given).place.owner) == ("worker", None)
    assert Worker(neighbour, "next").offered() == [given]
    assert store.beat(worker.incarnation) is True


def test_nobody_gives_back_what_another_holds(store, worker):
    [offset] = submit(store, partial())
    worker.claim(offset)
    store.take_over(worker.incarnation, 0)
    heir = Worker(store, "worker")
    heir.claim(offset)
    store.give_back(worker.incarnation, [offset, offset + 1])
    assert record(store, offset).place.owner == "worker"
    heir.finish(offset)


def test_taking_over_shows_in_the_token(store, neighbour, worker):
    worker.claim(*submit(store, partial()))
    before = store.change_token(0)
    neighbour.take_over(worker.incarnation, 0)
    assert store.change_token(0) != before


def test_a_runtime_is_told_to_drain_and_to_admit_again(store, neighbour):
    store.take_name(holder("w"), NOW)
    store.take_name(holder("v"), NOW)
    assert neighbour.set_draining("w", draining=True) is True
    assert [seen.draining for seen in store.runtimes()] == [True, False]
    assert neighbour.set_draining("w", draining=False) is True
    assert [seen.draining for seen in store.runtimes()] == [False, False]


def test_nobody_can_be_told_to_drain_who_is_not_alive(store):
    store.release(store.take_name(holder("w"), NOW))
    assert store.set_draining("w", draining=True) is False


def test_a_new_life_of_a_runtime_that_drained_admits(store):
    first = store.take_name(holder("w"), NOW)
    store.set_draining("w", draining=True)
    store.release(first)
    store.take_name(holder("w"), NOW)
    assert [seen.draining for seen in store.runtimes()] == [False]


def test_how_long_a_runtime_is_silent_counts_from_its_beat(store, worker):
    if store.runtimes()[0].silent is None and not store.beat(worker.incarnation):
        raise AssertionError("it does not beat")
    silent = store.runtimes()[0].silent
    assert silent is None or 0 <= silent < 5_000_000
