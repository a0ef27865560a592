"""Several runtimes over one store, with every fault at every point: what must be true is true after each step."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.simulation.explorer import Explorer
from tests.simulation.machines import simulated
from tests.simulation.operated import OperatedExplorer
from tests.simulation.replay import explore

_CHUNKS, _SCHEDULES = 20, 1_000
# A run that saw fewer of these, in a thousand schedules, proves nothing.
_LEAST = {
    "submit": 2_000,
    "claim": 3_000,
    "body": 5_000,
    "kill": 500,
    "pause": 200,
    "take-over": 500,
    "release": 100,
    "fenced": 50,
    "lost": 50,
    "refused": 30,
    "unavailable": 100,
    "unheard": 50,
    "unanswered": 50,
    "late": 50,
    "parked": 50,
    "cancelling": 250,
    "cancelled": 150,
    "resumed": 3,
}
_OPERATED_CHUNKS = 4
# What was done, of what was asked; most is refused where the flow stands by then.
_LEAST_BY_HAND = {
    "pause": 100,
    "resume": 4,
    "retry": 20,
    "retry_from": 80,
    "skip": 150,
    "mark_done": 180,
    "mark_failed": 150,
    "edit_storage": 200,
    "run_now": 3,
}


@pytest.mark.parametrize("chunk", range(_CHUNKS))
def test_nothing_is_lost_and_nothing_is_done_twice(chunk):
    seen = explore(range(chunk * _SCHEDULES, (chunk + 1) * _SCHEDULES))
    assert {what: seen[what] for what, least in _LEAST.items() if seen[what] < least} == {}


@pytest.mark.parametrize("chunk", range(_OPERATED_CHUNKS))
def test_what_people_do_by_hand_is_done_once_and_nothing_else_takes_back_an_outcome(chunk):
    seen = explore(range(chunk * _SCHEDULES, (chunk + 1) * _SCHEDULES), kind=OperatedExplorer)
    wanted = {f"{verb} by hand": least for verb, least in _LEAST_BY_HAND.items()}
    assert {what: seen[what] for what, least in wanted.items() if seen[what] < least} == {}


def test_the_same_seed_tells_the_same_story():
    with simulated():
        stories = []
        for _ in range(2):
            explorer = Explorer(7)
            seen: Counter[str] = explorer.run().history.seen
            stories.append((explorer.story, seen))
    assert stories[0] == stories[1]
