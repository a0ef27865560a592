"""python -m bench WORKLOAD: measure the engine beside its physical reference, a line of JSON a workload."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import theflow
from bench import (
    flows,
    idle,
    latency,
    looks,
    memory,
    overadmission,
    pools,
    runtimes,
    shaping,
    startup,
    submit,
    takeover,
)
from bench.figure import Figure
from bench.profiling import CpuTimes, Profiles
from bench.setting import DATA, Setting

WORKLOADS: dict[str, Callable[[Setting], Iterator[Figure]]] = {
    "submit": submit.submit,
    "drain": flows.drain,
    "ordered": flows.ordered,
    "chain": flows.chain,
    "declared": flows.declared,
    "conditions": flows.conditions,
    "fan-out": flows.fan_out,
    "wide": flows.wide,
    "wfinstances": flows.wfinstances,
    "latency": latency.latency,
    "memory": memory.memory,
    "startup": startup.startup,
}
# They need servers, or minutes: only by name.
BY_NAME: dict[str, Callable[[Setting], Iterator[Figure]]] = {
    "runtimes": runtimes.runtimes,
    "takeover": takeover.takeover,
    "idle": idle.idle,
    "mariadb": flows.mariadb,
    "processes": pools.processes,
    "dask": pools.dask,
    "shaped": shaping.shaped,
    "sequential": shaping.sequential,
    "fairness": shaping.fairness,
    "policies": shaping.policies,
    "look": looks.look,
    "million": memory.million,
    "overadmission": overadmission.overadmission,
}
URL_HELP = (
    "the database; `postgres` or `mariadb`: a fresh one for every run, on the server named by "
    "THEFLOW_BENCH_POSTGRES_URL or THEFLOW_BENCH_MYSQL_URL, or at its usual port "
    "(default: a fresh SQLite file below .bench for every run)"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, measure, print."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.workload == "all":
        return _each_alone(sys.argv[2:] if arguments is None else arguments[1:])
    setting = Setting(
        url=chosen.url, repeat=chosen.repeat, size=chosen.size, in_flight=chosen.in_flight, data=chosen.data
    )
    if chosen.profile:
        return _profile(chosen.workload, setting)
    if chosen.workload == "wfinstances" and not any(setting.data.glob("*.json")):
        print(
            f"wfinstances: skipped, there is no *.json in {setting.data}; name a directory by --data", file=sys.stderr
        )
    for figure in (WORKLOADS | BY_NAME)[chosen.workload](setting):
        print(figure.line(), flush=True)
    return 0


def _parser() -> argparse.ArgumentParser:
    lines = [f"  {name:<13}{run.__doc__}" for name, run in (WORKLOADS | BY_NAME).items()]
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure the engine beside its physical reference; print a line of JSON a workload.",
        epilog="workloads:\n" + "\n".join(lines),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("workload", choices=[*WORKLOADS, *BY_NAME, "all"], metavar="WORKLOAD")
    parser.add_argument("--url", help=URL_HELP)
    parser.add_argument("--repeat", type=int, default=5, help="how often engine and reference take turns (default: 5)")
    parser.add_argument("--size", type=int, help="how many jobs, flows or tasks, instead of the workload's own number")
    parser.add_argument("--in-flight", type=int, help="how many flows at once, instead of the workload's own number")
    parser.add_argument("--data", type=Path, default=DATA, help="a directory of WfFormat files for wfinstances")
    parser.add_argument("--profile", action="store_true", help="say where the time goes, thread by thread, instead")
    return parser


def _each_alone(options: Sequence[str]) -> int:
    # A process a workload: what one leaves behind in the heap must not slow the next.
    commands = [[sys.executable, "-m", "bench", name, *options] for name in WORKLOADS]
    return max([subprocess.run(command, check=False).returncode for command in commands])


def _profile(workload: str, setting: Setting) -> int:
    works = flows.works(setting)
    if workload != "submit" and workload not in works:
        print(f"--profile: for submit, {', '.join(works)}", file=sys.stderr)
        return 2
    for around in (CpuTimes(), Profiles()):
        if workload == "submit":
            load = flows.one_task(setting.size or 10_000, theflow.UNLIMITED)
            submit.engine_seconds(setting, load, submit.bulk, around)
        else:
            flows.engine_seconds(setting, works[workload], around)
        around.report()
    return 0


if __name__ == "__main__":
    sys.exit(main())
