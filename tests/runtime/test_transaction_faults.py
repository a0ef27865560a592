"""Transactional tasks when something goes wrong: the whole body runs again, and nothing of the first run stays."""

from __future__ import annotations

import threading
import time
from contextlib import closing

import pytest
import sqlalchemy

from tests.database.ledger import add, put
from tests.runtime.faulty import Faulty, unanswered, unavailable
from tests.runtime.shop import answer_lost, commit_lost, spoiled, transactional
from tests.runtime.works import Works, until
from theflow import Client, Context, FlowStatus, Retry
from theflow.database.records import Lending
from theflow.database.sqlite import Sqlite
from theflow.runtime.transactions import RUNS


@pytest.fixture
def faulty(shop):
    """The store of the shop, which fails as planned."""
    shop.store = Faulty(shop.store)
    return shop.store


class Body:
    """Writes its entry, and counts its runs."""

    def __init__(self) -> None:
        self.runs = []

    def __call__(self, ctx: Context[dict]) -> str:
        self.runs.append(ctx.attempt)
        ctx.storage["runs"] = ctx.storage.get("runs", 0) + 1
        put(ctx.tx, f"entry {ctx.offset}")
        return "done"


def test_a_lost_answer_to_a_commit_is_not_a_lost_commit(shop, faulty):
    body = Body()
    faulty.plan("lend", spoiled(answer_lost))
    flow = shop.run(transactional(body))
    assert (flow.status, body.runs, shop.entries()) == (FlowStatus.SUCCEEDED, [1], {"entry 1": 1})


@pytest.mark.parametrize("trouble", ["read_turn", "commit"])
def test_a_lost_commit_runs_the_body_again_whole(shop, faulty, trouble):
    body = Body()
    faulty.plan("lend", spoiled(commit_lost))
    faulty.plan(trouble, unavailable)
    flow = shop.run(transactional(body))
    assert (flow.status, body.runs, shop.entries()) == (FlowStatus.SUCCEEDED, [1, 1], {"entry 1": 1})
    assert flow.storage == {"runs": 1}


def test_when_two_answers_for_one_turn_are_lost_what_is_on_disk_decides(shop, faulty):
    body = Body()
    faulty.plan("lend", spoiled(commit_lost))
    faulty.plan("commit", unanswered)
    flow = shop.run(transactional(body))
    assert (flow.status, shop.entries()) == (FlowStatus.SUCCEEDED, {"entry 1": 1})
    assert len(body.runs) == 2


def test_a_database_out_of_reach_is_waited_for_before_the_body_begins(shop, faulty):
    body = Body()
    faulty.plan("lend", unavailable, unavailable)
    flow = shop.run(transactional(body))
    assert (flow.status, body.runs) == (FlowStatus.SUCCEEDED, [1])


def test_what_stands_in_the_way_for_ever_is_a_failure_in_the_end(shop, faulty):
    body = Body()
    faulty.always("lend", spoiled(commit_lost))
    flow = shop.run(transactional(body))
    assert (flow.status, body.runs, shop.entries()) == (FlowStatus.FAILED, [1] * RUNS, {})
    assert f"run {RUNS} times" in flow.tasks[0].error.notes[0]


@pytest.mark.parametrize("kind", ["postgres", "mysql"])
def test_two_tasks_in_a_deadlock_both_succeed_in_their_first_attempt(shop):
    shop.ledger.run("INSERT INTO entry VALUES ('a', 0), ('b', 0)")
    meet = threading.Barrier(2)
    runs = []

    def body(ctx: Context[dict]) -> None:
        runs.append(ctx.user)
        for name in ("a", "b") if ctx.user == "ann" else ("b", "a"):
            add(ctx.tx, name)
            if len(runs) <= 2 and name == ("a" if ctx.user == "ann" else "b"):
                meet.wait(10)

    scheme = transactional(body)
    flows = [shop.submit(scheme, user=user) for user in ("ann", "bob")]
    shop.start(scheme)
    assert [(flow.wait(20).status, flow.get().tasks[0].attempt) for flow in flows] == [("succeeded", 1)] * 2
    assert len(runs) == 3
    assert shop.entries() == {"a": 2, "b": 2}


@pytest.mark.parametrize("kind", ["postgres", "mysql"])
def test_a_body_whose_connection_is_killed_runs_again_whole(shop, kind):
    runs = []

    def body(ctx: Context[dict]) -> None:
        runs.append(ctx.attempt)
        put(ctx.tx, "mine")
        if len(runs) == 1:
            ask = "SELECT pg_backend_pid()" if kind == "postgres" else "SELECT connection_id()"
            number = ctx.tx.exec_driver_sql(ask).scalar_one()
            shop.ledger.run(f"SELECT pg_terminate_backend({number})" if kind == "postgres" else f"KILL {number}")
            add(ctx.tx, "mine")

    flow = shop.run(transactional(body))
    assert (flow.status, runs, shop.entries()) == (FlowStatus.SUCCEEDED, [1, 1], {"mine": 1})


