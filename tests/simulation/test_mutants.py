"""The checker is checked: a product that breaks a rule does not get through the simulation."""

from __future__ import annotations

import re

import pytest

from tests.simulation.hand_mutants import HAND_MUTANTS
from tests.simulation.history import Broken
from tests.simulation.machines import simulated
from tests.simulation.mutants import MUTANTS, SELDOM
from tests.simulation.operated import OperatedExplorer
from tests.simulation.replay import explore
from tests.simulation.schedules import silence_before_a_retry
from tests.simulation.world import World

# As many as the product is tried with; the search ends at the first that shows the mutant.
_SCHEDULES = 20_000


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_caught(name, monkeypatch):
    for target, attribute, mutant in MUTANTS[name]:
        if isinstance(target, str):
            monkeypatch.setattr(f"{target}.{attribute}", mutant)
        else:
            monkeypatch.setattr(target, attribute, mutant)
    with pytest.raises(Broken):
        explore(range(_SCHEDULES))


@pytest.mark.parametrize("name", HAND_MUTANTS)
def test_a_mutant_that_mishears_people_is_caught(name, monkeypatch):
    for target, attribute, mutant in HAND_MUTANTS[name]:
        monkeypatch.setattr(target, attribute, mutant)
    with pytest.raises(Broken):
        explore(range(_SCHEDULES), kind=OperatedExplorer)


def test_a_mutant_that_random_schedules_seldom_show_is_caught(monkeypatch):
    for target, attribute, mutant in SELDOM["f3 trust without a deadline"]:
        monkeypatch.setattr(target, attribute, mutant)
    with simulated(), pytest.raises(Broken, match="is fenced, and starts"):
        silence_before_a_retry(World())


def test_a_failure_says_how_to_replay_it(monkeypatch):
    for target, attribute, mutant in MUTANTS["m2 obeyed before it is saved"]:
        monkeypatch.setattr(target, attribute, mutant)
    with pytest.raises(Broken) as failed:
        explore(range(100), 25)
    seed, steps = failed.value.__notes__[-1].split()[-2:]
    with pytest.raises(Broken, match=re.escape(str(failed.value))):
        explore(range(int(seed), int(seed) + 1), int(steps))
