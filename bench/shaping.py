"""Workloads of shaping: shaped, sequential, fairness, policies."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
import timeit
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import theflow
from bench.figure import Figure, alternating
from bench.flows import Work, engine_seconds, facts, one_task, shown
from bench.load import BATCH, Load, WorkLost, nothing, unique
from bench.place import place
from bench.setting import Setting
from theflow.model.policy import Policies
from theflow.model.shaping import FlowShapingManager

FLOWS, IN_FLIGHT, USERS = 10_000, 1000, 100
NEVER_EMPTY = theflow.Rate(units=1_000_000, per=1.0)
# Fairness: users, and of how many flows the smallest and the largest backlog is for each second that is watched.
SHARERS, LEAST, MOST = 50, 70, 500
WINDOW, STEP, PAUSE = 10.0, 0.5, 0.02


def shaped(setting: Setting) -> Iterator[Figure]:
    """The drain with an order per user, a class cap and a bucket that are never reached, beside the plain drain."""
    limit = theflow.Limit(capacity=IN_FLIGHT, rate=NEVER_EMPTY)
    make = partial(_limited, setting.size or FLOWS, IN_FLIGHT // USERS, limit)
    yield _beside("shaped", setting, Work(make=make, in_flight=IN_FLIGHT))


def sequential(setting: Setting) -> Iterator[Figure]:
    """100 users with 100 flows of one task each, one at a time per user, beside the same flows without order."""
    make = partial(one_task, setting.size or FLOWS, 1)
    yield _beside("sequential", setting, Work(make=make, in_flight=IN_FLIGHT))


def fairness(setting: Setting) -> Iterator[Figure]:
    """50 users of equal weight and unequal backlog: Jain's index of what ends in any 10 seconds (--size: seconds)."""
    seconds = float(setting.size or WINDOW)
    indices = [_worst_index(setting, seconds) for _ in range(setting.repeat)]
    yield Figure(
        workload="fairness",
        url=shown(setting),
        unit=f"Jain's index, the worst of any {seconds:g} s",
        values=indices,
        reference="required",
        reference_values=[0.95],
        more={"users": SHARERS, **facts(setting)},
    )


def policies(setting: Setting) -> Iterator[Figure]:
    """One read of the policies in force while another thread replaces them, beside reading an attribute."""
    manager, done = FlowShapingManager(Policies()), threading.Event()

    def change() -> None:
        while not done.wait(0.0001):
            manager.replace(Policies())

    count = setting.size or 1_000_000
    changing = threading.Thread(target=change)
    changing.start()
    reads, plain = alternating(
        setting.repeat,
        lambda: 1e9 * timeit.timeit(lambda: manager.policies, number=count) / count,
        lambda: 1e9 * timeit.timeit(lambda: manager.admit, number=count) / count,
    )
    done.set()
    changing.join()
    yield Figure(
        workload="policies",
        url="none",
        unit="ns a read",
        values=reads,
        reference="a bound method of the same object",
        reference_values=plain,
    )


def _limited(flows: int, concurrency: int, limit: theflow.Limit) -> Load:
    scheme = theflow.FlowScheme(unique("shaped"), concurrency=concurrency, limit=limit)
    scheme.add(nothing)
    return Load(scheme=scheme, flows=flows, users=USERS)


def _beside(name: str, setting: Setting, work: Work) -> Figure:
    flows = setting.size or FLOWS
    plain = replace(work, make=partial(one_task, flows, theflow.UNLIMITED))
    engine, reference = alternating(
        setting.repeat,
        lambda: flows / engine_seconds(setting, work),
        lambda: flows / engine_seconds(setting, plain),
    )
    return Figure(
        workload=name,
        url=shown(setting),
        unit="flows/s",
        values=engine,
        reference="the same flows without order and limits",
        reference_values=reference,
        more={"flows": flows, "in_flight": setting.in_flight or work.in_flight, **facts(setting)},
    )


def _worst_index(setting: Setting, seconds: float) -> float:
    scheme = theflow.FlowScheme(unique("fair"), concurrency=theflow.UNLIMITED)
    scheme.add(_pause)
    span = (MOST - LEAST) // SHARERS
    backlogs = {f"user{n}": max(int(seconds * (LEAST + n * span)), 1) for n in range(SHARERS)}
    ends: list[tuple[float, str]] = []
    with place(setting.url) as here:
        with theflow.connect(here.url, [scheme]) as client:
            for user, flows in backlogs.items():
                jobs = [theflow.JobMeta(flow_class=scheme.name, user=user) for _ in range(flows)]
                for start in range(0, flows, BATCH):
                    client.create_jobs(jobs[start : start + BATCH])
        runtime = theflow.bootstrap(here.url, [scheme], theflow.RuntimeOptions(flows=setting.in_flight or SHARERS))
        runtime.subscribe(lambda end: ends.append((time.perf_counter(), end.user)), ("flow_succeeded",))
        runtime.start()
        time.sleep(seconds * 1.2)
        runtime.stop(1.0)
    if max(Counter(user for _, user in ends).values()) >= min(backlogs.values()):
        raise WorkLost("a backlog came to its end; what is left has no shares to compare")
    first = ends[0][0]
    starts = itertools.takewhile(lambda at: at <= first + seconds * 0.2, itertools.count(first, STEP))
    return min(_index([user for at, user in ends if start <= at < start + seconds]) for start in starts)


def _index(users: list[str]) -> float:
    shares = [Counter(users)[f"user{n}"] for n in range(SHARERS)] if users else [1]
    return sum(shares) ** 2 / (len(shares) * sum(share * share for share in shares))


async def _pause() -> None:
    await asyncio.sleep(PAUSE)
