"""A transaction that is lent to the body of a task: its rows and its outcome, both or neither."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import closing
from itertools import product

import pytest
import sqlalchemy
from sqlalchemy.orm import Session

from tests.database.builders import Worker, flow_row, partial, record, submit, task
from tests.database.ledger import DATABASES, Ledger, add, opened, put
from theflow.database.batch import Batch
from theflow.errors import Fenced, InputError, RowRefused, StoreError, TransactionEnded
from theflow.model.status import FlowStatus


@pytest.fixture
def held(store, worker):
    """The offset of a flow that the worker holds."""
    [offset] = submit(store, partial())
    assert worker.claim(offset) is not None
    return offset


def outcome(worker, offset):
    """What a turn writes of a task that succeeded, and its flow with it."""
    return Batch(tasks=[task(worker, offset)], flows=[flow_row(offset, "succeeded")], released=[offset])


def nobody() -> None:
    """Nobody waits for the end."""


def test_an_outcome_is_written_in_a_lent_transaction_as_in_any_other(store, worker, held):
    store.lend(nobody).commit(worker.fence, outcome(worker, held))
    assert record(store, held).summary.status is FlowStatus.SUCCEEDED
    assert store.read_turn(worker.incarnation) == worker.fence.turn


def test_who_has_lent_a_transaction_hears_of_its_end_once(store, worker, held):
    ends = Counter()
    for number, end in enumerate(("roll_back", "revoke", "commit")):
        transaction = store.lend(lambda number=number: ends.update([number]))
        if end == "commit":
            transaction.commit(worker.fence, outcome(worker, held))
        else:
            getattr(transaction, end)()
        transaction.roll_back()
        transaction.roll_back()
    assert ends == {0: 1, 1: 1, 2: 1}


def test_a_lent_transaction_is_fenced_like_any_other(store, worker, held):
    transaction = store.lend(nobody)
    with pytest.raises(Fenced):
        transaction.commit(worker.fence._replace(turn=worker.fence.turn + 1), outcome(worker, held))
    assert record(store, held).summary.status is FlowStatus.RUNNING
    store.lend(nobody).commit(worker.fence, outcome(worker, held))


@pytest.fixture(params=DATABASES)
def kind(request):
    """Each database that has rows."""
    return request.param


class Desk:
    """A database with a runtime that holds a flow, and a table of a user's."""

    def __init__(self, kind, folder) -> None:
        url, self._open = opened(kind, folder)
        self.store = self._open()
        self.store.prepare()
        self.ledger = Ledger(url)
        self.worker = Worker(self.store)
        [self.offset] = submit(self.store, partial())
        self.worker.claim(self.offset)

    def commit(self, transaction) -> None:
        """Commit the outcome in a transaction."""
        transaction.commit(self.worker.fence, outcome(self.worker, self.offset))

    @property
    def done(self) -> bool:
        """Whether the outcome is there."""
        return record(self.store, self.offset).summary.status is FlowStatus.SUCCEEDED

    def close(self) -> None:
        """Leave nothing behind."""
        self.store.close()
        self.ledger.close()


@pytest.fixture
def desk(kind, tmp_path):
    """Such a database of each kind."""
    with closing(Desk(kind, tmp_path)) as made:
        yield made


def test_rows_and_outcome_appear_together(desk):
    transaction = desk.store.lend(nobody)
    put(transaction.connection, "mine")
    assert (desk.ledger.entries(), desk.done) == ({}, False)
    desk.commit(transaction)
    assert (desk.ledger.entries(), desk.done) == ({"mine": 1}, True)


def test_rows_go_with_an_outcome_that_is_refused(desk):
    transaction = desk.store.lend(nobody)
    put(transaction.connection, "mine")
    with pytest.raises(Fenced):
        transaction.commit(desk.worker.fence._replace(turn=77), outcome(desk.worker, desk.offset))
    assert (desk.ledger.entries(), desk.done) == ({}, False)


def test_rows_go_when_the_body_gives_up(desk):
    transaction = desk.store.lend(nobody)
    put(transaction.connection, "mine")
    transaction.roll_back()
    assert desk.ledger.entries() == {}
    desk.commit(desk.store.lend(nobody))


