"""`theflow runtimes` and `theflow drain`."""

from __future__ import annotations

import os
from contextlib import closing

import pytest

import theflow as package
from theflow import wire


@pytest.fixture
def runtime(theflow):  # noqa: ARG001 - it sets the directory
    """A runtime over the database of the shell."""
    scheme = package.FlowScheme("order", version=7)
    scheme.add(lambda: None, name="only")
    with wire.bootstrap(None, [scheme], package.RuntimeOptions(name="attic", flows=12, poll=0.02)) as made:
        yield made


@pytest.mark.usefixtures("runtime")
def test_a_runtime_is_listed_with_where_it_lives_and_what_it_takes(theflow):
    shown = theflow("runtimes").out
    assert all(word in shown for word in ("attic", "live", str(os.getpid()), "0/12", "order v7"))


@pytest.mark.usefixtures("runtime")
def test_runtimes_are_read_by_programs(theflow):
    (found,) = theflow("runtimes", "-o", "json").json["runtimes"]
    assert (found["name"], found["state"], found["pid"], found["held"]) == ("attic", "live", os.getpid(), 0)
    assert found["classes"] == {"order": [7]}


def test_lost_threads_are_counted_for_people_and_programs(theflow, runtime):
    with closing(wire.open_store(None)) as store:
        (found,) = store.runtimes()
        # The runtime itself beats next in a quarter of its TTL of 15 s, and says that it has lost none.
        assert store.beat(found.incarnation, 3)
        assert theflow("runtimes", "-o", "json").json["runtimes"][0]["lost_threads"] == 3
        row = theflow("runtimes").out.splitlines()[-1]
    assert runtime.lost_threads == 0
    assert row.split()[row.split().index("0/12") + 1] == "3"


@pytest.mark.usefixtures("runtime")
def test_a_runtime_that_was_told_to_drain_shows_it_until_that_is_undone(theflow):
    assert theflow("drain", "attic").code == 0
    assert "draining" in theflow("runtimes").out
    assert theflow("drain", "attic", "--undo").code == 0
    assert "draining" not in theflow("runtimes").out


@pytest.mark.usefixtures("runtime")
def test_nobody_is_drained_by_a_wrong_name(theflow):
    refused = theflow("drain", "atic")
    assert refused.code == 2
    assert "attic" in refused.err


def test_where_nobody_is_alive_it_is_said_how_to_start_one(theflow):
    theflow("db", "upgrade")
    assert "theflow run" in theflow("runtimes").err
