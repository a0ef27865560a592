"""Workload: how much memory a runtime takes when many flows are pending."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import theflow
from bench.child import output
from bench.figure import Figure, alternating
from bench.flows import facts, shown
from bench.load import BATCH, WorkLost, nothing, unique
from bench.place import place
from bench.setting import Setting

FORMS = ("later", "blocked", "draining")
FAR = 4_102_444_800_000_000


def memory(setting: Setting) -> Iterator[Figure]:
    """Peak memory of a runtime with 100,000 pending flows: not yet due, behind full slots, and while it drains."""
    yield _figure("memory", setting, setting.size or 100_000, FORMS)


def million(setting: Setting) -> Iterator[Figure]:
    """Peak memory of a runtime with 1,000,000 pending flows: not yet due, and behind full slots."""
    yield _figure("million", setting, setting.size or 1_000_000, FORMS[:2])


def _figure(name: str, setting: Setting, flows: int, names: tuple[str, ...]) -> Figure:
    columns = alternating(setting.repeat, *(partial(_peak, setting, form, flows) for form in names), _bare)
    *engine, bare = columns
    forms = dict(zip(names, engine, strict=True))
    return Figure(
        workload=name,
        url=shown(setting),
        unit="MB, peak, the worst of the forms",
        values=[max(peaks) for peaks in zip(*engine, strict=True)],
        reference="an interpreter that imported asyncio, json, logging, sqlite3 and SQLAlchemy",
        reference_values=bare,
        more={**forms, "flows": flows, **facts(setting)},
    )


def _peak(setting: Setting, form: str, flows: int) -> float:
    scheme = theflow.FlowScheme(unique(form), concurrency=theflow.UNLIMITED)
    scheme.add(nothing)
    run_at = FAR if form == "later" else None
    with place(setting.url) as here, theflow.connect(here.url, [scheme]) as client:
        for start in range(0, flows, BATCH):
            numbers = range(start, min(start + BATCH, flows))
            jobs = [theflow.JobMeta(flow_class=scheme.name, user=f"user{n % 100}", run_at=run_at) for n in numbers]
            last = client.create_jobs(jobs)[-1]
        peak = float(output("hold", here.url, scheme.name, form, str(flows))) / 1e6
        flow = client.get_flow(last.flow_id)
        if flow.status is not theflow.FlowStatus.PENDING or not flow.waiting:
            raise WorkLost(f"the last of {flows} flows is {flow.status}, waiting for {flow.waiting}")
        return peak


def _bare() -> float:
    return float(output("bare")) / 1e6
