"""Queues and classes that are paused in the reference store."""

from __future__ import annotations

from theflow.database.batch import Batch
from theflow.database.memory_limits import MemoryLimits
from theflow.database.records import ClassRecord
from theflow.model.queue_pause import QueuePause
from theflow.model.view import Request


class MemoryPauses(MemoryLimits):
    """The pauses of the reference store, under its lock."""

    def __init__(self) -> None:
        super().__init__()
        self._pauses: dict[tuple[str, str, int], QueuePause] = {}

    def pause_queue(self, pause: QueuePause) -> bool:
        """Let nothing of a queue start, or of a class; False, and nothing, if it is paused already."""
        with self._lock:
            self._touch(pause.flow_class)
            key = (pause.flow_class, pause.user, 0)
            if key in self._pauses:
                return False
            self._pauses[key] = pause
            self._of_queues.append(Request.of_queue("pause", pause))
            return True

    def resume_queue(self, pause: QueuePause) -> bool:
        """Let a queue start again, or a class; False, and nothing, if it is not paused."""
        with self._lock:
            if pause.flow_class in self._revisions:
                self._touch(pause.flow_class)
            found = [key for key in self._pauses if key[:2] == (pause.flow_class, pause.user)]
            if not found:
                return False
            for key in found:
                del self._pauses[key]
            self._of_queues.append(Request.of_queue("resume", pause))
            return True

    def pauses(self) -> list[QueuePause]:
        """List what is paused, by class and user."""
        with self._lock:
            return [self._pauses[key] for key in sorted(self._pauses)]

    def _hold_back(self, batch: Batch) -> None:
        """Let queues wait for flows that have failed, and go on after those that have not."""
        for pause in batch.held_back:
            self._touch(pause.flow_class)
            self._pauses.setdefault((pause.flow_class, pause.user, pause.flow), pause)
            self._of_queues.append(Request.of_queue("pause", pause))
        for key in batch.let_go:
            if self._pauses.pop(key, None) is not None:
                self._touch(key[0])

    def class_record(self, flow_class: str) -> ClassRecord:
        """Return the class; revision 0 where it was never registered."""
        with self._lock:
            return self._class(flow_class)

    def requests(self, offset: int) -> list[Request]:
        """List what was asked of a flow, or of queues at offset 0, the oldest first."""
        if offset:
            return super().requests(offset)
        with self._lock:
            return list(self._of_queues)

    def _class(self, flow_class: str) -> ClassRecord:
        revision = self._revisions.get(flow_class)
        if revision is None:
            return ClassRecord(flow_class=flow_class, revision=0)
        until = self._queue.throttles.until(flow_class)
        pauses = tuple(self._pauses[key] for key in sorted(self._pauses) if key[0] == flow_class)
        return ClassRecord(
            flow_class=flow_class,
            revision=revision,
            pauses=pauses,
            throttled_until=until,
            turn=self._turns.virtual(flow_class),
            shared=self._shared,
            limits=self._limits_version,
        )

    def _touch(self, flow_class: str) -> None:
        self._writes += 1
        self._revisions[flow_class] = self._revisions.get(flow_class, 0) + 1
