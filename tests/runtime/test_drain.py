"""A runtime that was told to drain: it finishes what it holds, takes nothing new, and stays."""

from __future__ import annotations

import logging
import threading

import pytest

from tests.runtime.works import one_task, until
from theflow.errors import InputError


def nothing() -> None:
    """A body."""


def test_a_draining_runtime_finishes_what_it_holds_and_admits_no_more(works):
    begun, go_on = threading.Event(), threading.Event()
    scheme = one_task(lambda: (begun.set(), go_on.wait(10))[0], concurrency=5)
    works.start(scheme, name="w")
    held = works.submit(scheme)
    assert begun.wait(10)

    works.client.drain("w")
    until(lambda: works.client.runtimes()[0].draining)
    until_seen(works)
    later = works.submit(scheme)
    go_on.set()

    assert held.wait(10).status == "succeeded"
    until(lambda: works.client.runtimes()[0].held == 0)
    assert later.get().status == "pending"


def test_a_runtime_says_when_it_is_told_to_drain_and_when_that_is_undone(works, caplog):
    works.start(one_task(nothing), name="w")
    with caplog.at_level(logging.WARNING):
        works.client.drain("w")
        until(lambda: "told to admit no more flows runtime=w" in caplog.text)
        works.client.drain("w", undo=True)
        until(lambda: "told to admit flows again runtime=w" in caplog.text)


def test_a_runtime_that_was_let_in_again_admits(works):
    works.start(one_task(nothing), name="w")
    works.client.drain("w")
    until_seen(works)
    waiting = works.submit(one_task(nothing))

    works.client.drain("w", undo=True)

    assert waiting.wait(10).status == "succeeded"


def test_only_a_live_runtime_can_be_drained(works):
    works.start(one_task(nothing), name="w")
    with pytest.raises(InputError, match=r"'v'.*those alive: 'w'"):
        works.client.drain("v")


def until_seen(works) -> None:
    """Wait until the runtime itself knows."""
    (runtime,) = works._runtimes  # noqa: SLF001 - what only the runtime knows
    until(lambda: runtime._sweep.draining)  # noqa: SLF001 - the same
