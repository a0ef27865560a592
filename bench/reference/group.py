"""Group commit, bare: in each flow a step waits until its row is on disk; one writer commits all that is pending."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

# As an outcome of theflow: flow, task, index, status, attempt, result, started, ended.
Row: TypeAlias = tuple[int, str, int, str, int, str, int, int]
Commit: TypeAlias = Callable[[list[Row]], None]
Stages: TypeAlias = Sequence[Sequence[str]]


def group_commit(commit: Commit, flows: int, stages: Stages, in_flight: int) -> float:
    """Run flows of so many stages; return the seconds until the last row is on disk."""
    started = time.perf_counter()
    asyncio.run(_run(commit, iter(range(flows)), stages, in_flight))
    return time.perf_counter() - started


async def _run(commit: Commit, keys: Iterator[int], stages: Stages, in_flight: int) -> None:
    writer = _Writer(commit)
    await asyncio.gather(*[_flows(keys, stages, writer.put) for _ in range(in_flight)])


async def _flows(keys: Iterator[int], stages: Stages, put: Callable[[Row], asyncio.Future[None]]) -> None:
    clock = time.time_ns
    for key in keys:
        for names in stages:
            started = clock() // 1000
            for name in names:
                # The no-op body of the step would run here.
                saved = put((key, name, 0, "succeeded", 1, "null", started, clock() // 1000))
            # Rows that were put together are committed together: the last one speaks for its stage.
            await saved


class _Writer:
    """Commits on the loop itself: a thread for it, and two hand-overs a batch, would cost a fifth of the speed."""

    def __init__(self, commit: Commit) -> None:
        self._commit = commit
        self._loop = asyncio.get_running_loop()
        self._rows: list[Row] = []
        self._waiting: list[asyncio.Future[None]] = []

    def put(self, row: Row) -> asyncio.Future[None]:
        """Take a row into the next transaction; the future ends when it is on disk."""
        if not self._rows:
            self._loop.call_soon(self._flush)
        self._rows.append(row)
        self._waiting.append(saved := self._loop.create_future())
        return saved

    def _flush(self) -> None:
        rows, self._rows = self._rows, []
        waiting, self._waiting = self._waiting, []
        self._commit(rows)
        for saved in waiting:
            saved.set_result(None)
