"""The policies in force are one value, replaced whole: who reads beside a change sees all of one, or all of another."""

from __future__ import annotations

import threading
from dataclasses import FrozenInstanceError

import pytest

from theflow import FlowScheme
from theflow.model.limit import Limit, Scope, ScopeKind
from theflow.model.look import Candidate, Look
from theflow.model.policy import ClassPolicy, Policies
from theflow.model.scheme import UNLIMITED
from theflow.model.shaping import FlowShapingManager

CLASSES = {"one": ClassPolicy(flow_class="one", versions=(1,), concurrency=UNLIMITED)}
SCOPES = [Scope(ScopeKind.ALL), Scope(ScopeKind.CLASS, "one"), *(Scope(ScopeKind.USER, "", f"u{n}") for n in range(20))]
READERS, CHANGES = 8, 1_000_000


def policies(number: int) -> Policies:
    """Policies of which every part says which ones they are."""
    limits = dict.fromkeys(SCOPES, Limit(capacity=number))
    return Policies(classes=CLASSES, limits=limits, version=number)


def test_each_of_many_readers_sees_one_whole_snapshot_while_policies_are_replaced():
    manager = FlowShapingManager(policies(1))
    done = threading.Event()
    torn, versions = [], [set() for _ in range(READERS)]

    def read(mine: set[int]) -> None:
        while not done.is_set():
            seen = manager.policies
            mine.add(seen.version)
            if {limit.capacity for limit in seen.limits.values()} != {seen.version}:
                torn.append(seen)

    readers = [threading.Thread(target=read, args=(mine,)) for mine in versions]
    for reader in readers:
        reader.start()
    for number in range(2, CHANGES):
        manager.replace(policies(number))
        if all(len(mine) > 3 for mine in versions):
            break
    done.set()
    for reader in readers:
        reader.join()
    assert not torn
    assert all(len(mine) > 1 for mine in versions)


def test_a_decision_under_way_goes_by_the_policies_that_it_began_with():
    manager = FlowShapingManager(policies(3))
    look = Look(now=0, candidates=tuple(Candidate(n, "one", "u1", None) for n in range(30)), live={})
    done = threading.Event()

    def change() -> None:
        while not done.is_set():
            manager.replace(policies(3))
            manager.replace(policies(7))

    changing = threading.Thread(target=change)
    changing.start()
    counts = {len(manager.admit(look, 100).admitted) for _ in range(500)}
    done.set()
    changing.join()
    assert counts <= {3, 7}


def test_policies_cannot_be_changed_in_place():
    with pytest.raises(FrozenInstanceError):
        policies(1).version = 2


def test_names_of_limits_are_the_names_of_what_they_limit_however_they_are_typed():
    assert Scope.checked("user", user="Zoe\u0308") == Scope.checked("user", user="Zo\u00eb")
    typed = FlowScheme("train", uses={"Zoe\u0308": 1}, requires=["Zoe\u0308"]).shape
    assert (list(typed.uses), list(typed.requires)) == (["Zo\u00eb"], ["Zo\u00eb"])
