"""Parallel tasks change one field of the storage that declares how it merges, on every store."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from tests.runtime.works import one_task
from theflow import Client, Context, FlowDetail, FlowScheme, FlowStatus, JobMeta, Merge, Retry


@dataclass
class Tally:
    """What parallel tasks find."""

    lines: Annotated[list[str], Merge.APPEND] = field(default_factory=lambda: ["first"])
    seen: Annotated[set[str], Merge.UNION] = field(default_factory=set)
    marks: Annotated[dict[str, int], Merge.UNION] = field(default_factory=dict)
    count: Annotated[int, Merge.ADD] = 10
    best: Annotated[float | None, Merge.MAX] = None
    last: Annotated[str, Merge.LAST] = ""
    own: int = 0


NAMES = ("one", "three", "two")


def at_once(change: Callable[[Tally, str], None], **options: object) -> FlowScheme:
    """Tasks that all have read the storage before the first of them changes it."""
    scheme = FlowScheme("tally", storage=Tally)
    meet = threading.Barrier(len(NAMES), timeout=5)

    def body(ctx: Context[Tally]) -> None:
        storage = ctx.storage
        if ctx.attempt == 1:
            meet.wait()
        change(storage, ctx.task)
        if ctx.attempt < ctx.storage.own:
            raise ValueError("once more")

    for name in NAMES:
        scheme.add(body, name=name, **options)
    return scheme


def found(tally: Tally, name: str) -> None:
    """Change every field that merges."""
    tally.lines.append(name)
    tally.seen.add(name)
    tally.marks[name] = len(name)
    tally.count += len(name)
    tally.best = max(tally.best or 0.0, float(len(name)))
    tally.last = name


def holds_all(ended: FlowDetail) -> None:
    """Nothing of any task is lost."""
    tally = ended.storage
    order = [task.name for task in sorted(ended.tasks, key=lambda task: task.ended_at)]
    assert ended.status is FlowStatus.SUCCEEDED, ended.reason
    assert tally.lines[0] == "first"
    assert sorted(tally.lines[1:]) == sorted(order)
    assert tally.last == tally.lines[-1]
    assert (tally.seen, tally.marks) == (set(NAMES), {name: len(name) for name in NAMES})
    assert (tally.count, tally.best) == (21, 5.0)


def test_what_parallel_tasks_add_to_declared_fields_is_all_there(works):
    holds_all(works.run(at_once(found), Tally()))


def test_a_field_that_the_input_left_out_merges_from_its_default(works):
    scheme = at_once(found)
    works.start(scheme)
    flow_id = works.client.create_job(JobMeta(flow_class="tally")).flow_id
    holds_all(Client(works.store, [scheme]).wait(flow_id, 10))


def test_an_attempt_that_is_made_again_adds_once(works):
    holds_all(works.run(at_once(found, retry=Retry(attempts=3, delay=0.0)), Tally(own=2)))


def test_transactional_tasks_merge_as_well(shop):
    scheme = FlowScheme("tally", storage=Tally)

    @scheme.task(transactional=True)
    def one(ctx: Context[Tally]) -> None:
        found(ctx.storage, "one")

    @scheme.task
    async def two(ctx: Context[Tally]) -> None:
        found(ctx.storage, "two")

    @scheme.task
    def three(ctx: Context[Tally]) -> None:
        found(ctx.storage, "three")

    holds_all(shop.run(scheme))


def test_a_task_that_did_more_than_append_is_a_conflict_that_says_so(works):
    ended = works.run(at_once(lambda tally, name: tally.lines.insert(0, name)))
    assert ended.status is FlowStatus.FAILED
    failure = next(task.error for task in ended.tasks if task.error is not None)
    assert failure.type == "StorageConflict"
    assert "field 'lines' of the storage, which merges by Merge.APPEND" in failure.message
    assert "did more to it than append" in failure.message


def test_a_task_alone_may_do_to_a_declared_field_what_it_likes(works):
    def clear(tally: Tally) -> None:
        tally.lines = ["other"]
        tally.count = 0

    ended = works.run(one_task(clear, storage=Tally), Tally(seen={"x", "y"}))
    assert ended.storage == Tally(lines=["other"], count=0, seen={"x", "y"})


def test_a_default_that_a_task_leaves_alone_is_no_change_of_it(works):
    def body(tally: Tally, name: str) -> None:
        if name == "one":
            tally.own = 1

    scheme = at_once(body)
    works.start(scheme)
    flow_id = works.client.create_job(JobMeta(flow_class="tally")).flow_id
    assert works.client.wait(flow_id, 10).status is FlowStatus.SUCCEEDED
