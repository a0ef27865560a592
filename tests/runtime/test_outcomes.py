"""Retries, limits of time, hooks, and what tasks hand to each other."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field
from itertools import count, pairwise

import pytest

from tests.runtime.works import one_task, until
from theflow import AttemptStatus, Chain, Context, Failure, FlowScheme, FlowStatus, Retry, TaskStatus


def failing(times, error=ValueError):
    """A body that fails so many times; its attempts are listed."""
    attempts = []

    def body(ctx: Context[dict]) -> int:
        attempts.append((ctx.attempt, time.monotonic()))
        if len(attempts) <= times:
            raise error(f"attempt {ctx.attempt}")
        return ctx.attempt

    return body, attempts


def test_a_task_is_tried_again_as_often_as_its_policy_says(works):
    body, attempts = failing(9)
    ended = works.run(one_task(body, retry=Retry(attempts=3, delay=0.0)))
    assert ended.status is FlowStatus.FAILED
    assert [number for number, _ in attempts] == [1, 2, 3]
    kept = [one.error.message for one in works.client.attempts(ended.flow_id)]
    assert kept == ["attempt 1", "attempt 2", "attempt 3"]


def test_a_task_that_succeeds_at_last_keeps_the_record_of_its_failures(works):
    body, _ = failing(2)
    ended = works.run(one_task(body, retry=Retry(attempts=5, delay=0.0)))
    assert ended.task("only").result == 3
    statuses = [one.status for one in works.client.attempts(ended.flow_id)]
    assert statuses == [AttemptStatus.FAILED, AttemptStatus.FAILED, AttemptStatus.SUCCEEDED]


def test_waits_between_attempts_grow_and_are_never_cut_short(works):
    body, attempts = failing(9)
    works.run(one_task(body, retry=Retry(attempts=3, delay=0.1, factor=3.0, jitter=0.0)))
    waits = [later - earlier for (_, earlier), (_, later) in pairwise(attempts)]
    assert 0.1 <= waits[0] < 0.25
    assert 0.3 <= waits[1] < 0.5


@pytest.mark.parametrize(
    ("policy", "tries"),
    [
        ({"on": (LookupError,)}, 3),
        ({"on": (OSError,)}, 1),
        ({"never": (KeyError,)}, 1),
        ({"on": (LookupError,), "never": (IndexError,)}, 3),
    ],
)
def test_only_exceptions_that_the_policy_names_are_tried_again(works, policy, tries):
    body, attempts = failing(9, KeyError)
    works.run(one_task(body, retry=Retry(attempts=3, delay=0.0, **policy)))
    assert len(attempts) == tries


def test_f48_an_async_body_over_its_time_is_cancelled_and_its_task_fails(works):
    cancelled = threading.Event()

    async def long() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    ended = works.run(one_task(long, timeout=0.1))
    assert ended.task("only").error.message == "task 'only' took longer than its timeout of 0.1 s"
    assert works.client.attempts(ended.flow_id)[0].status is AttemptStatus.TIMED_OUT
    assert cancelled.wait(1)


def test_f48_a_sync_body_over_its_time_is_not_waited_for_and_not_heard(works):
    go, gone = threading.Event(), threading.Event()

    def long() -> str:
        go.wait(10)
        gone.set()
        return "too late"

    ended = works.run(one_task(long, timeout=0.1))
    go.set()
    assert gone.wait(2)
    assert ended.task("only").error.type == "TimedOut"
    assert works.client.get_flow(ended.flow_id).task("only").result is None


def test_an_attempt_that_timed_out_is_tried_again(works):
    numbers = count(1)

    async def slow_at_first() -> int:
        number = next(numbers)
        await asyncio.sleep(60 if number == 1 else 0)
        return number

    ended = works.run(one_task(slow_at_first, timeout=0.1, retry=Retry(attempts=2, delay=0.0)))
    assert ended.task("only").result == 2


def test_a_timeout_error_of_the_body_itself_is_no_limit_of_time(works):
    async def fail() -> None:
        raise TimeoutError("mine")

    ended = works.run(one_task(fail, timeout=5))
    assert (ended.task("only").error.type, ended.task("only").error.message) == ("TimeoutError", "mine")


def test_the_hook_of_success_runs_after_the_flow_succeeded(works):
    told = threading.Event()
    scheme = one_task(lambda: 7)

    @scheme.on_success
    def tell(only: int) -> None:
        assert only == 7
        told.set()

    assert works.run(scheme).status is FlowStatus.SUCCEEDED
    assert told.wait(2)


def test_the_hook_of_failure_is_given_the_failure(works):
    told = []
    scheme = one_task(failing(9)[0])

    @scheme.on_failure
    async def tell(failure: Failure) -> None:
        told.append(failure.message)

    assert works.run(scheme).status is FlowStatus.FAILED
    works.close()
    assert told == ["attempt 1"]


def test_a_hook_that_fails_is_on_record_and_changes_nothing(works):
    scheme = one_task(lambda: 7)

    @scheme.on_success
    def tell() -> None:
        raise RuntimeError("nobody is there")

    ended = works.run(scheme)
    # A hook that has not begun when its runtime stops is left to the next one: so it is waited for.
    (hook,) = until(lambda: works.client.attempts(ended.flow_id, task="on_success"))
    assert works.client.get_flow(ended.flow_id).status is FlowStatus.SUCCEEDED
    assert (hook.status, hook.error.message) == (AttemptStatus.FAILED, "nobody is there")


@dataclass
class Sums:
    """Fields for parallel tasks."""

    left: int = 0
    right: int = 0
    both: list[int] = field(default_factory=list)


def parallel(change):
    """Two tasks at once that change the storage, and one after them."""
    scheme = FlowScheme("parallel", storage=Sums)
    meet = threading.Barrier(2, timeout=5)
    for name in ("left", "right"):
        scheme.add(changing(change, meet, name), name=name)
    scheme.add(total, after=["left", "right"])
    return scheme


def changing(change, meet, name):
    """A body that changes its copy while the other one has read its own already."""

    def body(ctx: Context[Sums]) -> None:
        storage = ctx.storage
        meet.wait()
        change(storage, name)

    return body


def total(sums: Sums) -> int:
    return sums.left + sums.right


def test_what_parallel_tasks_changed_is_merged_field_by_field(works):
    ended = works.run(parallel(lambda storage, name: setattr(storage, name, 2)))
    assert ended.task("total").result == 4
    assert ended.storage == Sums(left=2, right=2)


def test_two_parallel_tasks_that_change_one_field_are_a_conflict_that_names_both(works):
    ended = works.run(parallel(lambda storage, name: storage.both.append(len(name))))
    assert ended.status is FlowStatus.FAILED
    assert "StorageConflict" in ended.reason
    assert "'left'" in ended.reason
    assert "'right'" in ended.reason
    assert "field 'both'" in ended.reason


def test_what_a_failed_attempt_changed_in_the_storage_is_gone(works):
    numbers = count(1)

    def change(ctx: Context[Sums]) -> None:
        ctx.storage.both.append(ctx.attempt)
        if next(numbers) == 1:
            raise ValueError("once more")

    ended = works.run(one_task(change, storage=Sums, retry=Retry(attempts=2, delay=0.0)))
    assert ended.storage.both == [2]


@dataclass
class Point:
    """A result with a type."""

    x: int
    y: int


def test_a_parameter_named_like_a_task_gets_its_result_with_its_type(works):
    scheme = FlowScheme("typed")
    scheme.add(lambda: Point(1, 2), name="point")

    @scheme.task
    def total(point: Point) -> int:
        assert type(point) is Point
        return point.x + point.y

    assert works.run(scheme).task("total").result == 3


def test_a_result_that_does_not_fit_the_type_of_the_parameter_fails_the_task_that_wants_it(works):
    scheme = FlowScheme("typed")
    scheme.add(lambda: {"x": "one"}, name="point")

    @scheme.task
    def total(point: Point) -> int:
        return point.x

    ended = works.run(scheme)
    assert [task.status for task in ended.tasks] == [TaskStatus.SUCCEEDED, TaskStatus.FAILED]
    assert ended.task("total").error.message.startswith("result of point.x: Expected `int`")


def test_a_failed_task_keeps_those_after_it_from_running(works):
    scheme = FlowScheme("broken", orchestration=Chain)
    ran = []
    scheme.add(lambda: ran.append(1), name="first")
    scheme.add(failing(9)[0], name="second")
    scheme.add(lambda: ran.append(3), name="third")
    ended = works.run(scheme)
    assert ran == [1]
    assert [task.status for task in ended.tasks] == [TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.PENDING]


def test_the_idempotency_key_of_a_task_is_the_same_for_all_its_attempts(works):
    keys = []

    def fail(ctx: Context[dict]) -> None:
        keys.append(ctx.idempotency_key)
        raise ValueError

    ended = works.run(one_task(fail, retry=Retry(attempts=2, delay=0.0)))
    assert keys == [f"{ended.flow_id}/only"] * 2