@pytest.mark.parametrize("call", ["commit", "rollback", "close", "begin", "begin_twophase", "detach"])
def test_the_end_of_the_transaction_is_not_the_bodys_to_decide(desk, call):
    transaction = desk.store.lend(nobody)
    put(transaction.connection, "mine")
    with pytest.raises(InputError, match=f"{call}.*is not the body's to call.*begin_nested"):
        getattr(transaction.connection, call)()
    desk.commit(transaction)
    assert desk.ledger.entries() == {"mine": 1}


def test_nor_is_it_by_a_transaction_object(desk):
    transaction = desk.store.lend(nobody)
    with pytest.raises(InputError, match="is not the body's to call"):
        transaction.connection.get_transaction().commit()
    transaction.roll_back()


def test_a_part_that_fails_can_be_undone_by_itself(desk):
    transaction = desk.store.lend(nobody)
    put(transaction.connection, "first")
    part = transaction.connection.begin_nested()
    put(transaction.connection, "second")
    with pytest.raises(sqlalchemy.exc.IntegrityError), part:
        put(transaction.connection, "first")
    desk.commit(transaction)
    assert desk.ledger.entries() == {"first": 1}


def test_a_session_ends_only_what_it_began(desk):
    transaction = desk.store.lend(nobody)
    put(transaction.connection, "plain")
    with Session(transaction.connection) as session:
        put(session, "kept")
        session.commit()
        put(session, "undone")
        session.rollback()
    assert desk.ledger.entries() == {}
    desk.commit(transaction)
    assert desk.ledger.entries() == {"plain": 1, "kept": 1}


@pytest.mark.parametrize(
    ("kind", "statement"),
    [*product(DATABASES, ("COMMIT", "ROLLBACK")), ("mysql", "CREATE TABLE child (id INTEGER)")],
)
def test_a_body_that_ends_its_transaction_is_found_out(desk, kind, statement):
    transaction = desk.store.lend(nobody)
    put(transaction.connection, "before")
    transaction.connection.exec_driver_sql(statement)
    put(transaction.connection, "after")
    with pytest.raises(TransactionEnded, match="the body ended its transaction itself"):
        desk.commit(transaction)
    assert not desk.done
    assert "after" not in desk.ledger.entries() or kind == "sqlite"


@pytest.mark.parametrize("kind", ["postgres"])
def test_an_error_that_the_body_passed_over_does_not_split_its_rows(desk):
    transaction = desk.store.lend(nobody)
    put(transaction.connection, "mine")
    with pytest.raises(sqlalchemy.exc.IntegrityError):
        put(transaction.connection, "mine")
    with pytest.raises(TransactionEnded, match="passing over an error"):
        desk.commit(transaction)
    assert (desk.ledger.entries(), desk.done) == ({}, False)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_what_a_constraint_refuses_at_the_end_takes_everything_back(desk):
    desk.ledger.run("CREATE TABLE child (of VARCHAR(40) REFERENCES entry (name) DEFERRABLE INITIALLY DEFERRED)")
    transaction = desk.store.lend(nobody)
    transaction.connection.exec_driver_sql("INSERT INTO child VALUES ('nobody')")
    with pytest.raises(RowRefused, match=r"(?i)foreign key"):
        desk.commit(transaction)
    assert not desk.done
    desk.commit(desk.store.lend(nobody))


def test_nothing_can_be_written_once_it_was_taken_away(desk):
    transaction = desk.store.lend(nobody)
    put(transaction.connection, "before")
    driver = transaction.connection.connection.driver_connection
    cursor = driver.cursor()
    transaction.revoke()
    with pytest.raises(InputError, match="this transaction is over"):
        put(transaction.connection, "after")
    for step in (lambda: cursor.execute("INSERT INTO entry VALUES ('raw', 1)"), driver.commit):
        with pytest.raises(Exception, match=r"(?i)over|closed|lost|gone|terminat|socket|EOF|\(0, ''\)"):
            step()
    transaction.roll_back()
    desk.commit(desk.store.lend(nobody))
    assert desk.ledger.entries() == {}


