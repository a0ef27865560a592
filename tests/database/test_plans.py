"""Servers and files work on the rows that a statement names, and on no others."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from tests.database import stores
from tests.database.builders import partial, submit
from tests.database.servers import POSTGRES
from theflow.database.codec import encode_definition
from theflow.database.postgres import Postgres
from theflow.database.sql import SqlStore
from theflow.database.statements import load_statements
from theflow.wire import upgrade

JOBS = 300
GIVEN = {
    "claim_jobs": {"owner": 1, "version": 1, "uses": ""},
    "start_flows": {"version": 1, "started_at": 1},
    "claimed_flows": {},
    "claim_counts": {},
    "end_flows": {"status": "succeeded", "reason": "", "ended_at": 2},
    "delete_jobs": {},
}


@pytest.fixture
def server(tmp_path):
    """The dialect of a fresh database in which jobs wait, of which no statistics were made."""
    stores.postgres(tmp_path)
    url = stores.database(POSTGRES)
    with closing(Postgres(url, url)) as dialect:
        store = SqlStore(dialect)
        store.prepare()
        _leave_alone(dialect)
        submit(store, *[partial() for _ in range(JOBS)])
        yield dialect


def _leave_alone(dialect):
    """Keep the server from making statistics, and from looking at old versions of rows while they are counted."""
    with closing(dialect.connected()) as connection, connection.cursor() as cursor:
        for table in ("flow", "flow_task", "job_event", "job_counter"):
            cursor.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
        cursor.execute("COMMIT")


@pytest.fixture
def cursor(server):
    """A connection of the dialect, within a transaction."""
    with closing(server.connected()) as connection:
        connection.execute("BEGIN")
        yield connection.cursor()


@pytest.mark.parametrize("name", GIVEN)
def test_a_statement_over_offsets_passes_over_no_other_row(server, cursor, name):
    statement = server.statements[name]
    values = statement.values({**GIVEN[name], "offsets": encode_definition([*range(1, 11)])})
    cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF) {statement.text}", values)
    plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index" in plan
    assert "Removed by" not in plan, plan


def test_a_flow_that_starts_and_succeeds_has_no_index_written(server, cursor):
    for name in ("start_flows", "end_flows"):
        statement = server.statements[name]
        offsets = encode_definition([*range(1, JOBS + 1)])
        cursor.execute(statement.text, statement.values({**GIVEN[name], "offsets": offsets}))
        # Once it is committed, what it replaced leaves its room to the next version.
        cursor.execute(
            "SELECT pg_stat_get_xact_tuples_updated(c), pg_stat_get_xact_tuples_hot_updated(c) "
            "FROM to_regclass('flow') AS c"
        )
        updated, in_place = cursor.fetchone()
        assert updated == in_place > 0
        cursor.execute("COMMIT")
        cursor.execute("BEGIN")


@pytest.mark.parametrize("status", ["filter_troubled", "filter_queued"])
def test_a_file_finds_flows_of_a_seldom_status_by_an_index(tmp_path, status):
    path = tmp_path / "flows.db"
    upgrade(f"sqlite:///{path}")
    found = load_statements("sqlite", "?")
    statement = found["find_flows"].plus(found[status]).plus(found["page"])
    with closing(sqlite3.connect(path)) as connection:
        plan = connection.execute(
            f"EXPLAIN QUERY PLAN {statement.text}", (9, *["failed"] * (len(statement.names) - 2), 5)
        )
        steps = "; ".join(row[3] for row in plan)
    assert "flow_in_trouble (status=? AND job_offset<?)" in steps or "job_event" in steps
