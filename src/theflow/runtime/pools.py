"""The pools of a runtime by name, besides its own threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from theflow.errors import InputError
from theflow.model.pool import PROCESS, THREAD
from theflow.model.scheme import FlowScheme
from theflow.runtime.attempt import Attempt
from theflow.runtime.desk import Desk
from theflow.runtime.foreign_pool import ForeignPool
from theflow.runtime.kit import Kit
from theflow.runtime.options import RuntimeOptions
from theflow.runtime.process_pool import ProcessPool
from theflow.runtime.worker_process import refuse_within_import


class Pools:
    """Sends each attempt to the pool that its task names."""

    def __init__(self, options: RuntimeOptions, desk: Desk) -> None:
        self._by_name: Mapping[str, ProcessPool | ForeignPool] = {
            PROCESS: ProcessPool(options.processes, options.recycle, desk),
            **{name: ForeignPool(name, executor, desk) for name, executor in options.executors.items()},
        }

    def submit(self, attempt: Attempt) -> None:
        """Run the body of an attempt."""
        self._by_name[attempt.task.scheme.pool].submit(attempt)

    def withdraw(self) -> list[Attempt]:
        """Take back what has not begun."""
        return [attempt for pool in self._by_name.values() for attempt in pool.withdraw()]

    def cancel(self, attempt: Attempt) -> None:
        """End an attempt whose flow is cancelled, or ask its body to end where it cannot be stopped."""
        self._by_name[attempt.task.scheme.pool].cancel(attempt)

    def halt(self, attempt: Attempt) -> None:
        """Stop the body of an attempt that is over, if it runs in a pool that can."""
        pool = self._by_name.get(attempt.task.scheme.pool)
        if pool is not None:
            pool.halt(attempt)

    def stop(self) -> None:
        """Begin nothing more, and end what is our own."""
        for pool in self._by_name.values():
            pool.stop()


def check_pools(schemes: Sequence[FlowScheme], options: RuntimeOptions) -> None:
    """Raise InputError for a task that its pool could never run."""
    refuse_within_import()
    known = (THREAD, PROCESS, *options.executors)
    for scheme in schemes:
        for task in scheme.tasks.values():
            if task.pool not in known:
                raise InputError(
                    f"flow {scheme.name!r}, task {task.name!r}: pool {task.pool!r} is not among those of this runtime "
                    f"({', '.join(known)}); give it RuntimeOptions(executors={{{task.pool!r}: ...}})"
                )
            if task.pool != THREAD:
                Kit.of(scheme, task)
