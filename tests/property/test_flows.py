"""Any flow, any order of events, any crash: what must be true at any moment."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.story import Story, TaskStory, cancelled_stories, stories
from tests.property.watch import Watch
from tests.property.world import REQUEST, World
from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus

DIAMOND = Story(
    tasks=(
        TaskStory(name="a", attempts=3, fails=1),
        TaskStory(name="b", after=("a",), attempts=2, fails=1, field="b"),
        TaskStory(name="c", after=("a",), at_most_once=True),
        TaskStory(name="d", after=("b", "c"), field="d"),
    ),
    hooks=frozenset({"on_success", "on_failure"}),
)
DOOMED = replace(DIAMOND, tasks=(*DIAMOND.tasks, TaskStory(name="e", after=("a",), attempts=2, fails=2)))

# Attempts that spend no retry.
FREE = (AttemptStatus.LOST, AttemptStatus.CANCELLED)


@given(story=stories())
def test_every_flow_ends_whatever_happens(story):
    world = World(story).run()
    assert world.disk.flow.status in (FlowStatus.SUCCEEDED, FlowStatus.FAILED)
    assert world.disk.flow.status is world.flow.status


@given(story=cancelled_stories())
def test_a_flow_that_is_cancelled_has_one_end_and_keeps_every_outcome(story):
    world = World(story).run()
    disk = world.disk
    assert disk.flow.status is world.flow.status
    assert (disk.flow.status is FlowStatus.CANCELLED) == disk.asked
    if disk.asked:
        assert disk.flow.reason == REQUEST.line()
        assert all(row.status.ended or row.status is TaskStatus.PENDING for row in disk.rows.values())


@given(story=stories())
def test_without_crashes_a_flow_succeeds_unless_a_task_is_doomed_or_writes_clash(story):
    world = World(replace(story, crashes=frozenset())).run()
    failed = {attempt.failure.type for attempt in world.disk.attempts.values()}
    doomed = any(task.doomed for task in story.tasks) or "StorageConflict" in failed
    assert world.flow.status is (FlowStatus.FAILED if doomed else FlowStatus.SUCCEEDED)


@given(story=stories())
def test_a_crash_changes_nothing_about_how_a_flow_ends(story):
    tasks = tuple(replace(task, at_most_once=False, field=task.field and task.name) for task in story.tasks)
    story = replace(story, tasks=tasks)
    end, calm_end = World(story).run().disk, World(replace(story, crashes=frozenset())).run().disk
    assert end.flow.status is calm_end.flow.status
    if end.flow.status is FlowStatus.SUCCEEDED:
        assert end.flow.storage == calm_end.flow.storage


@given(story=stories())
def test_a_lost_attempt_spends_no_retry(story):
    disk = World(story).run().disk
    for task in story.tasks:
        spent = [a for a in disk.attempts.values() if a.name == task.name and a.status not in FREE]
        row = disk.rows.get(task.name)
        unknown = task.at_most_once and (task.name, 1) in disk.attempts and not spent
        assert len(spent) + unknown == (row.failures if row else 0) <= task.attempts


@given(story=stories())
def test_what_must_not_start_twice_starts_once(story):
    world = World(story).run()
    assert all(world.starts[task.name] <= 1 for task in story.tasks if task.at_most_once)


@given(story=stories())
def test_after_success_every_task_has_its_row_and_its_field(story):
    disk = World(story).run().disk
    if disk.flow.status is FlowStatus.SUCCEEDED:
        assert {name: row.status for name, row in disk.rows.items()} == dict.fromkeys(
            (task.name for task in story.tasks), TaskStatus.SUCCEEDED
        )
        assert disk.flow.storage.keys() == {task.field for task in story.tasks if task.field and not task.subflow}


@given(story=stories(most=6), others=st.integers(0, 2**32))
def test_the_same_story_is_always_told_the_same(story, others):
    watch = Watch()
    World(replace(story, seed=others), watch).run()
    first, again = World(story, watch).run(), World(story).run()
    assert first.disk.rows == again.disk.rows
    assert first.disk.flow == again.disk.flow
    assert first.disk.attempts == again.disk.attempts


@pytest.mark.parametrize("story", [DIAMOND, DOOMED], ids=["that succeeds", "that fails"])
@pytest.mark.parametrize("seed", range(12))
def test_a_crash_at_every_point_of_a_flow(story, seed):
    story = replace(story, seed=seed)
    for point in range(World(story).run().points):
        world = World(replace(story, crashes=frozenset({point}))).run()
        doomed = any(task.doomed for task in story.tasks)
        unknown = "c" in world.disk.rows and world.disk.rows["c"].failures
        assert world.flow.status is (FlowStatus.FAILED if doomed or unknown else FlowStatus.SUCCEEDED)


@settings(max_examples=20)
@given(story=stories(most=8))
def test_a_crash_at_every_two_points_of_a_flow(story):
    points = World(replace(story, crashes=frozenset())).run().points
    for first in range(points):
        World(replace(story, crashes=frozenset({first, first + 2}))).run()
