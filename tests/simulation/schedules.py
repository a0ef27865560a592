"""Steps that several schedules have in common, and schedules that show what random ones seldom come to."""

from __future__ import annotations

from tests.simulation.machines import TTL
from tests.simulation.member import Member
from tests.simulation.world import World


def named(world: World, name: str) -> Member:
    """A runtime that has its name, and has not started."""
    world.boot(name)
    return world.members[name]


def started(world: World, name: str) -> Member:
    """A runtime that works."""
    member = named(world, name)
    member.start()
    return member


def seen_silent(world: World) -> None:
    """Let somebody else see that all others are silent."""
    other = started(world, "carl")
    other.sweep()
    world.time.advance(TTL)
    other.beat()
    other.sweep()


def silence_before_a_retry(world: World) -> Member:
    """A retry comes due when its runtime was taken over, and has not heard of it: nothing is written before it."""
    anna = started(world, "anna")
    world.submit("free", "u")
    anna.turn_and_admit()
    world.end(anna, anna.bodies.under_way[0], "raises")
    anna.turn()
    seen_silent(world)
    anna.turn()
    return anna
