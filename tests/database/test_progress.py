"""How far an attempt has come stands beside its task, and changes nothing else of it."""

from __future__ import annotations

import pytest

from tests.database.builders import partial, progress, record, submit, task


@pytest.fixture
def held(store, worker):
    """The offset of a flow that the worker holds."""
    [offset] = submit(store, partial())
    worker.claim(offset)
    return offset


def said(store, offset: int) -> dict[str, str | None]:
    """The progress of each task."""
    return {seen.row.name: seen.progress for seen in record(store, offset).tasks}


def test_progress_shows_beside_the_task_as_it_was_said(neighbour, worker, held):
    row = task(worker, held, "running", ended_at=None)
    worker.commit(tasks=[row, row._replace(name="b")], progress=[progress(held, 3)])
    assert said(neighbour, held) == {"a": progress(held, 3).progress, "b": None}
    assert row in [seen.row for seen in record(neighbour, held).tasks]


def test_a_turn_holds_the_progress_of_many_tasks(store, worker, held):
    names = [f"task {number}" for number in range(30)]
    worker.commit(tasks=[task(worker, held, "running", name=name) for name in names])
    worker.commit(progress=[progress(held, number, name=name) for number, name in enumerate(names)])
    assert said(store, held) == {name: progress(held, number).progress for number, name in enumerate(names)}


def test_newer_progress_replaces_what_was_there_and_an_outcome_leaves_it(store, worker, held):
    worker.commit(tasks=[task(worker, held, "running")], progress=[progress(held, 1)])
    worker.commit(progress=[progress(held, 2)])
    worker.commit(tasks=[task(worker, held, "succeeded")])
    assert said(store, held) == {"a": progress(held, 2).progress}


def test_the_last_progress_may_come_with_the_outcome(store, worker, held):
    worker.commit(tasks=[task(worker, held, "succeeded")], progress=[progress(held, 9)])
    assert said(store, held) == {"a": progress(held, 9).progress}


def test_progress_of_another_attempt_or_of_no_task_is_not_kept(store, worker, held):
    worker.commit(tasks=[task(worker, held, "running", attempt=2)])
    worker.commit(progress=[progress(held, 1), progress(held, 1, name="A"), progress(held, 1, name="a ")])
    assert said(store, held) == {"a": None}


def test_names_are_compared_byte_by_byte(store, worker, held):
    worker.commit(tasks=[task(worker, held, "running", name=name) for name in ("é", "e", "E", "e ")])
    worker.commit(progress=[progress(held, 1, name="e")])
    assert [name for name, each in said(store, held).items() if each is not None] == ["e"]


def test_progress_of_a_flow_that_is_not_there_changes_nothing(store, worker, held):
    worker.commit(tasks=[task(worker, held, "running")])
    worker.commit(progress=[progress(2**40)])
    assert said(store, held) == {"a": None}
