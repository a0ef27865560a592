"""Workload: one look before an admission, with a million pending flows, and after all but a few have gone."""

from __future__ import annotations

import sqlite3
import statistics
import time
from collections.abc import Iterator

import sqlalchemy

import theflow
from bench.figure import Figure, percentile
from bench.flows import facts, shown
from bench.load import nothing, unique
from bench.place import SQLITE, place
from bench.servers import engine_of
from bench.setting import Setting
from theflow.database.records import LookQuery, SchemeRecord
from theflow.database.store import RuntimeStore
from theflow.wire import open_store

USERS, FLOWS, LEFT = 10_000, 1_000_000, 1000
QUEUES, LOOKS, ALLOWED = 256, 100, 50.0
BATCH = 5000
CLAIM = "UPDATE job_event SET owner = 1 WHERE job_offset > {} AND job_offset <= {}"
END = "DELETE FROM job_event WHERE job_offset > {} AND job_offset <= {}"


def look(setting: Setting) -> Iterator[Figure]:
    """One look with 10,000 users and 1,000,000 pending flows, and when all but 1,000 of them have been drained."""
    flows = setting.size or FLOWS
    scheme = theflow.FlowScheme(unique("look"))
    scheme.add(nothing)
    with place(setting.url) as here:
        newest = _submit(here.url, scheme, flows)
        store = open_store(here.url)
        store.register([SchemeRecord(flow_class=scheme.name, version=1, definition="{}")])
        full = {order: _looks(store, scheme.name, order) for order in ("ordered", "unordered")}
        _drain(here.url, newest - flows, newest - min(LEFT, flows // 2))
        drained = _looks(store, scheme.name, "ordered")
        store.close()
    more = {"flows": flows, "users": min(USERS, flows), **facts(setting)}
    for order, times in full.items():
        yield _figure(f"look, {order}", setting, times, ALLOWED, more)
    yield _figure("look, drained", setting, drained, 5 * statistics.median(full["ordered"]), more)


def _submit(url: str, scheme: theflow.FlowScheme, flows: int) -> int:
    newest = 0
    with theflow.connect(url, [scheme]) as client:
        for start in range(0, flows, BATCH):
            numbers = range(start, min(start + BATCH, flows))
            jobs = [theflow.JobMeta(flow_class=scheme.name, user=f"user{n % USERS}") for n in numbers]
            newest = client.create_jobs(jobs)[-1].offset
    return newest


def _looks(store: RuntimeStore, flow_class: str, order: str) -> list[float]:
    """Look again and again; return the milliseconds of each. The first is among them: nothing warms it up."""
    ordered = order == "ordered"
    times = []
    for _ in range(LOOKS):
        query = LookQuery(
            flow_class=flow_class,
            now=time.time_ns() // 1000,
            limit=QUEUES,
            per_queue=1,
            versions=(1,),
            ordered=ordered,
            ranked=not ordered,
            counted=True,
        )
        began = time.perf_counter()
        store.look(query)
        times.append((time.perf_counter() - began) * 1000)
    return times


def _drain(url: str, first: int, last: int) -> None:
    """Claim and end flows in the order of their offsets, as a runtime does; nobody cleans up behind it."""
    steps = [
        statement.format(start, min(start + BATCH, last))
        for start in range(first, last, BATCH)
        for statement in (CLAIM, END)
    ]
    if url.startswith(SQLITE):
        database = sqlite3.connect(url.removeprefix(SQLITE), isolation_level=None)
        for step in steps:
            database.execute(step)
        database.close()
        return
    made = sqlalchemy.make_url(url)
    engine = engine_of(made)
    with engine.connect() as connection:
        if made.drivername.startswith("postgres"):
            connection.exec_driver_sql("ALTER TABLE job_event SET (autovacuum_enabled = false)")
        for step in steps:
            connection.exec_driver_sql(step)
    engine.dispose()


def _figure(name: str, setting: Setting, times: list[float], allowed: float, more: dict[str, object]) -> Figure:
    return Figure(
        workload=name,
        url=shown(setting),
        unit="ms a look",
        values=[statistics.median(times)],
        reference="allowed",
        reference_values=[allowed],
        more={"first": times[0], "p99": percentile(times, 99), "worst": max(times), **more},
    )
