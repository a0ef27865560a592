"""Workload: what a runtime asks of its database while it has nothing to do, counted by the server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import sqlalchemy

import theflow
from bench.figure import Figure
from bench.flows import facts, shown
from bench.load import nothing, unique
from bench.place import place
from bench.servers import engine_of
from bench.setting import Setting

ALLOWED = 5.0
SECONDS = 20
# What just came up does not idle yet, and a server may count a transaction ten seconds late.
SETTLE = 12.0
STATEMENTS = """SELECT coalesce(sum(calls), 0) FROM pg_stat_statements AS s
JOIN pg_database AS d ON d.oid = s.dbid WHERE d.datname = '{}'"""
# Without that extension only transactions are counted: a heartbeat is one, of three statements.
TRANSACTIONS = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = '{}'"
# It has counters for the whole server only: measure where nobody else uses it.
QUESTIONS = "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'QUESTIONS'"
LOADED = "SELECT count(*) FROM pg_extension WHERE extname = 'pg_stat_statements'"


def idle(setting: Setting) -> Iterator[Figure]:
    """Statements a second of an idle runtime, alone and beside another one, counted for 20 seconds by the server."""
    for runtimes, company in ((1, "alone"), (2, "beside another")):
        values = [_rate(setting, runtimes) for _ in range(setting.repeat)]
        yield Figure(
            workload=f"idle, {company}",
            url=shown(setting),
            unit=f"{values[0][1]}/s of a runtime",
            values=[rate for rate, _ in values],
            reference="allowed",
            reference_values=[ALLOWED],
            more={"seconds": setting.size or SECONDS, **facts(setting)},
        )


def _rate(setting: Setting, runtimes: int) -> tuple[float, str]:
    seconds = setting.size or SECONDS
    scheme = theflow.FlowScheme(unique("idle"))
    scheme.add(nothing)
    with place(setting.url) as here, _counter(here.url) as (count, what), ExitStack() as running:
        for number in range(runtimes):
            options = theflow.RuntimeOptions(name=f"idle{number}")
            running.enter_context(theflow.bootstrap(here.url, [scheme], options))
        time.sleep(SETTLE)
        before, started = count(), time.perf_counter()
        time.sleep(seconds)
        return (count() - before) / (time.perf_counter() - started) / runtimes, what


@contextmanager
def _counter(url: str) -> Iterator[tuple[Callable[[], int], str]]:
    """Count from another database of the server, so that the counting is not counted."""
    given = sqlalchemy.make_url(url)
    is_postgres = given.drivername.startswith("postgres")
    if given.drivername.startswith("sqlite"):
        raise SystemExit("bench: idle needs a server that counts; name one by --url postgres")
    engine = engine_of(given.set(database="postgres" if is_postgres else ""))
    try:
        with engine.connect() as connection:

            def ask(statement: str) -> int:
                return int(connection.exec_driver_sql(statement.format(given.database)).scalar())

            if not is_postgres:
                # The question itself is one.
                yield lambda: ask(QUESTIONS), "statements"
            elif ask(LOADED):
                yield lambda: ask(STATEMENTS), "statements"
            else:
                yield lambda: ask(TRANSACTIONS), "transactions"
    finally:
        engine.dispose()
