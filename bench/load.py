"""So many flows of a class: submit them, run them, and prove that the work was done."""

from __future__ import annotations

import itertools
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from graphlib import TopologicalSorter

import theflow

BATCH = 1000
CHECKED = 2000
_numbers = itertools.count(1)

Around = AbstractContextManager[object]


class WorkLost(AssertionError):
    """The engine did not do what it was asked to do, so its speed means nothing."""


async def nothing() -> None:
    """Do nothing: what remains is the cost of the engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """So many flows of a class, spread over so many users."""

    scheme: theflow.FlowScheme
    flows: int
    users: int = 100

    @property
    def steps(self) -> int:
        """How many outcomes it takes."""
        return self.flows * len(self.scheme.tasks)

    @property
    def stages(self) -> list[list[str]]:
        """Name the tasks that may run together, stage by stage: the same work for the reference."""
        stages = []
        order = TopologicalSorter({name: task.after for name, task in self.scheme.tasks.items()})
        order.prepare()
        while order.is_active():
            stages.append(list(order.get_ready()))
            order.done(*stages[-1])
        return stages

    def jobs(self) -> list[theflow.JobMeta]:
        """Return what the users submit."""
        name, users = self.scheme.name, self.users
        return [theflow.JobMeta(flow_class=name, user=f"user{number % users}") for number in range(self.flows)]

    def submit(self, url: str) -> list[str]:
        """Submit all by batches; return the ids of the flows."""
        jobs = self.jobs()
        with theflow.connect(url, [self.scheme]) as client:
            batches = [client.create_jobs(jobs[start : start + BATCH]) for start in range(0, self.flows, BATCH)]
        return [handle.flow_id for batch in batches for handle in batch]

    def run(self, url: str, in_flight: int, around: Around | None = None) -> float:
        """Submit all, then run as `theflow run --burst` does; return the seconds until the last flow has ended."""
        ids = self.submit(url)
        runtime = theflow.bootstrap(url, [self.scheme], theflow.RuntimeOptions(flows=in_flight))
        ends = Ends(self.flows)
        runtime.subscribe(ends, ("flow_succeeded", "flow_failed", "flow_cancelled", "flow_parked"))
        with around or nullcontext():
            started = time.perf_counter()
            runtime.run_until_idle()
        ends.check()
        self.verify(url, ids)
        return ends.at - started

    def verify(self, url: str, ids: list[str]) -> None:
        """Read back that every flow succeeded, and all tasks of two thousand of them."""
        with theflow.connect(url, [self.scheme]) as client:
            listed, after = 0, None
            wanted = theflow.FlowFilter(flow_class=self.scheme.name, status=theflow.FlowStatus.SUCCEEDED)
            while (page := client.find_flows(wanted, after=after, limit=1000)).items:
                listed += len(page.items)
                if (after := page.next) is None:
                    break
            if listed != self.flows:
                raise WorkLost(f"{listed} of {self.flows} flows succeeded")
            for flow_id in ids[:: max(1, self.flows // CHECKED)]:
                lines = client.get_flow(flow_id).tasks
                done = {line.name for line in lines if line.status is theflow.TaskStatus.SUCCEEDED and line.ended_at}
                if done != set(self.scheme.tasks):
                    raise WorkLost(f"flow {flow_id}: {len(done)} of {len(self.scheme.tasks)} tasks have an outcome")


class Ends:
    """Listens until so many flows have succeeded; a flow that does not succeed is an error."""

    def __init__(self, flows: int) -> None:
        self.at = 0.0
        self._left = flows
        self._lost = ""

    def __call__(self, progress: theflow.Progress) -> None:
        """Count."""
        if progress.kind == "flow_succeeded":
            self._left -= 1
            if not self._left:
                self.at = time.perf_counter()
        elif progress.kind in ("flow_failed", "flow_parked"):
            self._lost = f"flow {progress.flow_id}: {progress.kind}: {progress.detail}"

    def check(self) -> None:
        """Raise unless every flow has succeeded."""
        if self._lost:
            raise WorkLost(self._lost)
        if self._left:
            raise WorkLost(f"{self._left} flows have not ended")


def unique(name: str) -> str:
    """Name a class as nothing else in the database is named, so that what earlier runs left there is not counted."""
    return f"{name}-{time.time_ns() // 1_000_000:x}-{next(_numbers)}"
