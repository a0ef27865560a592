"""A task that was divided: its parts are written and claimed with it, and it is shown as one."""

from __future__ import annotations

import pytest

from tests.database.builders import NOW, Worker, end_of, partial, record, submit
from theflow.database.batch import PartRow


@pytest.fixture
def held(store, worker):
    """The offset of a flow that the worker holds."""
    [offset] = submit(store, partial())
    worker.claim(offset)
    return offset


def part(worker: Worker, offset: int, number: int, status: str = "succeeded", given: str | None = None) -> PartRow:
    """The row of a divided task `m`, or of one of its children."""
    name = f"m[{number - 1}]" if number else "m"
    return PartRow(offset, name, number, status, 1, 0, "null", None, NOW, NOW + 5, worker.incarnation.id, given)


def claimed_again(store, worker, offset):
    """The tasks that the next runtime finds, by name."""
    end_of(store, "release", worker.incarnation)
    [flow] = Worker(store, "next").claim(offset)
    return {task.name: task for task in flow.tasks}


def test_the_next_runtime_finds_the_parts_and_what_was_given(store, worker, held):
    worker.commit(parts=[part(worker, held, 0, "running", "[1,2]"), part(worker, held, 1)])
    found = claimed_again(store, worker, held)
    assert {name: (task.status, task.given) for name, task in found.items()} == {
        "m": ("running", (b"1", b"2")),
        "m[0]": ("succeeded", None),
    }


def test_what_was_given_stays_when_the_task_ends(store, worker, held):
    worker.commit(parts=[part(worker, held, 0, "running", "[1]")])
    worker.commit(parts=[part(worker, held, 0)])
    assert claimed_again(store, worker, held)["m"].given == (b"1",)


def test_a_divided_task_is_shown_as_one(store, worker, held):
    worker.commit(parts=[part(worker, held, number, "succeeded" if number else "running") for number in range(50)])
    assert [seen.row.name for seen in record(store, held).tasks] == ["m"]


def test_the_outcome_of_a_part_never_changes(store, worker, held):
    worker.commit(parts=[part(worker, held, 3)])
    worker.commit(parts=[part(worker, held, 3, "failed", "[9]")])
    found = claimed_again(store, worker, held)["m[2]"]
    assert (found.status, found.given) == ("succeeded", None)


def test_a_batch_may_hold_the_mark_and_the_outcome_of_a_part(store, worker, held):
    worker.commit(parts=[part(worker, held, 1, "running"), part(worker, held, 1)])
    assert claimed_again(store, worker, held)["m[0]"].status == "succeeded"


def test_a_skipped_task_has_its_outcome(store, worker, held):
    worker.commit(parts=[part(worker, held, 0, "skipped")])
    worker.commit(parts=[part(worker, held, 0, "running")])
    assert claimed_again(store, worker, held)["m"].status == "skipped"
