"""A store with runtimes in this process, for tests of what a runtime does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from theflow import Client, FlowDetail, FlowHandle, FlowScheme, JobMeta, RuntimeOptions
from theflow.database.store import RuntimeStore
from theflow.runtime.runtime import Runtime

Answer = TypeVar("Answer")


class Works:
    """Starts runtimes over one store, and ends them."""

    def __init__(self, store: RuntimeStore) -> None:
        self.store = store
        self.schemes: list[FlowScheme] = []
        self.client = Client(store, self.schemes)
        self._runtimes: list[Runtime] = []

    def make(self, *schemes: FlowScheme, **options: Any) -> Runtime:
        """Make a runtime that is not started yet."""
        runtime = Runtime(self.store, schemes, RuntimeOptions(**{"poll": 0.02, "grace": 2.0, **options}))
        self._runtimes.append(runtime)
        return runtime

    def start(self, *schemes: FlowScheme, **options: Any) -> Runtime:
        """Start a runtime."""
        runtime = self.make(*schemes, **options)
        runtime.start()
        return runtime

    def run(self, scheme: FlowScheme, given: Any = None, **meta: Any) -> FlowDetail:
        """Run one flow to its end."""
        if not any(scheme.name in runtime.shaping.policies.classes for runtime in self._runtimes):
            self.start(scheme)
        return self.submit(scheme, given, **meta).wait(10)

    def submit(self, scheme: FlowScheme, given: Any = None, **meta: Any) -> FlowHandle:
        """Submit one job, checked against its scheme."""
        return Client(self.store, [scheme]).create_job(JobMeta(flow_class=scheme.name, input=given, **meta))

    def close(self) -> None:
        """Stop every runtime."""
        for runtime in self._runtimes:
            runtime.stop(0.5)
        self.store.close()


def one_task(body: Callable[..., Any], *, storage: Any = dict, concurrency: int = 1, **options: Any) -> FlowScheme:
    """A class of flows with one task."""
    scheme = FlowScheme("single", storage=storage, concurrency=concurrency)
    scheme.add(body, name="only", **options)
    return scheme


def until(ask: Callable[[], Answer], seconds: float = 10.0) -> Answer:
    """Ask until the answer is true; fail when it never is."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.002)
    return answer
