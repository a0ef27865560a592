"""Any flow, any failure, any crash: what was done is undone once, in reverse order, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from tests.property.story import Story, TaskStory, reverted_stories
from tests.property.undo_watch import beyond
from tests.property.undo_world import UndoWorld
from theflow.model.status import FlowStatus, TaskStatus
from theflow.model.undo import SUFFIX

ENDS = (FlowStatus.REVERTED, FlowStatus.REVERT_FAILED)
SAGA = Story(
    tasks=(
        TaskStory(name="a", undone=True, field="a"),
        TaskStory(name="b", after=("a",), undone=True, undo_fails=1, field="b"),
        TaskStory(name="c", after=("a",), at_most_once=True),
        TaskStory(name="d", after=("b", "c"), undone=True, attempts=2, fails=1),
        TaskStory(name="e", after=("d",), fails=1, undone=True),
    ),
    hooks=frozenset({"on_failure"}),
    policy="rollback",
)
ASKED = replace(SAGA, policy="stop", reverts=("", "b"), tasks=(*SAGA.tasks[:4], TaskStory(name="e", after=("d",))))


def due(world: UndoWorld) -> set[str]:
    """What the end of the flow, or a person, wants to be undone: told from the rows and attempts on disk alone."""
    disk, dag = world.disk, world.scheme.orchestration
    done = {name for name in world.tasks if name in disk.rows and disk.rows[name].status is TaskStatus.SUCCEEDED}
    mine = {name for name in done | world.doubts() if world.tasks[name].undone}
    scopes = [mine & beyond(dag, task) if task else mine for task in world.scopes]
    failed = any(row.status is TaskStatus.FAILED for name, row in disk.rows.items() if name in world.tasks)
    by_itself = world.story.policy == "rollback" and (failed or disk.asked or world.was_cancelled)
    return mine if by_itself else set().union(*scopes)


@given(story=reverted_stories())
def test_every_task_that_is_to_be_undone_is_undone_once_and_no_other(story):
    world = UndoWorld(story).run()
    rows = world.disk.rows
    assert len(world.undone) == len(set(world.undone))
    assert {name.removesuffix(SUFFIX) for name in rows if name.endswith(SUFFIX)} == due(world)
    if world.flow.status is FlowStatus.REVERTED:
        assert set(world.undone) == due(world)
    assert world.flow.status in ENDS or not world.undone


@given(story=reverted_stories())
def test_what_came_later_is_undone_before(story):
    world = UndoWorld(story).run()
    dag = world.scheme.orchestration
    for number, name in enumerate(world.undone):
        assert not beyond(dag, name) & set(world.undone[number:])


@given(story=reverted_stories())
def test_a_flow_ends_undone_unless_a_compensation_never_succeeds(story):
    story = replace(story, tasks=tuple(replace(task, undo_fails=min(task.undo_fails, 1)) for task in story.tasks))
    world = UndoWorld(story).run()
    assert world.flow.status is not FlowStatus.REVERT_FAILED
    assert (world.flow.status is FlowStatus.REVERTED) >= bool(world.scopes)


@given(story=reverted_stories())
def test_the_outcome_of_a_task_is_unknown_only_if_it_has_not_succeeded(story):
    world = UndoWorld(story).run()
    undo = world.flow.plan.undo
    for number in undo.unknown if undo else ():
        name = world.scheme.orchestration.names[number]
        assert world.disk.rows[name].status is not TaskStatus.SUCCEEDED
        assert name in world.doubts()


@pytest.mark.parametrize("story", [SAGA, ASKED], ids=["that fails", "that is asked"])
@pytest.mark.parametrize("seed", range(12))
def test_a_crash_at_every_point_of_a_flow_that_is_undone(story, seed):
    story = replace(story, seed=seed)
    for point in range(UndoWorld(story).run().points):
        world = UndoWorld(replace(story, crashes=frozenset({point}))).run()
        assert world.flow.status is FlowStatus.REVERTED
        assert set(world.undone) == due(world)
