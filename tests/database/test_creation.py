"""The creation of the schema dies in the middle: the next one makes it whole, wherever the first was cut off."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing

import pytest

from tests.database.builders import partial, submit
from tests.database.servers import MYSQL, POSTGRES, absence, rows, run, url_of
from theflow import wire
from theflow.errors import StoreUnusable

KINDS = {"postgres": POSTGRES, "mysql": MYSQL}
# Dies right before it sends a statement.
DIE = """
import os, signal, sys
from sqlalchemy import Engine, event
from theflow.wire import upgrade
@event.listens_for(Engine, "before_cursor_execute")
def look(connection, cursor, statement, *_):
    if statement.split()[:3] == sys.argv[2].split():
        os.kill(os.getpid(), signal.SIGKILL)
upgrade(sys.argv[1])
"""
LAST_WORDS = [
    "CREATE TABLE alembic_version",
    "CREATE TABLE job_counter",
    "INSERT INTO job_counter",
    "CREATE INDEX job_ranked",
    "CREATE TABLE runtime",
    "INSERT INTO alembic_version",
]


@pytest.fixture(params=KINDS)
def empty(request):
    """The kind and the URL of a database without a schema."""
    kind = KINDS[request.param]
    server = url_of(kind)
    if server is None:
        pytest.skip(absence(kind))
    name = f"theflow_creation_{os.getpid()}"
    run(kind, server, f"CREATE DATABASE {name}")
    yield kind, server.rpartition("/")[0] + f"/{name}"
    run(kind, server, f"DROP DATABASE {name}")


@pytest.mark.parametrize("statement", LAST_WORDS)
def test_a_schema_whose_creation_was_killed_is_made_anew(empty, statement):
    _, url = empty
    killed = subprocess.run([sys.executable, "-c", DIE, url, statement], check=False)
    assert killed.returncode == -signal.SIGKILL
    with closing(wire.open_store(url)) as store:
        with pytest.raises(StoreUnusable, match="has no theflow schema; run: theflow db upgrade"):
            store.require()
        store.prepare()
        assert submit(store, partial()) == [1]
    assert wire.schema_state(url).current == wire.schema_state(url).newest


def test_a_table_of_somebody_else_is_not_taken_for_a_half_made_one(empty):
    kind, url = empty
    run(kind, url, "CREATE TABLE flow (note varchar(9))", "INSERT INTO flow VALUES ('mine')")
    with closing(wire.open_store(url)) as store:
        for _ in range(2):
            with pytest.raises(StoreUnusable, match=r"flow.* already exists|somebody else .*\(flow\); give theflow"):
                store.prepare()
    assert rows(kind, url, "SELECT note FROM flow") == ["mine"]
