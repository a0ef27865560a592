"""The reference store with a window: the checks look inside, and change nothing."""

from __future__ import annotations

from theflow.database.memory import MemoryStore
from theflow.database.memory_flow import MemoryFlow
from theflow.database.memory_queue import MemoryJob


class WindowStore(MemoryStore):
    """What is on disk, without a question to the code under test."""

    def __init__(self) -> None:
        super().__init__()
        # What bodies have written in transactions: offset, task and serial number of the body.
        self.rows: list[tuple[int, str, int]] = []

    def flow_rows(self) -> dict[int, MemoryFlow]:
        """All flows, by offset."""
        return self._flows

    def job(self, offset: int) -> MemoryJob | None:
        """The job of a flow that has not ended."""
        return self._queue.get(offset)

    def jobs(self) -> list[MemoryJob]:
        """All jobs, in order."""
        return [job for offset in self._flows if (job := self._queue.get(offset)) is not None]
