"""The page of the docs that draws the state machine is drawn from it."""

from __future__ import annotations

import pytest

from tests.house.state_diagram import PAGE, diagram, page
from theflow.model import message
from theflow.model.moves import FLOW_MOVES, TASK_MOVES
from theflow.model.status import FlowStatus, TaskStatus
from theflow.model.undoing import UNDO_MOVES


def test_the_states_in_the_docs_are_those_of_the_machine():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.house.state_diagram"


def test_every_event_is_explained():
    for event in {event for row in FLOW_MOVES.values() for event in row}:
        assert f"| `{event}` |" in page()
        assert isinstance(getattr(message, event), type)


@pytest.mark.parametrize(("table", "statuses"), [(FLOW_MOVES, FlowStatus), (TASK_MOVES, TaskStatus)])
def test_the_tables_have_a_row_for_every_status(table, statuses):
    assert list(table) == list(statuses)


def test_nothing_but_a_persons_word_leaves_an_outcome():
    by_hand = {"Retry", "RetryFrom", "Skip", "MarkDone", "Revert"}
    for table in (FLOW_MOVES, TASK_MOVES):
        found = [(row, status) for status in table if status.ended for row in table[status].items()]
        assert all(afters == (status,) or event in by_hand for (event, afters), status in found)


def test_a_compensation_has_moves_from_every_state_that_it_can_be_in():
    reached = {after for row in UNDO_MOVES.values() for afters in row.values() for after in afters}
    assert reached == set(UNDO_MOVES)
    assert UNDO_MOVES[TaskStatus.SUCCEEDED] == {}


def test_a_diagram_shows_each_move_once():
    moves = {TaskStatus.PENDING: {"A": (TaskStatus.FAILED,), "B": (TaskStatus.FAILED,)}, TaskStatus.FAILED: {}}
    assert diagram(moves, TaskStatus.PENDING) == (
        "```mermaid\nstateDiagram-v2\n    [*] --> pending\n    pending --> failed: A, B\n    failed --> [*]\n```\n"
    )
