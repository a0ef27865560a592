"""What bodies log is kept with flow, task and attempt, and can be read while they run."""

from __future__ import annotations

import asyncio
import logging
import threading

from tests.runtime.works import one_task, until
from theflow import UNLIMITED, Context, FlowStatus, JobMeta, Retry
from theflow.runtime.attempt_log import ATTEMPT_LIMIT, LINE_LIMIT

log = logging.getLogger("shop.orders")


def messages(works, flow, **what):
    """The messages of a flow, in order."""
    return [line.message for line in works.client.logs(flow.flow_id, **what)]


def test_a_body_logs_through_its_context_and_through_standard_logging(works):
    def work(ctx: Context[dict]) -> None:
        ctx.log.info("one %d", 1)
        log.warning("two")
        log.debug("not kept")

    ended = works.run(one_task(work))
    lines = works.client.logs(ended.flow_id)
    assert [(line.level, line.logger, line.message) for line in lines] == [
        ("INFO", "theflow.task.single", "one 1"),
        ("WARNING", "shop.orders", "two"),
    ]
    assert {(line.task, line.attempt) for line in lines} == {("only", 1)}
    assert ended.started_at <= lines[0].at <= lines[1].at <= ended.ended_at


def test_bodies_that_run_at_once_on_one_loop_keep_their_logs_apart(works):
    async def work(ctx: Context[dict]) -> None:
        for step in range(3):
            log.warning("%d of %d", step, ctx.offset)
            await asyncio.sleep(0.005)
        await asyncio.to_thread(log.warning, "thread of %d", ctx.offset)

    works.start(one_task(work, concurrency=UNLIMITED))
    flows = works.client.create_jobs([JobMeta(flow_class="single")] * 5)
    for flow in flows:
        flow.wait(10)
        steps = [f"{step} of {flow.offset}" for step in range(3)]
        assert messages(works, flow) == [*steps, f"thread of {flow.offset}"]


def test_what_is_logged_outside_of_bodies_belongs_to_no_flow(works):
    go = threading.Event()
    works.start(one_task(lambda: go.wait(5)))
    (flow,) = works.client.create_jobs([JobMeta(flow_class="single")])
    until(lambda: flow.get().status is FlowStatus.RUNNING)
    log.error("of the program itself")
    go.set()
    flow.wait(5)
    assert messages(works, flow) == []


def test_logs_can_be_read_while_the_body_runs_and_from_where_one_stopped(works):
    go = threading.Event()

    def work(ctx: Context[dict]) -> None:
        ctx.log.info("first")
        go.wait(5)
        ctx.log.info("second")

    works.start(scheme := one_task(work))
    flow = works.submit(scheme)
    (first,) = until(lambda: works.client.logs(flow.flow_id))
    assert (first.message, flow.get().status) == ("first", FlowStatus.RUNNING)
    go.set()
    flow.wait(5)
    assert messages(works, flow, after=first.id) == ["second"]
    assert messages(works, flow, limit=1) == ["first"]
    assert messages(works, flow, task="another") == []


def test_every_line_before_the_outcome_is_kept_and_in_order(works):
    def work(ctx: Context[dict]) -> None:
        for number in range(3000):
            ctx.log.info("%d", number)

    scheme = one_task(work, concurrency=UNLIMITED)
    works.start(scheme)
    for flow in works.client.create_jobs([JobMeta(flow_class="single")] * 3):
        flow.wait(20)
        pages = messages(works, flow, limit=1000)
        while (page := works.client.logs(flow.flow_id, after=len_before(works, flow, len(pages)))) != []:
            pages += [line.message for line in page]
        assert pages == [str(number) for number in range(3000)]


def len_before(works, flow, count):
    """The id of the line that stands at a place."""
    after = 0
    while count:
        page = works.client.logs(flow.flow_id, after=after)
        after, count = page[min(count, len(page)) - 1].id, count - min(count, len(page))
    return after


def test_a_long_line_is_cut_and_says_so(works):
    ended = works.run(one_task(lambda: log.warning("x" * 100_000)))
    (message,) = messages(works, ended)
    assert len(message) < LINE_LIMIT + 100
    assert message.endswith(f"({100_000 - LINE_LIMIT} more characters)")


def test_the_log_of_an_attempt_is_bounded_and_says_so(works):
    def work() -> None:
        for _ in range(2 * ATTEMPT_LIMIT // 10_000):
            log.warning("x" * 10_000)

    ended = works.run(one_task(work))
    found = messages(works, ended)
    assert sum(map(len, found)) < ATTEMPT_LIMIT + 1000
    assert "what follows is not kept" in found[-1]


def test_attempts_have_logs_of_their_own(works):
    def work(ctx: Context[dict]) -> None:
        ctx.log.info("attempt %d", ctx.attempt)
        raise ValueError

    ended = works.run(one_task(work, retry=Retry(attempts=2, delay=0.0)))
    assert [(line.attempt, line.message) for line in works.client.logs(ended.flow_id)] == [
        (1, "attempt 1"),
        (2, "attempt 2"),
    ]


def test_a_record_whose_arguments_do_not_fit_is_kept_as_it_is(works, monkeypatch):
    monkeypatch.setattr(logging.root, "handlers", [])  # the handler of pytest raises
    monkeypatch.setattr(logging, "raiseExceptions", False)
    ended = works.run(one_task(lambda: log.warning("%d", "x")))
    assert messages(works, ended) == ["'%d' (its arguments do not fit: TypeError)"]


def test_an_exception_that_is_logged_comes_with_its_traceback(works):
    def work() -> None:
        try:
            int("x")
        except ValueError:
            log.exception("it broke")

    (message,) = messages(works, works.run(one_task(work)))
    assert message.startswith("it broke\nTraceback")
    assert message.endswith("ValueError: invalid literal for int() with base 10: 'x'")


def test_an_async_body_that_is_aborted_is_cancelled_and_can_clean_up(works):
    said, cleaned = threading.Event(), threading.Event()

    async def work() -> None:
        said.set()
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            cleaned.set()

    runtime = works.start(scheme := one_task(work))
    works.submit(scheme)
    assert said.wait(5)
    runtime.stop(0.0)
    assert cleaned.is_set()


def test_what_a_body_logged_before_it_was_aborted_is_kept(works):
    said = threading.Event()

    async def work() -> None:
        log.warning("before the end")
        said.set()
        await asyncio.sleep(60)

    runtime = works.start(scheme := one_task(work), threads=1)
    flow = works.submit(scheme)
    assert said.wait(5)
    runtime.stop(0.0)
    assert messages(works, flow) == ["before the end"]
