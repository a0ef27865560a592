"""Workload: two runtime processes beside one, on the same machine and database."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import partial

from bench.crew import Member, crew
from bench.figure import Figure, alternating
from bench.flows import chain_of_tasks, facts, shown
from bench.load import WorkLost
from bench.place import place
from bench.setting import Setting

FLOWS = 4000
IN_FLIGHT = 100


def runtimes(setting: Setting) -> Iterator[Figure]:
    """4,000 flows of 5 tasks, run by two runtime processes of 100 in flight each, and by one."""
    one, two = alternating(setting.repeat, partial(_speed, setting, 1), partial(_speed, setting, 2))
    yield Figure(
        workload="runtimes",
        url=shown(setting),
        unit="steps/s of two runtimes",
        values=two,
        reference="one runtime",
        reference_values=one,
        more={"flows": setting.size or FLOWS, "in_flight_each": setting.in_flight or IN_FLIGHT, **facts(setting)},
    )


def _speed(setting: Setting, processes: int) -> float:
    load = chain_of_tasks(setting.size or FLOWS)
    with place(setting.url) as here:
        ids = load.submit(here.url)
        arguments = ("burst", here.url, load.scheme.name, str(setting.in_flight or IN_FLIGHT))
        with crew(*[Member(arguments) for _ in range(processes)]) as members:
            for member in members:
                member.hear()
            started = time.perf_counter()
            for member in members:
                member.tell()
            told = [member.hear() for member in members]
        if sum(each["ended"] for each in told) != load.flows:
            raise WorkLost(f"{load.flows} flows, and the runtimes ended {json.dumps(told)}")
        load.verify(here.url, ids)
    # The performance counter is the system's monotonic clock, so times of several processes compare.
    return load.steps / (max(each["at"] for each in told) - started)
