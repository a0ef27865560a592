"""pgqueuer: `fill` enqueues by a thousand, `work` runs them; run by an interpreter that has pgqueuer."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from importlib.metadata import version

import asyncpg
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries

# Measured with batches of 50 to 1,000, by one connection and by a pool: beyond 250 it grows no further.
SETTINGS = {"loop": "uvloop", "driver": "asyncpg", "batch_size": 250, "max_concurrent_tasks": None}
BLOCK = 1000


async def main(verb: str, workload: str, url: str, jobs: int) -> None:
    """Do what the verb says."""
    connection = await asyncpg.connect(url)
    queries = Queries(AsyncpgDriver(connection))
    if verb == "fill":
        await fill(connection, queries, 0 if workload == "submit" else jobs)
        return
    if workload == "submit":
        started = time.perf_counter()
        for _ in range(jobs):
            await queries.enqueue("nothing", None)
        seconds = time.perf_counter() - started
        done = await connection.fetchval("SELECT count(*) FROM pgqueuer")
    else:
        done, seconds = await work(url, jobs, connection)
    told = {"done": done, "seconds": seconds, "version": version("pgqueuer"), "settings": SETTINGS}
    print(json.dumps(told), flush=True)
    # Its listeners would wait for their time-outs.
    os._exit(0)


async def fill(connection: asyncpg.Connection, queries: Queries, jobs: int) -> None:
    """Make the schema; enqueue by blocks."""
    await queries.install(create_schema=False)
    for start in range(0, jobs, BLOCK):
        block = min(BLOCK, jobs - start)
        await queries.enqueue(["nothing"] * block, [None] * block, [0] * block)
    await connection.execute("ANALYZE")


async def work(url: str, jobs: int, connection: asyncpg.Connection) -> tuple[int, float]:
    """Run until nothing is left; the clock starts with the first body."""
    runner = PgQueuer.from_asyncpg_connection(await asyncpg.connect(url))
    begun = 0.0
    ended = 0
    all_ended = asyncio.Event()

    @runner.entrypoint("nothing")
    async def nothing(_: object) -> None:
        nonlocal begun, ended
        begun = begun or time.perf_counter()
        ended += 1
        if ended == jobs:
            all_ended.set()

    running = asyncio.create_task(
        runner.run(batch_size=SETTINGS["batch_size"], max_concurrent_tasks=SETTINGS["max_concurrent_tasks"])
    )
    await asyncio.wait([running, asyncio.create_task(all_ended.wait())], return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()
    while await connection.fetchval("SELECT count(*) FROM pgqueuer"):  # noqa: ASYNC110 - a database tells by being asked
        await asyncio.sleep(0.005)
    seconds = time.perf_counter() - begun
    done = await connection.fetchval("SELECT count(*) FROM pgqueuer_log WHERE status = 'successful'")
    return done, seconds


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
