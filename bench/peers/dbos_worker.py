"""DBOS: `fill` enqueues workflows in one transaction, `work` runs them; run by an interpreter that has DBOS."""

from __future__ import annotations

import json
import os
import sys
import time
from importlib.metadata import version

import sqlalchemy
from dbos import DBOS, DBOSClient

# Measured from 10 to 100 workflows at once, threads and coroutines, polls of 0.01 to 0.2 s: these were the quickest.
SETTINGS = {"bodies": "threads", "worker_concurrency": 50, "polling_interval_sec": 0.01}
STEPS = 5
QUEUE = "q"
begun: list[float] = []
done: list[int] = []


@DBOS.step()
def step(number: int) -> int:
    """Do nothing, durably."""
    return number


@DBOS.workflow()
def chain() -> None:
    """Do the steps one after the other."""
    begun.append(time.perf_counter())
    for number in range(STEPS):
        step(number)
    done.append(1)


@DBOS.workflow()
def drain() -> None:
    """Do nothing."""
    begun.append(time.perf_counter())
    done.append(1)


def main(verb: str, workload: str, url: str, jobs: int) -> None:
    """Do what the verb says."""
    concurrency = int(SETTINGS["worker_concurrency"])
    DBOS(
        config={
            "name": "bench",
            "system_database_url": url,
            "log_level": "ERROR",
            "run_admin_server": False,
            "application_version": "v1",
            "executor_id": "bench",
            "max_executor_threads": concurrency + 8,
        }
    )
    engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:", 1))
    if verb == "fill":
        fill(workload, url, jobs, engine)
        return
    if workload == "submit":
        seconds = submit(url, jobs)
        with engine.connect() as connection:
            ended = count(connection, "SELECT count(*) FROM dbos.workflow_status WHERE status = 'ENQUEUED'")
    else:
        ended, seconds = work(workload, jobs, engine)
    told = {"done": ended, "seconds": seconds, "version": version("dbos"), "settings": SETTINGS}
    print(json.dumps(told), flush=True)


def fill(workload: str, url: str, jobs: int, engine: sqlalchemy.Engine) -> None:
    """Make the schema by a launch that listens to no queue; enqueue in one transaction."""
    DBOS.listen_queues([])
    DBOS.launch()
    if workload == "submit":
        return
    client = DBOSClient(system_database_url=url)
    options = {"queue_name": QUEUE, "workflow_name": workload, "app_version": "v1"}
    with engine.begin() as connection:
        for _ in range(jobs):
            client.enqueue_in_transaction(connection, options)
    with engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")


def submit(url: str, jobs: int) -> float:
    """Enqueue one by one; return the seconds."""
    client = DBOSClient(system_database_url=url)
    started = time.perf_counter()
    for _ in range(jobs):
        client.enqueue({"queue_name": QUEUE, "workflow_name": "drain", "app_version": "v1"})
    return time.perf_counter() - started


def work(workload: str, jobs: int, engine: sqlalchemy.Engine) -> tuple[int, float]:
    """Run until nothing is left; the clock starts with the first body."""
    DBOS.launch()
    DBOS.register_queue(
        QUEUE,
        worker_concurrency=SETTINGS["worker_concurrency"],
        polling_interval_sec=SETTINGS["polling_interval_sec"],
    )
    left = "SELECT count(*) FROM dbos.workflow_status WHERE status IN ('ENQUEUED', 'PENDING')"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while len(done) < jobs:
            time.sleep(0.02)
        while count(connection, left):
            time.sleep(0.01)
        seconds = time.perf_counter() - begun[0]
        ended = count(connection, "SELECT count(*) FROM dbos.workflow_status WHERE status = 'SUCCESS'")
        if workload == "chain":
            ended = min(ended, count(connection, "SELECT count(*) FROM dbos.operation_outputs") // STEPS)
    return ended, seconds


def count(connection: sqlalchemy.Connection, statement: str) -> int:
    """Ask for a number."""
    return int(connection.exec_driver_sql(statement).scalar())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
    # Its threads would linger for seconds.
    os._exit(0)
