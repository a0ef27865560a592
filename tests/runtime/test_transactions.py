"""Transactional tasks: the rows that a body writes and the outcome of its task, both or neither."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy.orm import Session

from tests.database.ledger import add, put
from tests.runtime.shop import transactional
from tests.runtime.works import one_task, until
from theflow import UNLIMITED, Chain, Context, FlowFilter, FlowScheme, FlowStatus, JobMeta, Retry
from theflow.database.postgres import Postgres
from theflow.database.room import Need


def test_rows_and_outcome_are_there_together(shop):
    def body(ctx: Context[dict]) -> str:
        put(ctx.tx, "mine")
        ctx.storage["seen"] = shop.entries()
        ctx.log.info("written")
        return "done"

    flow = shop.run(transactional(body))
    assert (flow.status, flow.tasks[0].result, flow.storage) == (FlowStatus.SUCCEEDED, "done", {"seen": {}})
    assert shop.entries() == {"mine": 1}
    assert [line.message for line in shop.client.logs(flow.flow_id)] == ["written"]


def test_rows_of_a_body_that_raises_are_gone(shop):
    def body(ctx: Context[dict]) -> None:
        put(ctx.tx, f"attempt {ctx.attempt}")
        if ctx.attempt < 3:
            raise ValueError("not yet")

    flow = shop.run(transactional(body, retry=Retry(attempts=3, delay=0.0)))
    assert flow.status is FlowStatus.SUCCEEDED
    assert shop.entries() == {"attempt 3": 1}


def test_rows_of_a_result_that_cannot_be_stored_are_gone(shop):
    def body(ctx: Context[dict]) -> object:
        put(ctx.tx, "mine")
        return float("nan")

    flow = shop.run(transactional(body))
    assert (flow.status, flow.tasks[0].error.type) == (FlowStatus.FAILED, "theflow.errors.DataRefused")
    assert shop.entries() == {}


def test_rows_of_a_conflict_about_the_storage_are_gone(shop):
    scheme = FlowScheme("race")
    written = threading.Event()

    @scheme.task
    def plain(ctx: Context[dict]) -> None:
        ctx.storage["field"] = "plain"

    @scheme.task(transactional=True)
    def careful(ctx: Context[dict]) -> None:
        ctx.storage["field"] = "careful"
        written.wait(10)
        put(ctx.tx, "mine")

    shop.start(scheme)
    flow = shop.submit(scheme)
    if shop.store.lending.beside:
        until(lambda: flow.get().task("plain").status == "succeeded")
    written.set()
    ended = flow.wait(10)
    loser = next(task for task in ended.tasks if task.status == "failed")
    assert loser.error.type == "StorageConflict"
    assert shop.entries() == ({} if loser.name == "careful" else {"mine": 1})


def test_what_comes_after_it_on_a_condition_sees_its_rows(shop):
    seen = []

    def body(ctx: Context[dict]) -> None:
        put(ctx.tx, "mine")

    def looked() -> bool:
        seen.append(shop.entries())
        return True

    scheme = transactional(body)
    scheme.add(lambda: "after", name="after", after=["only"], when=looked)
    assert shop.run(scheme).task("after").result == "after"
    assert seen == [{"mine": 1}]


def test_a_session_works_in_the_transaction(shop):
    def body(ctx: Context[dict]) -> None:
        with Session(ctx.tx) as session, session.begin():
            put(session, "kept")
        with Session(ctx.tx) as session:
            put(session, "not committed by its session")

    shop.run(transactional(body))
    assert shop.entries() == {"kept": 1}


def test_a_job_that_a_body_submits_is_there_if_and_only_if_its_task_commits(shop):
    def body(ctx: Context[dict]) -> None:
        shop.client.create_job(JobMeta(flow_class="after", user=f"attempt{ctx.attempt}"), connection=ctx.tx)
        if ctx.attempt == 1:
            raise ValueError("not yet")

    shop.run(transactional(body, retry=Retry(attempts=2, delay=0.0)))
    assert [flow.user for flow in shop.client.find_flows(FlowFilter(flow_class="after")).items] == ["attempt2"]


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_task_that_is_not_transactional_has_no_connection(shop):
    def body(ctx: Context[dict]) -> None:
        put(ctx.tx, "mine")

    flow = shop.run(one_task(body))
    assert (
        "'only' of flow 'single' is not transactional; declare it with transactional=True"
        in flow.tasks[0].error.message
    )


def test_a_store_without_tables_says_so_where_it_is_asked_for_them(works):
    def body(ctx: Context[dict]) -> str:
        if ctx.user == "bob":
            put(ctx.tx, "mine")
        return "done"

    scheme = transactional(body)
    assert works.run(scheme).tasks[0].result == "done"
    error = works.run(scheme, user="bob").tasks[0].error
    assert error.type.endswith(("InputError", "ProgrammingError", "OperationalError"))


def test_a_body_that_wants_to_commit_fails_with_the_mend(shop):
    def body(ctx: Context[dict]) -> None:
        put(ctx.tx, "mine")
        ctx.tx.commit()

    flow = shop.run(transactional(body))
    assert "committed together with the outcome of the task when the body returns" in flow.tasks[0].error.message
    assert shop.entries() == {}


@pytest.mark.parametrize("statement", ["COMMIT", "ROLLBACK"])
def test_a_body_that_ends_its_transaction_fails_for_good(shop, statement):
    runs = []

    def body(ctx: Context[dict]) -> None:
        runs.append(ctx.attempt)
        put(ctx.tx, ctx.user)
        if ctx.user != "bob":
            ctx.tx.exec_driver_sql(statement)

    scheme = transactional(body, retry=Retry(attempts=5, delay=0.0))
    flow = shop.run(scheme)
    assert (flow.status, flow.tasks[0].error.type, runs) == (FlowStatus.FAILED, "theflow.errors.TransactionEnded", [1])
    assert "the body ended its transaction itself" in flow.tasks[0].error.message
    assert shop.run(scheme, user="bob").status is FlowStatus.SUCCEEDED


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_what_a_constraint_refuses_at_the_end_is_the_failure_of_its_task_alone(shop):
    shop.ledger.run("CREATE TABLE child (of VARCHAR(40) REFERENCES entry (name) DEFERRABLE INITIALLY DEFERRED)")

    def body(ctx: Context[dict]) -> None:
        put(ctx.tx, ctx.user)
        if ctx.user == "bad":
            ctx.tx.exec_driver_sql("INSERT INTO child VALUES ('nobody')")

    scheme = transactional(body, retry=Retry(attempts=2, delay=0.0))
    shop.start(scheme)
    flows = [shop.submit(scheme, user=user) for user in ("ann", "bad", "bob")]
    assert [flow.wait(10).status for flow in flows] == ["succeeded", "failed", "succeeded"]
    assert [attempt.error.type for attempt in shop.client.attempts(flows[1].flow_id)] == [
        "theflow.errors.RowRefused"
    ] * 2
    assert shop.entries() == {"ann": 1, "bob": 1}


def test_many_at_once_lose_no_row_and_no_outcome(shop):
    shop.ledger.run("INSERT INTO entry VALUES ('sum', 0)")

    def body(ctx: Context[dict]) -> int:
        put(ctx.tx, str(ctx.offset))
        add(ctx.tx, "sum")
        return ctx.offset

    scheme = transactional(body, concurrency=UNLIMITED)
    flows = [shop.submit(scheme) for _ in range(40)]
    shop.start(scheme)
    assert [flow.wait(20).tasks[0].result for flow in flows] == [flow.offset for flow in flows]
    assert shop.entries() == {"sum": 40, **{str(flow.offset): 1 for flow in flows}}


def test_transactional_tasks_take_turns_with_all_others(shop):
    scheme = FlowScheme("mixed", orchestration=Chain, concurrency=UNLIMITED)

    @scheme.task
    async def one(ctx: Context[dict]) -> None:
        ctx.storage["steps"] = ["one"]

    @scheme.task(transactional=True)
    def two(ctx: Context[dict]) -> None:
        put(ctx.tx, str(ctx.offset))
        ctx.storage["steps"].append("two")

    @scheme.task
    def three(ctx: Context[dict]) -> None:
        ctx.storage["steps"].append("three")

    shop.start(scheme, flows=10)
    flows = [shop.submit(scheme) for _ in range(20)]
    assert all(flow.wait(20).storage == {"steps": ["one", "two", "three"]} for flow in flows)
    assert len(shop.entries()) == 20


@pytest.mark.parametrize("kind", ["postgres"])
def test_a_runtime_opens_no_more_connections_than_it_says(shop):
    together, counted = threading.Barrier(5), threading.Event()

    def body(ctx: Context[dict]) -> None:
        put(ctx.tx, str(ctx.offset))
        together.wait(10)
        counted.wait(10)

    scheme = transactional(body, concurrency=UNLIMITED)
    flows = [shop.submit(scheme) for _ in range(8)]
    shop.start(scheme, threads=4)
    together.wait(10)
    writers = (
        "SELECT count(DISTINCT pid) FROM pg_locks WHERE relation = 'entry'::regclass AND mode = 'RowExclusiveLock'"
    )
    everyone = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'theflow' AND datname = current_database()"
    )
    with shop.ledger.engine.connect() as connection:
        open_now, connected = (connection.exec_driver_sql(ask).scalar_one() for ask in (writers, everyone))
    counted.set()
    together.wait(10)
    assert [flow.wait(10).status for flow in flows] == ["succeeded"] * 8
    assert open_now == 4
    assert connected <= Need.of(Postgres.NEWS, 4).most


@pytest.mark.parametrize("kind", ["sqlite"])
def test_only_one_body_writes_to_a_file_at_a_time_and_the_others_hold_nothing(shop):
    inside, most = [], []

    def body(ctx: Context[dict]) -> None:
        inside.append(ctx.offset)
        most.append(len(inside))
        put(ctx.tx, str(ctx.offset))
        inside.remove(ctx.offset)

    scheme = transactional(body, concurrency=UNLIMITED)
    plain = FlowScheme("plain", concurrency=UNLIMITED)
    plain.add(lambda: "done", name="only")
    flows = [shop.submit(scheme) for _ in range(10)]
    shop.start(scheme, plain, threads=1)
    assert shop.submit(plain).wait(10).status is FlowStatus.SUCCEEDED
    assert {flow.wait(10).status for flow in flows} == {FlowStatus.SUCCEEDED}
    assert set(most) == {1}
