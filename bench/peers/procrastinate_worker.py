"""Procrastinate: `fill` defers by a thousand, `work` runs them; run by an interpreter that has procrastinate."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import time
from importlib.metadata import version

import procrastinate
import psycopg

SETTINGS = {"connector": "PsycopgConnector", "concurrency": 100, "pool": 40, "listen_notify": True}
BLOCK = 1000
LEFT = "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"


def main(verb: str, workload: str, url: str, jobs: int) -> None:
    """Do what the verb says."""
    logging.getLogger("procrastinate").setLevel(logging.ERROR)
    done, seconds = asyncio.run(filled(workload, url, jobs) if verb == "fill" else worked(workload, url, jobs))
    told = {"done": done, "seconds": seconds, "version": version("procrastinate"), "settings": SETTINGS}
    print(json.dumps(told), flush=True)


async def filled(workload: str, url: str, jobs: int) -> tuple[int, float]:
    """Make the schema; defer by blocks."""
    app, nothing, _ = application(url)
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        for start in range(0, 0 if workload == "submit" else jobs, BLOCK):
            await nothing.batch_defer_async(*[{}] * min(BLOCK, jobs - start))
    await counted(url, "ANALYZE")
    return jobs, 0.0


async def worked(workload: str, url: str, jobs: int) -> tuple[int, float]:
    """Defer one by one, or run until nothing is left; the clock of a run starts with the first body."""
    app, nothing, begun = application(url)
    async with app.open_async():
        if workload == "submit":
            started = time.perf_counter()
            for _ in range(jobs):
                await nothing.defer_async()
            seconds = time.perf_counter() - started
            return await counted(url, "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'"), seconds
        worker = asyncio.create_task(
            app.run_worker_async(
                concurrency=SETTINGS["concurrency"], listen_notify=True, install_signal_handlers=False, wait=True
            )
        )
        while await counted(url, LEFT):
            if worker.done():
                worker.result()
            await asyncio.sleep(0.02)
        seconds = time.perf_counter() - begun[0]
        done = await counted(url, "SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded'")
        worker.cancel()
        await asyncio.wait([worker])
        return done, seconds


def application(url: str) -> tuple[procrastinate.App, procrastinate.tasks.Task, list[float]]:
    """Make an app with a task that does nothing but note when it began."""
    begun: list[float] = []
    connector = procrastinate.PsycopgConnector(conninfo=url, min_size=4, max_size=SETTINGS["pool"])
    app = procrastinate.App(connector=connector)

    @app.task(name="nothing")
    async def nothing() -> None:
        begun.append(time.perf_counter())

    return app, nothing, begun


async def counted(url: str, statement: str) -> int:
    """Execute a statement on a connection beside the pool; return the number that it finds."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        cursor = await connection.execute(statement)
        return (await cursor.fetchone())[0] if cursor.description else 0


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
    # A worker that was cancelled need not say good-bye.
    os._exit(0)
