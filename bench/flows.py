"""Workloads that run flows: drain, ordered, chain, fan-out, wide, wfinstances."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import theflow
from bench.figure import Figure, alternating
from bench.load import Around, Load, nothing, unique
from bench.place import place
from bench.reference.group import group_commit
from bench.servers import SERVERS
from bench.setting import Setting
from examples.wfformat import read_workflow, scheme_of
from theflow import wire

Make = Callable[[], Load]
Add = Callable[[theflow.FlowScheme, int], object]

USERS = 100
CHAIN = 5
FAN = 100


def add_plain(scheme: theflow.FlowScheme, number: int) -> None:
    """Add a task that is told nothing more."""
    scheme.add(nothing, name=f"step{number}")


def declare(scheme: theflow.FlowScheme, number: int) -> None:
    """Add a task that could be tried again and undone, and is not; the last one has a condition."""
    when = holds if number == CHAIN - 1 else None
    task = scheme.add(nothing, name=f"step{number}", retry=theflow.Retry(attempts=3), when=when)
    task.compensate(nothing)


def ask(scheme: theflow.FlowScheme, number: int) -> None:
    """Add a task that has a condition."""
    scheme.add(nothing, name=f"step{number}", when=holds)


def holds() -> bool:
    """Let every task start."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A load, how many of its flows are in flight, and how many slots the runtime has (default: as many)."""

    make: Make
    in_flight: int
    slots: int = 0


def works(setting: Setting) -> dict[str, Work]:
    """Return the loads by the names of their workloads."""
    size = setting.size
    return {
        "drain": Work(make=partial(one_task, size or 10_000, theflow.UNLIMITED), in_flight=1000),
        # One at a time per user: no more are in flight than there are users.
        "ordered": Work(make=partial(one_task, size or 10_000, 1), in_flight=USERS, slots=1000),
        "chain": Work(make=partial(chain_of_tasks, size or 2000), in_flight=100),
        "declared": Work(make=partial(chain_of_tasks, size or 2000, declare), in_flight=100),
        "conditions": Work(make=partial(chain_of_tasks, size or 2000, ask), in_flight=100),
        "fan-out": Work(make=partial(fans, size or 20, FAN), in_flight=size or 20),
        "wide": Work(make=partial(fans, 1, (size or 10_000) - 2), in_flight=1),
    }


def drain(setting: Setting) -> Iterator[Figure]:
    """10,000 flows of one task over 100 users, no order asked, 1,000 in flight."""
    yield _flows("drain", setting, works(setting)["drain"])


def ordered(setting: Setting) -> Iterator[Figure]:
    """The same, one at a time per user."""
    yield _flows("ordered", setting, works(setting)["ordered"])


def chain(setting: Setting) -> Iterator[Figure]:
    """2,000 flows of 5 tasks, one after the other, 100 flows in flight."""
    yield _flows("chain", setting, works(setting)["chain"])


def declared(setting: Setting) -> Iterator[Figure]:
    """The chain whose tasks each declare a retry and a compensation, and one a condition, beside the plain chain."""
    yield _beside_plain("declared", setting)


def conditions(setting: Setting) -> Iterator[Figure]:
    """The chain of which every task has a condition, which holds, beside the plain chain."""
    yield _beside_plain("conditions", setting)


def _beside_plain(name: str, setting: Setting) -> Figure:
    work, plain = works(setting)[name], works(setting)["chain"]
    engine, reference = alternating(
        setting.repeat, partial(engine_seconds, setting, work), partial(engine_seconds, setting, plain)
    )
    return Figure(
        workload=name,
        url=shown(setting),
        unit="seconds",
        values=engine,
        reference="the plain chain",
        reference_values=reference,
        more={"steps": work.make().steps, "in_flight": setting.in_flight or work.in_flight, **facts(setting)},
    )


def mariadb(setting: Setting) -> Iterator[Figure]:
    """The chain on MariaDB, beside the chain on PostgreSQL; each on a fresh database, whatever --url says."""
    work = works(setting)["chain"]
    steps = work.make().steps
    there, here = (replace(setting, url=kind) for kind in ("mariadb", "postgres"))
    engine, reference = alternating(
        setting.repeat,
        lambda: steps / engine_seconds(there, work),
        lambda: steps / engine_seconds(here, work),
    )
    yield Figure(
        workload="mariadb",
        url=shown(there),
        unit="steps/s of the chain",
        values=engine,
        reference="the same on PostgreSQL",
        reference_values=reference,
        more={"steps": steps, "in_flight": setting.in_flight or work.in_flight, **facts(there), **facts(here)},
    )


