"""What an outcome says of those after it: that their condition was asked, and held."""

from __future__ import annotations

import pytest

from tests.database.builders import NOW, Worker, end_of, partial, submit, task
from theflow.database.batch import AnswerRow
from theflow.database.records import Fork
from theflow.model.view import Request

WORD = Request(verb="retry", asked_by="ann", reason="", asked_at=NOW, payload={})


@pytest.fixture
def held(store, worker):
    """The offset of a flow that the worker holds, and whose task `a` has let two others begin."""
    (offset,) = submit(store, partial())
    worker.claim(offset)
    worker.commit(tasks=[task(worker, offset, let='["b","é"]'), task(worker, offset, name="c")])
    return offset


def claimed_again(store, worker, offset):
    """The tasks that the next runtime finds, by name."""
    end_of(store, "release", worker.incarnation)
    [flow] = Worker(store, "next").claim(offset)
    return {found.name: found for found in flow.tasks}


def test_the_next_runtime_finds_whom_an_outcome_has_let_begin(store, worker, held):
    found = claimed_again(store, worker, held)
    assert (found["a"].let, found["c"].let) == (("b", "é"), ())


def test_an_outcome_lets_begin_whom_it_did_at_first(store, worker, held):
    worker.commit(tasks=[task(worker, held, let='["other"]')])
    assert claimed_again(store, worker, held)["a"].let == ("b", "é")


def test_an_outcome_that_was_taken_back_has_let_nobody_begin(store, worker, held):
    number = store.ask([(held, WORD)])[0].id
    answers = [AnswerRow(held, number, NOW, "done", counted=True)]
    worker.commit(tasks=[task(worker, held, "pending", ended_at=None)], reopened=[(held, "a")], answers=answers)
    worker.commit(tasks=[task(worker, held, attempt=2)])
    assert claimed_again(store, worker, held)["a"].let == ()


def test_a_fork_asks_anew(store, worker, held):
    job = store.fork(Fork(held, partial(), ("a", "c"), WORD, WORD))
    worker.claim(job.offset)
    found = claimed_again(store, worker, job.offset)
    assert (found["a"].let, found["c"].let) == ((), ())
