"""A database that was out of reach for everybody was not silent for anybody: nobody is taken over for that."""

from __future__ import annotations

import time

import pytest

from tests.runtime.faulty import Faulty, unavailable
from tests.runtime.test_faults import elsewhere
from tests.runtime.works import one_task, until

TTL = 1.0


@pytest.fixture
def faulty(works):
    works.store = Faulty(works.store)
    return works.store


def at_once(call, *args):
    return call(*args)


def late(call, *args):
    time.sleep(TTL * 1.5)
    return call(*args)


def outage(faulty):
    """Nobody can reach the database for longer than a TTL."""
    methods = ("beat", "runtimes", "commit", "look", "change_token")
    for method in methods:
        faulty.always(method, unavailable)
    time.sleep(TTL * 1.5)
    for method in methods:
        faulty.always(method, None)


def hang(faulty):
    """The database gives no answer for longer than a TTL; then it does."""
    faulty.plan("runtimes", late)
    until(faulty.done)
    time.sleep(TTL)


@pytest.mark.parametrize("trouble", [outage, hang])
def test_an_outage_for_all_is_no_silence_of_others(works, faulty, trouble):
    neighbour = works.store.take_name(elsewhere("neighbour"), 0)
    works.start(one_task(lambda: None), ttl=TTL)
    faulty.plan("runtimes", at_once, at_once)
    until(faulty.done)
    trouble(faulty)
    time.sleep(TTL / 2)  # by then the neighbour has found its way back
    assert works.store.beat(neighbour)


def test_who_stays_silent_after_an_outage_is_taken_over(works, faulty):
    works.store.take_name(elsewhere("neighbour"), 0)
    works.start(one_task(lambda: None), ttl=TTL)
    outage(faulty)
    until(lambda: len(works.client.runtimes()) == 1)
