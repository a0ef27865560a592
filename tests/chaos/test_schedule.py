"""A seed stands for a schedule; whatever it is, each round has each kind of fault once."""

from __future__ import annotations

from itertools import islice

from tests.chaos.schedule import planned

KINDS = ("kill", "pause", "cut", "brink")


def rounds(seed: int, count: int = 3) -> list[list]:
    return list(islice(planned(seed, KINDS, ("ann", "bob"), "cid"), count))


def test_the_same_seed_gives_the_same_schedule():
    assert rounds(7) == rounds(7)
    assert rounds(7) != rounds(8)


def test_each_round_has_each_kind_once():
    assert all(sorted(fault.kind for fault in each) == sorted(KINDS) for each in rounds(7))


def test_the_keeper_is_never_killed_and_is_not_spared_the_rest():
    faults = [fault for each in rounds(7, 30) for fault in each]
    assert {fault.target for fault in faults if fault.kind == "kill"} == {"ann", "bob"}
    assert {fault.target for fault in faults if fault.kind == "pause"} == {"ann", "bob", "cid"}
