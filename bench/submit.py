"""Workloads that submit: one by one, and in bulk. No runtime runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext

import theflow
from bench.figure import Figure, alternating
from bench.flows import facts, one_task, shown
from bench.load import BATCH, Around, Load, WorkLost
from bench.place import place
from bench.setting import Setting

Submit = Callable[[theflow.Client, list[theflow.JobMeta]], list[theflow.FlowHandle]]


def submit(setting: Setting) -> Iterator[Figure]:
    """1,000 jobs one by one, and 10,000 by a thousand."""
    yield _submit("submit one by one", setting, setting.size or 1000, singly)
    yield _submit("submit in bulk", setting, setting.size or 10_000, bulk)


def singly(client: theflow.Client, jobs: list[theflow.JobMeta]) -> list[theflow.FlowHandle]:
    """Submit one after the other."""
    return [client.create_job(job) for job in jobs]


def bulk(client: theflow.Client, jobs: list[theflow.JobMeta]) -> list[theflow.FlowHandle]:
    """Submit by batches."""
    batches = [client.create_jobs(jobs[start : start + BATCH]) for start in range(0, len(jobs), BATCH)]
    return [handle for batch in batches for handle in batch]


def engine_seconds(setting: Setting, load: Load, how: Submit, around: Around | None = None) -> float:
    """Submit to a database that exists; prove that every job is there, once, in order."""
    with place(setting.url) as here, theflow.connect(here.url, [load.scheme]) as client:
        # The first submit makes the file and its tables; that is not what is measured.
        client.create_job(theflow.JobMeta(flow_class=load.scheme.name, user="first"))
        jobs = load.jobs()
        with around or nullcontext():
            started = time.perf_counter()
            handles = how(client, jobs)
            seconds = time.perf_counter() - started
        _verify(client, load, handles)
        return seconds


def _submit(name: str, setting: Setting, jobs: int, how: Submit) -> Figure:
    def bare() -> float:
        with place(setting.url) as here:
            singles = how is singly
            return jobs / (sum(here.reference.singles(jobs)) if singles else here.reference.bulk(jobs, BATCH))

    def engine() -> float:
        return jobs / engine_seconds(setting, one_task(jobs, theflow.UNLIMITED), how)

    values, reference_values = alternating(setting.repeat, engine, bare)
    return Figure(
        workload=name,
        url=shown(setting),
        unit="jobs/s",
        values=values,
        reference="rows/s of bare inserts, as many a commit",
        reference_values=reference_values,
        more={"jobs": jobs, **facts(setting)},
    )


def _verify(client: theflow.Client, load: Load, handles: list[theflow.FlowHandle]) -> None:
    offsets = [handle.offset for handle in handles]
    if len(handles) != load.flows or sorted(set(offsets)) != offsets:
        raise WorkLost(f"{load.flows} jobs got {len(set(offsets))} offsets")
    found, after = set(), None
    while (page := client.find_flows(theflow.FlowFilter(flow_class=load.scheme.name), after=after, limit=1000)).items:
        found.update(flow.flow_id for flow in page.items if flow.status is theflow.FlowStatus.PENDING)
        if (after := page.next) is None:
            break
    if len(found) != load.flows + 1 or not found.issuperset(handle.flow_id for handle in handles):
        raise WorkLost(f"{load.flows + 1} jobs were accepted, {len(found)} are pending")
