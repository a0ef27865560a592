"""A body says how far it has come: people see it while it runs, and it costs few commits."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.runtime.works import one_task, until
from theflow import Context, FlowStatus, Retry, TaskProgress, TaskStatus
from theflow.errors import InputError
from theflow.runtime.signs import MESSAGE_LIMIT, Said


def come(progress: TaskProgress | None) -> tuple[object, ...] | None:
    """What a body has said, without the time."""
    return progress and (progress.done, progress.total, progress.message)


def test_progress_is_seen_while_the_body_runs(works):
    go_on = threading.Event()

    def copy(ctx: Context[dict]) -> None:
        ctx.progress(37, 100, "copying")
        go_on.wait(10)

    works.start(one_task(copy))
    flow = works.submit(one_task(copy))
    seen = until(lambda: flow.get().task("only").progress)
    task = flow.get().task("only")
    go_on.set()
    assert (come(seen), seen.attempt) == ((37, 100, "copying"), 1)
    assert task.status is TaskStatus.RUNNING
    assert task.started_at <= seen.at


def test_newer_progress_is_seen_within_a_moment(works):
    steps = threading.Semaphore(0)

    def copy(ctx: Context[dict]) -> None:
        for done in range(2):
            steps.acquire(timeout=10)
            ctx.progress(done + 0.5)

    works.start(one_task(copy))
    flow = works.submit(one_task(copy))
    for done in (0.5, 1.5):
        steps.release()
        until(lambda done=done: come(flow.get().task("only").progress) == (done, None, ""))
    assert flow.wait(10).status is FlowStatus.SUCCEEDED


def test_a_body_may_speak_as_often_as_it_likes(works):
    def count(ctx: Context[dict]) -> None:
        for done in range(100_000):
            ctx.progress(done, 99_999)

    works.start(one_task(count))
    (runtime,) = works.store.runtimes()
    before = works.store.read_turn(runtime.incarnation)
    ended = works.submit(one_task(count)).wait(60)
    took = (ended.ended_at - ended.started_at) / 1_000_000
    assert come(ended.task("only").progress) == (99_999, 99_999, "")
    assert works.store.read_turn(runtime.incarnation) - before < 10 + 2 * took


def test_the_last_word_comes_with_the_outcome_of_an_async_body(works):
    async def quick(ctx: Context[dict]) -> None:
        ctx.progress(1, 1)

    assert come(works.run(one_task(quick)).task("only").progress) == (1, 1, "")


def test_progress_may_come_from_threads_of_the_body(works):
    def body(ctx: Context[dict]) -> None:
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(ctx.progress, range(8)))
        with ThreadPoolExecutor(1) as thread:
            thread.submit(ctx.progress, 8).result()

    assert come(works.run(one_task(body)).task("only").progress) == (8, None, "")


def test_progress_of_an_attempt_that_failed_is_not_that_of_the_next(works):
    def body(ctx: Context[dict]) -> None:
        if ctx.attempt == 1:
            ctx.progress(5, 9)
            raise ValueError

    assert works.run(one_task(body, retry=Retry(attempts=2, delay=0.0))).task("only").progress is None


def test_a_task_that_failed_shows_how_far_it_came(works):
    def body(ctx: Context[dict]) -> None:
        ctx.progress(5, 9, "nearly")
        raise ValueError

    ended = works.run(one_task(body))
    assert ended.status is FlowStatus.FAILED
    assert come(ended.task("only").progress) == (5, 9, "nearly")


def test_a_message_is_kept_as_text_without_secrets_and_not_too_long(works):
    def body(ctx: Context[dict]) -> None:
        ctx.progress(0, 0, "a\0b \ud800 é password=hunter2 " + "x" * 1000)

    ended = works.run(one_task(body))
    message = ended.task("only").progress.message
    assert ended.status is FlowStatus.SUCCEEDED
    assert message.startswith("a\\x00b \\ud800 é password=*** xxx")
    assert len(message) < MESSAGE_LIMIT + 50


def test_a_hook_may_speak_too_and_nothing_is_kept_of_it(works):
    scheme = one_task(lambda: None)
    told = threading.Event()

    @scheme.on_success
    def tell(ctx: Context[dict]) -> None:
        ctx.progress(1, 1)
        ctx.heartbeat()
        told.set()

    ended = works.run(scheme)
    assert told.wait(10)
    works.close()
    assert [task.progress for task in ended.tasks] == [None]


def test_the_progress_of_a_transactional_body_comes_with_its_outcome(shop):
    def body(ctx: Context[dict]) -> None:
        ctx.progress(3, 3, "written")

    assert come(shop.run(one_task(body, transactional=True)).task("only").progress) == (3, 3, "written")


@pytest.mark.parametrize("number", [-1, -0.5, float("nan"), float("inf"), 2**63, "5", True, None, 1j])
def test_what_is_no_count_is_refused_at_the_call(number):
    with pytest.raises(InputError, match=r"ctx\.progress: done is"):
        Said.checked(number, None, "")
    if number is not None:
        with pytest.raises(InputError, match=r"ctx\.progress: total is"):
            Said.checked(0, number, "")


def test_a_message_that_is_no_text_is_refused_at_the_call():
    with pytest.raises(InputError, match="message is 7; give it text"):
        Said.checked(0, None, 7)


@pytest.mark.parametrize(
    ("done", "total", "message", "line"),
    [
        (37, 100, "copying", "37/100 (37 %) copying"),
        (2**62, None, "", str(2**62)),
        (0.25, 1.0, "", "0.25/1 (25 %)"),
        (12, 10, "", "12/10 (120 %)"),
        (0, 0, "", "0/0"),
    ],
)
def test_progress_reads_as_one_line(done, total, message, line):
    assert TaskProgress(done=done, total=total, message=message, at=0, attempt=1).line() == line