def test_f49_rows_of_a_runtime_that_was_taken_over_in_mid_body_are_gone(shop, kind):
    neighbour = shop.open()
    runs, stolen = [], threading.Event()

    def steal() -> None:
        (record,) = neighbour.runtimes()
        neighbour.take_over(record.incarnation, record.beat)
        stolen.set()

    def body(ctx: Context[dict]) -> None:
        runs.append(ctx.attempt)
        put(ctx.tx, "mine")
        if len(runs) == 1:
            threading.Thread(target=steal).start()
            # Nobody can take over from who has the only right to write: there the thief comes when it is too late.
            stolen.wait(0.2 if kind == "sqlite" else 10)

    flow = shop.submit(transactional(body))
    shop.start(transactional(body))
    assert flow.wait(20).status is FlowStatus.SUCCEEDED
    stolen.wait(10)
    assert shop.entries() == {"mine": 1}
    assert len(runs) == (1 if kind == "sqlite" else 2)
    neighbour.close()


def test_a_body_whose_transaction_is_long_in_coming_does_not_begin_once_its_flow_was_taken_over(shop, faulty):
    came, over = threading.Event(), threading.Event()
    runs = []

    def body(ctx: Context[dict]) -> None:
        runs.append(ctx.attempt)
        put(ctx.tx, "mine")

    def late(lend, ended):
        faulty.always("beat", unavailable)
        came.wait(10)
        return lend(lambda: (ended(), over.set()))

    faulty.plan("lend", late)
    scheme, neighbour = transactional(body), Works(shop.open())
    flow = shop.submit(scheme)
    shop.start(scheme, name="ann", ttl=0.5)
    until(faulty.done)
    with closing(neighbour):
        neighbour.start(scheme, name="bob", ttl=0.5)
        assert flow.wait(20).status is FlowStatus.SUCCEEDED
        came.set()
        assert over.wait(10)
        faulty.always("beat", None)
    assert (len(runs), shop.entries()) == (1, {"mine": 1})


def test_a_body_that_runs_on_after_its_timeout_leaves_nothing(shop):
    late, tried = threading.Event(), threading.Event()
    caught = []

    def body(ctx: Context[dict]) -> None:
        put(ctx.tx, f"attempt {ctx.attempt}")
        if ctx.attempt > 1:
            return
        raw = ctx.tx.connection.driver_connection.cursor()
        late.wait(10)
        for step in (lambda: put(ctx.tx, "late"), lambda: raw.execute("INSERT INTO entry VALUES ('raw', 1)")):
            try:
                step()
            except Exception as error:  # noqa: BLE001 - each driver has its own
                caught.append(error)
        tried.set()

    flow = shop.run(transactional(body, timeout=0.3, retry=Retry(attempts=2, delay=0.0)))
    assert flow.status is FlowStatus.SUCCEEDED
    late.set()
    assert tried.wait(10)
    assert len(caught) == 2
    assert shop.entries() == {"attempt 2": 1}


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_body_that_keeps_everybody_from_writing_loses_that_right(shop, monkeypatch):
    monkeypatch.setattr(Sqlite, "lending", Lending(beside=False, longest=0.3))
    over = threading.Event()

    def body(ctx: Context[dict]) -> None:
        put(ctx.tx, "mine")
        over.wait(10)

    flow = shop.run(transactional(body))
    error = flow.tasks[0].error
    assert (flow.status, error.type) == (FlowStatus.FAILED, "TransactionTooLong")
    assert "held the only right to write to its database for 0.3 s" in error.message
    assert shop.entries() == {}
    over.set()


def test_a_body_longer_than_the_ttl_is_safe(shop):
    def body(ctx: Context[dict]) -> None:
        put(ctx.tx, f"attempt {ctx.attempt}")
        time.sleep(0.9)  # three times the ttl

    flow = shop.submit(transactional(body))
    shop.start(transactional(body), ttl=0.3)
    assert flow.wait(20).status is FlowStatus.SUCCEEDED
    assert len(shop.entries()) == 1


def test_a_stop_lets_a_body_end_and_commit(shop):
    begun = threading.Event()

    def body(ctx: Context[dict]) -> None:
        put(ctx.tx, "mine")
        begun.set()
        time.sleep(0.2)  # the stop comes meanwhile

    scheme = transactional(body)
    flow = shop.submit(scheme)
    runtime = shop.start(scheme)
    begun.wait(10)
    runtime.stop(10)
    with closing(Client(shop.open())) as client:
        assert client.get_flow(flow.flow_id).status is FlowStatus.SUCCEEDED
    assert shop.entries() == {"mine": 1}


def test_a_stop_that_does_not_wait_leaves_no_row_and_no_transaction(shop, kind):
    begun, over = threading.Event(), threading.Event()

    def body(ctx: Context[dict]) -> None:
        put(ctx.tx, "mine")
        begun.set()
        over.wait(10)

    scheme = transactional(body)
    shop.submit(scheme)
    runtime = shop.start(scheme)
    begun.wait(10)
    runtime.stop(0.0)
    until(lambda: _can_be_locked(shop, kind))
    assert shop.entries() == {}
    over.set()


def _can_be_locked(shop, kind) -> bool:
    """Whether no transaction stands in the way of one that wants the whole table."""
    text = {
        "sqlite": "INSERT INTO entry VALUES ('other', 1)",
        "postgres": "LOCK TABLE entry IN ACCESS EXCLUSIVE MODE NOWAIT",
        "mysql": "ALTER TABLE entry NOWAIT COMMENT = 'free'",
    }[kind]
    with shop.ledger.engine.connect() as connection:
        try:
            connection.exec_driver_sql(text)
        except sqlalchemy.exc.DBAPIError:
            return False
        finally:
            connection.rollback()
    return True
