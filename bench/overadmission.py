"""Workload: four runtimes that admit at once under one cap, watched for as long as it is told."""

from __future__ import annotations

import time
from collections.abc import Iterator

import theflow
from bench.crew import Member, crew
from bench.figure import Figure
from bench.flows import facts, shown
from bench.load import BATCH, WorkLost, unique
from bench.place import place
from bench.setting import Setting
from theflow.model.limit import Scope, ScopeKind
from theflow.wire import open_store

RUNTIMES, CAP, SECONDS = 4, 10, 600
PENDING = 5000


def overadmission(setting: Setting) -> Iterator[Figure]:
    """4 runtimes admit at once under a class cap of 10 for 10 minutes (--size: seconds): the most in use at once."""
    most, looks, started = _watch(setting, setting.size or SECONDS)
    yield Figure(
        workload="overadmission",
        url=shown(setting),
        unit="flows in use at once, the most that was seen",
        values=[float(most)],
        reference="the cap",
        reference_values=[float(CAP)],
        more={"over": max(most - CAP, 0), "looks": looks, "flows_started": started, **facts(setting)},
    )


def _watch(setting: Setting, seconds: float) -> tuple[int, int, int]:
    scheme = theflow.FlowScheme(unique("capped"), concurrency=theflow.UNLIMITED)
    scope = Scope(ScopeKind.CLASS, scheme.name)
    most = looks = submitted = 0
    with place(setting.url) as here, theflow.connect(here.url) as client:
        client.set_limit("class", scheme.name, limit=theflow.Limit(capacity=CAP))
        store = open_store(here.url)
        with crew(*[Member(("capped", here.url, scheme.name)) for _ in range(RUNTIMES)]) as members:
            for member in members:
                member.hear()
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                if store.unfinished(scheme.name, (1,), time.time_ns() // 1000) < PENDING // 2:
                    jobs = [theflow.JobMeta(flow_class=scheme.name, user=f"user{n % 50}") for n in range(PENDING)]
                    for start in range(0, PENDING, BATCH):
                        submitted += len(client.create_jobs(jobs[start : start + BATCH]))
                most = max(most, store.in_use(scheme.name, 0).usage.get(scope, 0))
                looks += 1
        started = submitted - store.unfinished(scheme.name, (1,), time.time_ns() // 1000)
        store.close()
    if not most:
        raise WorkLost("nothing ran")
    return most, looks, started
