"""A server that gives too few connections: F21, and limits that can never do."""

from __future__ import annotations

import os
import re
import signal
from contextlib import closing, contextmanager

import pytest

import theflow
from tests.acceptance.stage import until
from tests.faults.flows import SCHEMES
from tests.faults.place import Served
from theflow import FlowStatus, RuntimeOptions
from theflow.errors import StoreUnusable

# Of this run alone: another may go on at the same server.
USER = f"theflow_few_{os.getpid()}"
TOO_MANY = "too many connections|max_user_connections"


class Few:
    """A user of the database who may have so many connections."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.url = served.url_by(USER)
        # One of them for transactional bodies, which some of these flows have.
        self.least = 7 if served.is_postgres else 5

    def allow(self, limit: int) -> None:
        """Change how many."""
        if self.served.is_postgres:
            self.served.sql(f"ALTER ROLE {USER} CONNECTION LIMIT {limit}")
        else:
            self.served.sql(f"ALTER USER {USER} WITH MAX_USER_CONNECTIONS {limit}")


@pytest.fixture
def few(served):
    """Somebody who may use the database as its owner does."""
    if served.is_postgres:
        served.sql(f"CREATE ROLE {USER} LOGIN", f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {USER}")
        served.sql(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {USER}")
        gone = (f"DROP OWNED BY {USER}", f"DROP ROLE {USER}")
    else:
        name = served.home.rpartition("/")[2]
        served.sql(f"CREATE USER {USER}", f"GRANT ALL ON {name}.* TO {USER}")
        gone = (f"DROP USER {USER}",)
    yield Few(served)
    served.close()
    until(lambda: served.sessions(USER) == [])
    served.sql(*gone)


def booted(few):
    """A runtime of that user, which is stopped again."""
    theflow.bootstrap(few.url, SCHEMES, RuntimeOptions(name="small", ttl=5)).stop()


def test_f21_a_limit_below_what_a_runtime_needs_is_refused_with_both_numbers(few):
    few.allow(few.least - 1)
    with pytest.raises(StoreUnusable) as refused:
        booted(few)
    message = str(refused.value)
    assert f"allows {few.least - 1} connections" in message
    assert f"a runtime needs {few.least}" in message
    assert "raise it: ALTER" in message
    assert few.served.client.runtimes() == []


def test_f21_a_runtime_without_transactional_tasks_needs_one_less(few):
    shop = theflow.FlowScheme("shop")
    shop.add(lambda: None, name="pay")
    few.allow(few.least - 1)
    theflow.bootstrap(few.url, [shop], RuntimeOptions(name="small", ttl=5)).stop()
    few.allow(few.least - 2)
    with pytest.raises(StoreUnusable, match=f"a runtime needs {few.least - 1} "):
        theflow.bootstrap(few.url, [shop], RuntimeOptions(name="small", ttl=5))


@pytest.mark.parametrize("served", ["postgres"], indirect=True)
def test_f21_the_limit_of_a_database_counts_too(few):
    name = few.served.home.rpartition("/")[2]
    few.served.sql(f"ALTER DATABASE {name} CONNECTION LIMIT 5")
    try:
        with pytest.raises(StoreUnusable, match=rf"database {name} allows 5 .* needs 7"):
            booted(few)
    finally:
        few.served.sql(f"ALTER DATABASE {name} CONNECTION LIMIT -1")


def test_f21_as_many_connections_as_are_asked_for_are_enough(few):
    few.allow(few.least)
    few.served.url = few.url
    life = few.served.start(ttl=5).ready()
    flows = [few.served.submit("line", user) for user in ("ann", "bob", "cid")]
    assert {flow.wait(15).status for flow in flows} == {FlowStatus.SUCCEEDED}
    life.send(signal.SIGTERM)
    assert life.wait() == 0
    assert "waiting for the database" not in life.err


@contextmanager
def taken(few):
    """All connections of that user are taken: he may have one, somebody else has it, and the others are ended."""
    few.allow(few.least + 1)
    with closing(theflow.connect(few.url)) as client:
        before = few.served.sessions(USER)
        client.find_flows(limit=1)
        few.allow(1)
        few.served.end(*before)
        yield
    few.allow(few.least)


def test_f21_a_runtime_goes_on_when_connections_that_were_taken_come_free(few):
    few.allow(few.least)
    few.served.url = few.url
    life = few.served.start(ttl=1.5).ready()
    flow = few.served.submit("nap", until=str(few.served.go))
    few.served.started(flow)
    with taken(few):
        few.served.go.touch()
        until(lambda: life.err.count("waiting for the database") > 2)
        assert re.search(TOO_MANY, life.err)
        assert life.err.count("\n") < 30
        assert not life.ended
    assert flow.wait(15).status is FlowStatus.SUCCEEDED
    assert len(few.served.effects(flow)) == 1


def test_f21_a_start_waits_until_there_is_a_connection(few):
    command = ["-m", "theflow", "--db", few.url, "run", "tests.faults.flows", "--name", "late"]
    with taken(few):
        life = few.served.run(command)
        until(lambda: life.err.count("waiting ") > 1)
        assert re.search(TOO_MANY, life.err)
    assert few.served.submit("line").wait(15).status is FlowStatus.SUCCEEDED
    life.send(signal.SIGTERM)
    assert life.wait() == 0
