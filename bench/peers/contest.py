"""theflow and its peers take turns, each time on a fresh database of the same server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import theflow
from bench import flows, submit
from bench.figure import Figure, alternating
from bench.peers.peer import Peer, Told
from bench.servers import database
from bench.setting import Setting

SERVER = "postgres"
UNITS = {"chain": "steps/s", "drain": "flows/s", "submit": "jobs/s, one by one"}
STEPS = {"chain": flows.CHAIN}
# Long enough to meet the same neighbours as a slow peer does.
OWN_JOBS = {"chain": 8000, "drain": 20_000, "submit": 1000}


def contest(
    workload: str, peers: Sequence[Peer], room: Path, repeat: int, sizes: Mapping[str, int] | None = None
) -> Iterator[Figure]:
    """Measure theflow and every peer, again and again; give a figure for each peer beside the same runs of theflow."""
    sizes = sizes or {}
    told: dict[str, Told] = {}
    own_jobs = sizes.get("theflow", OWN_JOBS[workload])
    measures = [partial(_own(workload), Setting(url=SERVER, size=own_jobs))]
    for peer in peers:
        jobs = sizes.get(peer.name, peer.jobs[workload])
        measures.append(partial(_peer, peer, room, workload, jobs, told))
    own, *others = alternating(repeat, *measures)
    known = flows.facts(Setting(url=SERVER))
    for peer, values in zip(peers, others, strict=True):
        last = told[peer.name]
        yield Figure(
            workload=workload,
            url=flows.shown(Setting(url=SERVER)),
            unit=UNITS[workload],
            values=own,
            reference=f"{peer.name} {last.version}",
            reference_values=values,
            more={"jobs": own_jobs, "peer": peer.name, "peer_jobs": last.done, "peer_settings": last.settings, **known},
        )


def _own(workload: str) -> Callable[[Setting], float]:
    return _submits if workload == "submit" else partial(_flows, workload)


def _flows(workload: str, setting: Setting) -> float:
    work = flows.works(setting)[workload]
    return work.make().steps / flows.engine_seconds(setting, work)


def _submits(setting: Setting) -> float:
    jobs = setting.size or OWN_JOBS["submit"]
    return jobs / submit.engine_seconds(setting, flows.one_task(jobs, theflow.UNLIMITED), submit.singly)


def _peer(peer: Peer, room: Path, workload: str, jobs: int, told: dict[str, Told]) -> float:
    with database(SERVER) as url:
        told[peer.name] = peer.measure(room, workload, url, jobs)
    return STEPS.get(workload, 1) * jobs / told[peer.name].seconds
