"""What must run in a process of its own: a runtime whose memory is measured, and a client far from the runtime."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
SETTLE = 3.0


def output(*arguments: str) -> str:
    """Run this file as a process of its own; return what it printed."""
    command = [sys.executable, "-m", "bench.child", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment, text=True).stdout


def bare() -> None:
    """Print the peak memory of an interpreter with what any such program would import."""
    for module in ("asyncio", "json", "logging", "sqlite3", "sqlalchemy"):
        importlib.import_module(module)
    print(peak())


def hold(url: str, flow_class: str, form: str, pending: str) -> None:
    """Run a runtime beside flows that are pending; print its peak memory."""
    theflow = importlib.import_module("theflow")
    enough = threading.Event()
    ended = 0

    def listen(progress: object) -> None:
        nonlocal ended
        ended += progress.kind == "flow_succeeded"
        if ended >= int(pending) // 5:
            enough.set()

    async def body() -> None:
        if form == "blocked":
            await importlib.import_module("asyncio").Event().wait()

    scheme = theflow.FlowScheme(flow_class, concurrency=theflow.UNLIMITED)
    scheme.add(body, name="nothing")
    runtime = theflow.bootstrap(url, [scheme], theflow.RuntimeOptions(flows=min(1000, int(pending) // 10)))
    runtime.subscribe(listen)
    runtime.start()
    if form != "draining":
        # Several looks at the queue, and no long wait in a test with few flows.
        time.sleep(min(SETTLE, int(pending) / 10_000))
    elif not enough.wait(600):
        sys.exit(f"only {ended} flows ended")
    print(peak(), flush=True)
    # The bodies of the blocked form never end, and the measure is taken.
    os._exit(0)


def burst(url: str, flow_class: str, in_flight: str) -> None:
    """Say when ready; then run a chain until nothing is left, and say how many flows ended and when the last did."""
    theflow = importlib.import_module("theflow")
    ended, at = 0, 0.0

    def listen(_: object) -> None:
        nonlocal ended, at
        ended += 1
        at = time.perf_counter()

    scheme = importlib.import_module("bench.flows").chain_of(flow_class)
    runtime = theflow.bootstrap(url, [scheme], theflow.RuntimeOptions(flows=int(in_flight)))
    runtime.subscribe(listen, ("flow_succeeded",))
    print(json.dumps({"ready": True}), flush=True)
    sys.stdin.readline()
    runtime.run_until_idle()
    print(json.dumps({"ended": ended, "at": at}), flush=True)


def keep(name: str, url: str, flow_class: str, flows: str, ttl: str, poll: str) -> None:
    """Run flows that never end; say when there, and when all of them run."""
    theflow = importlib.import_module("theflow")
    begun = 0

    async def nothing() -> None:
        nonlocal begun
        begun += 1
        if begun == int(flows):
            # The clock of all who live on this machine, and of a database on it.
            print(json.dumps({"at": time.time()}), flush=True)
        await importlib.import_module("asyncio").Event().wait()

    scheme = theflow.FlowScheme(flow_class, concurrency=theflow.UNLIMITED)
    scheme.add(nothing)
    options = theflow.RuntimeOptions(name=name, ttl=float(ttl), poll=float(poll))
    with theflow.bootstrap(url, [scheme], options):
        if name != "doomed":
            print(json.dumps({"ready": True}), flush=True)
        threading.Event().wait()


def capped(url: str, flow_class: str) -> None:
    """Say when ready; then run flows of a class until killed."""
    theflow = importlib.import_module("theflow")

    async def nothing() -> None:
        await importlib.import_module("asyncio").sleep(0.001)

    scheme = theflow.FlowScheme(flow_class, concurrency=theflow.UNLIMITED)
    scheme.add(nothing)
    with theflow.bootstrap(url, [scheme], theflow.RuntimeOptions(name=f"capped-{os.getpid()}", poll=0.02)):
        print(json.dumps({"ready": True}), flush=True)
        threading.Event().wait()


def submit(url: str, flow_class: str, jobs: str) -> None:
    """Submit jobs one after another; print when each was submitted and when its outcome was seen."""
    theflow = importlib.import_module("theflow")
    latency = importlib.import_module("bench.latency")
    with theflow.connect(url) as client:
        print(json.dumps(latency.sequential(client, flow_class, int(jobs))))


def peak() -> int:
    """Return the most memory, in bytes, that this process had resident since it was executed."""
    # Not getrusage: its maximum is inherited from the parent.
    return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1])


if __name__ == "__main__":
    {"bare": bare, "burst": burst, "capped": capped, "hold": hold, "keep": keep, "submit": submit}[sys.argv[1]](
        *sys.argv[2:]
    )
