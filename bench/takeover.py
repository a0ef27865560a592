"""Workload: from the last beat of a runtime process that is killed until its flows run elsewhere."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator, Sequence

import theflow
from bench.crew import Member, crew, elsewhere
from bench.figure import Figure, percentile
from bench.flows import facts, shown
from bench.load import nothing, unique
from bench.place import place
from bench.setting import Setting

TTL = 3.0
POLL = 0.5
SAME_HOST = 1.0
FLOWS = 50


def takeover(setting: Setting) -> Iterator[Figure]:
    """SIGKILL a runtime that holds 50 flows, at ever other moments between two beats; another one goes on with them."""
    if (prefix := elsewhere()) is None:
        print(
            "takeover, from another host: NOT MEASURED: unshare --uts is not allowed; run it as root", file=sys.stderr
        )
    else:
        runs = [_kill(setting, prefix, (kill + 0.5) / setting.repeat) for kill in range(setting.repeat)]
        since_beat = [from_beat for from_beat, _ in runs]
        yield _figure("takeover, from another host", "the last beat", since_beat, TTL + 2 * POLL, setting)
    runs = [_kill(setting, (), (kill + 0.5) / setting.repeat) for kill in range(setting.repeat)]
    # Here the death itself is seen, however long ago the last beat was.
    yield _figure("takeover, on the same host", "the kill", [from_kill for _, from_kill in runs], SAME_HOST, setting)


def _figure(name: str, since: str, values: list[float], limit: float, setting: Setting) -> Figure:
    return Figure(
        workload=name,
        url=shown(setting),
        unit=f"s from {since} until all flows run elsewhere",
        values=values,
        reference="allowed",
        reference_values=[limit],
        more={
            "ttl": TTL,
            "poll": POLL,
            "p90": percentile(values, 90),
            "worst": max(values),
            "worst_ratio": max(values) / limit,
            **facts(setting),
        },
    )


def _kill(setting: Setting, prefix: Sequence[str], phase: float) -> tuple[float, float]:
    """Kill one runtime, `phase` on its way to the next beat; return seconds from the last beat and from the kill."""
    scheme = theflow.FlowScheme(unique("held"), concurrency=theflow.UNLIMITED)
    scheme.add(nothing)
    flows = setting.size or FLOWS
    with place(setting.url) as here, theflow.connect(here.url, [scheme]) as client:
        client.create_jobs([theflow.JobMeta(flow_class=scheme.name, user=f"user{n}") for n in range(flows)])
        arguments = (here.url, scheme.name, str(flows), str(TTL), str(POLL))
        with crew(Member(("keep", "doomed", *arguments), prefix)) as (doomed,):
            doomed.hear()
            with crew(Member(("keep", "heir", *arguments))) as (heir,):
                heir.hear()
                time.sleep(_until_beat(client) + phase * TTL / 4)
                # Stopped, it beats no more; only when the last beat is known does it die, and may be seen dead.
                doomed.signal(signal.SIGSTOP)
                last_beat = time.time() - _silence(client)
                killed = time.time()
                doomed.signal(signal.SIGKILL)
                doomed.end()
                running = heir.hear()["at"]
                return running - last_beat, running - killed


def _until_beat(client: theflow.Client) -> float:
    """Return the seconds until the doomed will have beaten once more."""
    while (silence := _silence(client)) is None:
        time.sleep(0.02)
    return max(0.0, TTL / 4 - silence)


def _silence(client: theflow.Client) -> float | None:
    (record,) = [record for record in client.runtimes() if record.holder.name == "doomed"]
    return None if record.silent is None else record.silent / 1e6
