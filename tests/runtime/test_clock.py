"""The clock that runtimes agree on: that of the database, unless the machine's own is as good."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from theflow.runtime.clock import DatabaseClock

HOUR = 3_600_000_000


@dataclass
class Machine:
    """A clock that is as wrong as it is told to be."""

    wall: int = 1_000_000_000
    seconds: float = 50.0

    def now(self):
        return self.wall

    def monotonic(self):
        return self.seconds

    def go(self, seconds):
        self.wall += int(seconds * 1_000_000)
        self.seconds += seconds


def asked(machine, difference, took):
    """How far from the machine's own the clock is after an answer that took so long, and says so much more."""
    clock = DatabaseClock(machine)

    def ask():
        machine.go(took / 2)
        told = machine.wall + difference
        machine.go(took / 2)
        return told

    clock.follow(ask)
    return clock.now() - machine.now()


@pytest.mark.parametrize("difference", [0, 8_000, -8_000])
def test_a_clock_that_the_answer_does_not_prove_wrong_is_kept(difference):
    assert abs(asked(Machine(), difference, took=0.02)) <= 1


@pytest.mark.parametrize("difference", [HOUR, -HOUR, 50_000])
def test_a_clock_that_is_wrong_gives_way_to_that_of_the_database(difference):
    assert abs(asked(Machine(), difference, took=0.02) - difference) <= 10_000


def test_a_jump_of_the_machines_clock_changes_nothing():
    machine = Machine()
    clock = DatabaseClock(machine)
    clock.follow(lambda: machine.wall)
    before = clock.now()
    machine.wall += HOUR
    machine.seconds += 1.0
    assert clock.now() == before + 1_000_000


def test_where_the_database_has_no_clock_the_machines_own_is_used():
    machine = Machine()
    clock = DatabaseClock(machine)
    clock.follow(lambda: None)
    assert clock.now() == machine.now()
