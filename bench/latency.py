"""Workload: how long one job waits when the runtime has nothing else to do."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator

import theflow
from bench.child import output
from bench.figure import Figure, alternating, percentile
from bench.flows import facts, shown
from bench.load import WorkLost, unique
from bench.place import place
from bench.setting import Setting

PAUSE = 0.005


def latency(setting: Setting) -> Iterator[Figure]:
    """200 submits, one after another: from the call until the body starts, and until the outcome is visible."""
    jobs = setting.size or 200
    samples: dict[str, list[float]] = {}

    def engine() -> float:
        measured = _engine(setting, jobs)
        for name, values in measured.items():
            samples.setdefault(name, []).extend(values)
        return statistics.median(measured["body_start"]) * 1000

    def bare() -> float:
        with place(setting.url) as here:
            values = here.reference.singles(jobs)
        samples.setdefault("reference_commit", []).extend(values)
        return statistics.median(values) * 1000

    values, reference_values = alternating(setting.repeat, engine, bare)
    yield Figure(
        workload="latency",
        url=shown(setting),
        unit="ms from submit to body start, p50",
        values=values,
        reference="one row, one commit, p50",
        reference_values=reference_values,
        more={name: spread(times) for name, times in samples.items()} | {"jobs": jobs, **facts(setting)},
    )


def sequential(client: theflow.Client, flow_class: str, jobs: int) -> list[tuple[float, float]]:
    """Submit jobs one after another; return when each was submitted and when its outcome was seen."""
    times = []
    for _ in range(jobs):
        time.sleep(PAUSE)
        called = time.perf_counter()
        client.create_job(theflow.JobMeta(flow_class=flow_class)).wait(timeout=60)
        times.append((called, time.perf_counter()))
    return times


def spread(seconds: list[float]) -> dict[str, float]:
    """Return the middle and the tail, in milliseconds."""
    return {"p50_ms": percentile(seconds, 50) * 1000, "p99_ms": percentile(seconds, 99) * 1000}


def _engine(setting: Setting, jobs: int) -> dict[str, list[float]]:
    starts: list[float] = []
    ends: list[float] = []

    async def body() -> None:
        starts.append(time.perf_counter())

    def listen(progress: theflow.Progress) -> None:
        if progress.kind == "flow_succeeded":
            ends.append(time.perf_counter())

    scheme = theflow.FlowScheme(unique("latency"))
    scheme.add(body)
    with place(setting.url) as here, theflow.bootstrap(here.url, [scheme]) as runtime:
        runtime.subscribe(listen)
        same = sequential(runtime.client, scheme.name, jobs)
        other = _from_another_process(here.url, scheme.name, jobs)
    if len(starts) != 2 * jobs or len(ends) != 2 * jobs:
        raise WorkLost(f"{2 * jobs} jobs were submitted, {len(starts)} started, {len(ends)} ended")
    return {
        "body_start": [start - called for start, (called, _) in zip(starts, same, strict=False)],
        "outcome_on_disk": [end - called for end, (called, _) in zip(ends, same, strict=False)],
        "outcome_seen": [seen - called for called, seen in same],
        "other_process_body_start": [start - called for start, (called, _) in zip(starts[jobs:], other, strict=True)],
        "other_process_outcome_seen": [seen - called for called, seen in other],
    }


def _from_another_process(url: str, flow_class: str, jobs: int) -> list[tuple[float, float]]:
    # The performance counter is the system's monotonic clock, so times of two processes compare.
    told = output("submit", url, flow_class, str(jobs))
    return [(called, seen) for called, seen in json.loads(told)]
