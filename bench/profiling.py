"""Where the time goes, thread by thread. Waiting counts as time in a profile, so CPU times stand beside it."""

from __future__ import annotations

import cProfile
import pstats
import sys
import threading
import time
from types import TracebackType
from typing import Self

LINES = 30


class CpuTimes:
    """Measures, at full speed, how much CPU time each thread took while this context was open."""

    def __enter__(self) -> Self:
        self._seconds = -time.perf_counter()
        self._before = _cpu_times()
        return self

    def __exit__(self, *_: object) -> None:
        self._after = _cpu_times()
        self._seconds += time.perf_counter()

    def report(self) -> None:
        """Print a line a thread."""
        print(f"{self._seconds:.3f} s on the clock; CPU time by thread:", file=sys.stderr)
        for name, cpu in self._after.items():
            print(f"  {cpu - self._before.get(name, 0.0):8.3f} s  {name}", file=sys.stderr)


class Profiles:
    """Profiles this thread, and apart from it every thread that starts while this context is open."""

    def __enter__(self) -> Self:
        self._profiles = {threading.current_thread().name: cProfile.Profile()}
        threading.setprofile(self._begin)
        self._profiles[threading.current_thread().name].enable()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._profiles[threading.current_thread().name].disable()
        threading.setprofile(None)

    def report(self) -> None:
        """Print a table a thread; call it when the threads have ended, for what has not returned is not counted."""
        for name, profile in self._profiles.items():
            print(f"\n==== thread {name}", file=sys.stderr)
            pstats.Stats(profile, stream=sys.stderr).strip_dirs().sort_stats("tottime").print_stats(LINES)

    def _begin(self, *_: object) -> None:
        # The first event of a new thread, seen in that thread: from here on it has a profile of its own instead.
        profile = self._profiles[threading.current_thread().name] = cProfile.Profile()
        profile.enable()


def _cpu_times() -> dict[str, float]:
    threads = {thread.name: thread.ident for thread in threading.enumerate() if thread.ident is not None}
    return {name: time.clock_gettime(time.pthread_getcpuclockid(ident)) for name, ident in threads.items()}