SLOW = {
    "sqlite": "INSERT INTO entry WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1e9)"
    " SELECT 'slow', count(*) FROM n",
    "postgres": "INSERT INTO entry SELECT 'slow', 1 FROM pg_sleep(20)",
    "mysql": "INSERT INTO entry SELECT 'slow', sleep(20)",
}


def test_a_statement_that_runs_while_it_is_taken_away_leaves_nothing(desk, kind):
    transaction = desk.store.lend(nobody)
    put(transaction.connection, "before")
    began = threading.Event()
    caught = []

    def run() -> None:
        began.set()
        try:
            transaction.connection.exec_driver_sql(SLOW[kind])
        except (sqlalchemy.exc.DBAPIError, InputError) as error:
            caught.append(error)
        transaction.roll_back()

    body = threading.Thread(target=run)
    body.start()
    began.wait()
    body.join(0.2)
    transaction.revoke()
    body.join(10)
    assert caught
    desk.commit(desk.store.lend(nobody))
    assert desk.ledger.entries() == {}


def test_what_is_still_open_when_the_store_is_closed_is_undone(desk):
    transaction = desk.store.lend(nobody)
    put(transaction.connection, "mine")
    desk.store.close()
    with pytest.raises((StoreError, InputError)):
        desk.commit(transaction)
    assert desk.ledger.entries() == {}


@pytest.mark.parametrize("kind", ["postgres", "mysql"])
def test_the_loser_of_a_deadlock_may_try_again_from_the_start(desk):
    desk.ledger.run("INSERT INTO entry VALUES ('a', 0), ('b', 0)")
    meet = threading.Barrier(2)
    verdicts = []

    def cross(*names) -> None:
        transaction = desk.store.lend(nobody)
        try:
            add(transaction.connection, names[0])
            meet.wait(10)
            add(transaction.connection, names[1])
        except sqlalchemy.exc.DBAPIError as error:
            verdicts.append(transaction.passes(error))
        transaction.roll_back()

    threads = [threading.Thread(target=cross, args=names) for names in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert verdicts == [True]


@pytest.mark.parametrize("error", [ValueError("no"), KeyError(2006), OSError(1213, "no")])
def test_other_errors_are_the_bodys_own(desk, error):
    transaction = desk.store.lend(nobody)
    assert not transaction.passes(error)
    put(transaction.connection, "twice")
    with pytest.raises(sqlalchemy.exc.IntegrityError) as refused:
        put(transaction.connection, "twice")
    assert not transaction.passes(refused.value)
    transaction.roll_back()


@pytest.mark.parametrize("kind", ["postgres", "mysql"])
def test_a_connection_that_was_lost_while_it_was_kept_is_replaced(desk, kind):
    first = desk.store.lend(nobody)
    ask = "SELECT pg_backend_pid()" if kind == "postgres" else "SELECT connection_id()"
    number = first.connection.exec_driver_sql(ask).scalar_one()
    first.roll_back()
    desk.ledger.run(f"SELECT pg_terminate_backend({number})" if kind == "postgres" else f"KILL {number}")
    second = desk.store.lend(nobody)
    assert second.connection.exec_driver_sql(ask).scalar_one() != number
    desk.commit(second)
    assert desk.done


@pytest.mark.parametrize("kind", ["postgres", "mysql"])
def test_a_body_whose_connection_was_lost_may_try_again_from_the_start(desk, kind):
    transaction = desk.store.lend(nobody)
    ask = "SELECT pg_backend_pid()" if kind == "postgres" else "SELECT connection_id()"
    number = transaction.connection.exec_driver_sql(ask).scalar_one()
    put(transaction.connection, "mine")
    desk.ledger.run(f"SELECT pg_terminate_backend({number})" if kind == "postgres" else f"KILL {number}")
    with pytest.raises(sqlalchemy.exc.DBAPIError) as lost:
        put(transaction.connection, "more")
    assert transaction.passes(lost.value)
    transaction.roll_back()
    desk.commit(desk.store.lend(nobody))
    assert desk.ledger.entries() == {}