def fan_out(setting: Setting) -> Iterator[Figure]:
    """20 flows of a task, a hundred after it, and one after all."""
    yield _flows("fan-out", setting, works(setting)["fan-out"])


def wide(setting: Setting) -> Iterator[Figure]:
    """One flow of 10,000 tasks beside one of 1,000: ten times the tasks should take ten times the time."""
    tasks = setting.size or 10_000
    large, small = works(setting)["wide"], Work(make=partial(fans, 1, tasks // 10 - 2), in_flight=1)
    columns = alternating(
        setting.repeat,
        partial(engine_seconds, setting, large),
        partial(reference_seconds, setting, large),
        partial(engine_seconds, setting, small),
        partial(reference_seconds, setting, small),
    )
    engine, reference, engine_small, reference_small = columns
    yield Figure(
        workload="wide",
        url=shown(setting),
        unit=f"time of {tasks} tasks / time of {tasks // 10}",
        values=[more / less for more, less in zip(engine, engine_small, strict=True)],
        reference="the same of bare group commit",
        reference_values=[more / less for more, less in zip(reference, reference_small, strict=True)],
        more={
            "steps_per_second": round(tasks / statistics.median(engine)),
            "steps_per_second_small": round(tasks // 10 / statistics.median(engine_small)),
            "reference_steps_per_second": round(tasks / statistics.median(reference)),
            **facts(setting),
        },
    )


def wfinstances(setting: Setting) -> Iterator[Figure]:
    """Recorded scientific workflows, each a flow, their run times scaled to nothing."""
    for path in sorted(setting.data.glob("*.json")):
        workflow = read_workflow(path)

        def make(name: str = path.stem, workflow: dict = workflow) -> Load:
            return Load(scheme=scheme_of(unique(name), workflow, 0.0), flows=1)

        yield _flows(f"wfinstances {path.stem}", setting, Work(make=make, in_flight=1))


def one_task(flows: int, concurrency: int) -> Load:
    """Make flows of one task."""
    scheme = theflow.FlowScheme(unique("one"), concurrency=concurrency)
    scheme.add(nothing)
    return Load(scheme=scheme, flows=flows, users=USERS)


def chain_of_tasks(flows: int, add: Add = add_plain) -> Load:
    """Make flows of tasks one after the other."""
    return Load(scheme=chain_of(unique("chain"), add), flows=flows, users=USERS)


def chain_of(name: str, add: Add = add_plain) -> theflow.FlowScheme:
    """Make the class of such flows."""
    scheme = theflow.FlowScheme(name, concurrency=theflow.UNLIMITED, orchestration=theflow.Chain)
    for number in range(CHAIN):
        add(scheme, number)
    return scheme


def fans(flows: int, width: int) -> Load:
    """Make flows of a task, many after it, and one after all."""
    scheme = theflow.FlowScheme(unique("fan"), concurrency=theflow.UNLIMITED)
    first = scheme.add(nothing, name="first")
    middle = [scheme.add(nothing, name=f"middle{number}", after=[first]) for number in range(width)]
    scheme.add(nothing, name="last", after=middle)
    return Load(scheme=scheme, flows=flows)


def engine_seconds(setting: Setting, work: Work, around: Around | None = None) -> float:
    """Run the load on the engine."""
    with place(setting.url) as here:
        return work.make().run(here.url, setting.in_flight or work.slots or work.in_flight, around)


def reference_seconds(setting: Setting, work: Work) -> float:
    """Put the same rows on the disk, as many at once, by the raw driver."""
    load = work.make()
    with place(setting.url) as here:
        seconds = group_commit(here.reference.commit, load.flows, load.stages, setting.in_flight or work.in_flight)
        if (rows := here.reference.rows()) != load.steps:
            raise AssertionError(f"the reference saved {rows} rows instead of {load.steps}")
        return seconds


def shown(setting: Setting) -> str:
    """Return the URL without its password."""
    if setting.url in SERVERS:
        return f"{setting.url}, a fresh database"
    return wire.display(setting.url) if setting.url else "sqlite, a fresh file"


def facts(setting: Setting) -> dict[str, object]:
    """Ask the database what it is."""
    with place(setting.url) as here:
        return here.reference.facts()


def _flows(name: str, setting: Setting, work: Work) -> Figure:
    steps = work.make().steps
    engine, reference = alternating(
        setting.repeat,
        lambda: steps / engine_seconds(setting, work),
        lambda: steps / reference_seconds(setting, work),
    )
    return Figure(
        workload=name,
        url=shown(setting),
        unit="steps/s",
        values=engine,
        reference="bare group commit",
        reference_values=reference,
        more={"steps": steps, "in_flight": setting.in_flight or work.in_flight, **facts(setting)},
    )
