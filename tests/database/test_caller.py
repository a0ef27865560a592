"""Submitting in the transaction of a caller: the job is there if and only if he commits."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pymysql
import pytest
import sqlalchemy
from sqlalchemy.orm import Session

from tests.database.servers import MYSQL, POSTGRES
from tests.database.stores import database, mysql, postgres, sqlite
from theflow import Client, FlowFilter, JobMeta
from theflow.database.memory import MemoryStore
from theflow.errors import IdempotencyConflict, InputError

DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}


class House:
    """A database of theflow that has a table of its user's beside it."""

    def __init__(self, url: str, opened: Any) -> None:
        self.url = url
        self.client = Client(opened)
        self.client.create_job(JobMeta(flow_class="first"))
        self.engine = sqlalchemy.create_engine(DRIVERS[url.partition(":")[0]] + url[url.index(":") :])
        with self.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE IF EXISTS orders")
            connection.exec_driver_sql("CREATE TABLE orders (id integer)")

    def driver(self) -> Any:
        """A connection of the driver, as its user opens it."""
        if self.url.startswith("sqlite"):
            return sqlite3.connect(self.url.removeprefix("sqlite:///"))
        if self.url.startswith("postgres"):
            return psycopg.connect(self.url)
        parts = urlsplit(self.url)
        return pymysql.connect(host=parts.hostname, port=parts.port, user=parts.username, database=parts.path[1:])

    def orders(self) -> int:
        """How many rows of the user are there."""
        with self.engine.connect() as connection:
            return connection.exec_driver_sql("SELECT count(*) FROM orders").scalar_one()

    def jobs(self) -> int:
        """How many jobs of these tests are there."""
        return len(self.client.find_flows(FlowFilter(flow_class="order")).items)

    def close(self) -> None:
        """Give everything back."""
        self.client.close()
        with self.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE orders")
        self.engine.dispose()


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
def house(request: pytest.FixtureRequest, tmp_path: Path):
    """Each database."""
    if request.param == "sqlite":
        made = House(f"sqlite:///{tmp_path / 'flows.db'}", sqlite(tmp_path)())
    elif request.param == "postgres":
        made = House(database(POSTGRES), postgres(tmp_path)())
    else:
        made = House(database(MYSQL), mysql(tmp_path)())
    with closing(made):
        yield made


class OurSession(Session):
    """A session as frameworks derive one."""


WAYS: dict[str, Callable[[House], Any]] = {
    "connection": lambda house: house.engine.connect(),
    "session": lambda house: OurSession(house.engine),
    "driver": lambda house: closing(house.driver()),
}


@pytest.fixture(params=WAYS)
def mine(request: pytest.FixtureRequest, house: House):
    """A caller's connection of each kind."""
    with WAYS[request.param](house) as connection:
        yield connection


def order(connection: Any) -> None:
    """Write a row of the user's own."""
    if isinstance(connection, Session):
        connection = connection.connection()
    if isinstance(connection, sqlalchemy.Connection):
        connection.exec_driver_sql("INSERT INTO orders VALUES (1)")
    else:
        connection.cursor().execute("INSERT INTO orders VALUES (1)")


def test_job_and_row_are_there_once_the_caller_commits(house, mine):
    order(mine)
    handle = house.client.create_job(JobMeta(flow_class="order"), connection=mine)
    assert (house.jobs(), house.orders()) == (0, 0)
    mine.commit()
    assert (house.jobs(), house.orders()) == (1, 1)
    assert handle.get().status == "pending"


def test_nothing_is_left_of_what_the_caller_rolls_back(house, mine):
    house.client.create_jobs([JobMeta(flow_class="order")] * 3, connection=mine)
    order(mine)
    mine.rollback()
    assert (house.jobs(), house.orders()) == (0, 0)
    assert house.client.create_job(JobMeta(flow_class="order")).created


def test_a_job_alone_begins_a_transaction_that_the_caller_commits(house, mine):
    house.client.create_job(JobMeta(flow_class="order"), connection=mine)
    assert house.jobs() == 0
    mine.commit()
    assert house.jobs() == 1


def test_an_error_leaves_the_transaction_of_the_caller_as_it_was(house, mine):
    house.client.create_job(JobMeta(flow_class="order", input={"id": 1}, idempotency_key="k"))
    order(mine)
    with pytest.raises(IdempotencyConflict):
        house.client.create_job(JobMeta(flow_class="order", input={"id": 2}, idempotency_key="k"), connection=mine)
    again = house.client.create_job(JobMeta(flow_class="order", input={"id": 1}, idempotency_key="k"), connection=mine)
    mine.commit()
    assert (again.created, house.orders(), house.jobs()) == (False, 1, 1)


def test_an_error_leaves_no_transaction_where_the_caller_had_none(house):
    house.client.create_job(JobMeta(flow_class="order", input={"id": 1}, idempotency_key="k"))
    with closing(house.driver()) as mine:
        with pytest.raises(IdempotencyConflict):
            house.client.create_job(JobMeta(flow_class="order", input={"id": 2}, idempotency_key="k"), connection=mine)
        mine.rollback()
        assert house.client.create_job(JobMeta(flow_class="order")).created
    assert house.jobs() == 2


def test_two_callers_get_offsets_in_the_order_of_their_commits(house):
    with closing(house.driver()) as first, closing(house.driver()) as second:
        one = house.client.create_job(JobMeta(flow_class="order"), connection=first)
        first.commit()
        two = house.client.create_job(JobMeta(flow_class="order"), connection=second)
        second.commit()
    assert one.offset < two.offset


def test_a_connection_that_commits_each_statement_is_refused(house):
    with (
        house.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        pytest.raises(InputError, match="commits each statement"),
    ):
        house.client.create_job(JobMeta(flow_class="order"), connection=connection)
    assert house.jobs() == 0


def test_a_connection_to_another_database_is_refused(house, tmp_path):
    with closing(sqlite3.connect(tmp_path / "other.db")) as other, pytest.raises(InputError, match="connection: "):
        house.client.create_job(JobMeta(flow_class="order"), connection=other)


@pytest.mark.parametrize("given", [7, "sqlite:///x.db", object()])
def test_what_is_no_connection_is_refused(house, given):
    with pytest.raises(InputError, match="expected a SQLAlchemy Connection or Session"):
        house.client.create_job(JobMeta(flow_class="order"), connection=given)


def test_a_connection_of_an_event_loop_is_refused(house):
    class AsyncConnection:
        """What such a connection is called, whoever wrote it."""

    with pytest.raises(InputError, match="event loop"):
        house.client.create_job(JobMeta(flow_class="order"), connection=AsyncConnection())


def test_a_closed_connection_is_refused(house):
    connection = house.engine.connect()
    connection.close()
    with pytest.raises(InputError, match="closed"):
        house.client.create_job(JobMeta(flow_class="order"), connection=connection)


def test_the_store_in_memory_has_no_connection_to_share():
    with pytest.raises(InputError, match="in memory"):
        Client(MemoryStore()).create_job(JobMeta(flow_class="order"), connection=object())
