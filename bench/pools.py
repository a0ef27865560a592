"""Workloads: bodies in processes and on a Dask cluster, beside the same pools without theflow."""

from __future__ import annotations

import importlib
import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from typing import Any

import theflow
from bench.figure import Figure, alternating
from bench.flows import facts, shown
from bench.load import Ends, Load, WorkLost, unique
from bench.place import place
from bench.setting import Setting

POOL = 2
IN_FLIGHT = 1000
TASKS = 10_000
DASK_TASKS = 1000
NAP = 0.01


def nothing() -> None:
    """Do nothing: what remains is the cost of the pool and the engine."""


def nap() -> None:
    """Take 10 ms."""
    time.sleep(NAP)


def processes(setting: Setting) -> Iterator[Figure]:
    """10,000 tasks that do nothing in two processes, beside a ProcessPoolExecutor of two; both start theirs."""
    size = setting.size or TASKS
    options = theflow.RuntimeOptions(flows=setting.in_flight or IN_FLIGHT, processes=POOL, recycle=10 * size)
    engine, reference = alternating(
        setting.repeat,
        lambda: size / _seconds(setting, nothing, size, "process", options),
        lambda: size / _bare(size),
    )
    yield Figure(
        workload="processes",
        url=shown(setting),
        unit="tasks/s",
        values=engine,
        reference="ProcessPoolExecutor",
        reference_values=reference,
        more={"tasks": size, "processes": POOL, **facts(setting)},
    )


def dask(setting: Setting) -> Iterator[Figure]:
    """1,000 tasks of 10 ms on a Dask cluster of two workers, beside `Client.map` on the same."""
    size = setting.size or DASK_TASKS
    # Not at the top: processes that run bodies import this module too, and would pay for it.
    distributed = importlib.import_module("distributed")
    with (
        distributed.LocalCluster(
            n_workers=POOL, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        executors: dict[str, Executor] = {"dask": client.get_executor(pure=False)}
        options = theflow.RuntimeOptions(flows=setting.in_flight or IN_FLIGHT, executors=executors)
        engine, reference = alternating(
            setting.repeat,
            partial(_seconds, setting, nap, size, "dask", options),
            partial(_mapped, client, size),
        )
    yield Figure(
        workload="dask",
        url=shown(setting),
        unit=f"seconds for {size} tasks of {NAP * 1000:g} ms",
        values=engine,
        reference="Client.map",
        reference_values=reference,
        more={"tasks": size, "workers": POOL, **facts(setting)},
    )


def _seconds(
    setting: Setting, body: Callable[[], None], size: int, pool: str, options: theflow.RuntimeOptions
) -> float:
    """Run flows of one task in a pool; return the seconds until the last has ended."""
    scheme = theflow.FlowScheme(unique("pooled"), concurrency=theflow.UNLIMITED)
    scheme.add(body, pool=pool)
    load = Load(scheme=scheme, flows=size)
    with place(setting.url) as here:
        ids = load.submit(here.url)
        runtime = theflow.bootstrap(here.url, [scheme], options)
        ends = Ends(size)
        runtime.subscribe(ends, ("flow_succeeded", "flow_failed", "flow_parked"))
        started = time.perf_counter()
        runtime.run_until_idle()
        ends.check()
        load.verify(here.url, ids)
    return ends.at - started


def _bare(size: int) -> float:
    started = time.perf_counter()
    with ProcessPoolExecutor(POOL, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = [pool.submit(nothing) for _ in range(size)]
        for future in futures:
            future.result()
        return time.perf_counter() - started


def _mapped(client: Any, size: int) -> float:
    started = time.perf_counter()
    done = client.gather(client.map(_nap_of, range(size), pure=False))
    if len(done) != size:
        raise WorkLost(f"{len(done)} of {size} tasks")
    return time.perf_counter() - started


def _nap_of(_: int) -> None:
    nap()
