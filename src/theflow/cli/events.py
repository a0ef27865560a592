"""What a runtime has done so far, as its events tell it: what `theflow run` shows."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from theflow.runtime.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping

# Events that wait to be printed; a terminal that stands still must not fill the memory.
WAITING_LIMIT = 10_000
ENDS = {f"flow_{word}": word for word in ("succeeded", "failed", "cancelled", "reverted", "revert_failed", "parked")}


@dataclass(slots=True, kw_only=True)
class ActiveFlow:
    """A flow that the runtime holds."""

    offset: int
    flow_class: str
    user: str
    size: int
    done: int = 0
    running: dict[str, int] = field(default_factory=dict)


class Events:
    """Collects events; the runtime calls it from its engine, the printing thread takes what has gathered."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self._sizes = sizes
        self._lock = Lock()
        self._active: dict[str, ActiveFlow] = {}
        self._ended: Counter[str] = Counter()
        self._waiting: deque[Progress] = deque()
        self._left_out = 0

    def __call__(self, progress: Progress) -> None:
        """Take one event: a few operations in memory, for the engine waits meanwhile."""
        with self._lock:
            self._count(progress)
            if len(self._waiting) < WAITING_LIMIT:
                self._waiting.append(progress)
            else:
                self._left_out += 1

    def take(self) -> tuple[list[Progress], int]:
        """Return the events since the last call, and how many were left out behind them."""
        with self._lock:
            events, left_out = list(self._waiting), self._left_out
            self._waiting.clear()
            self._left_out = 0
        return events, left_out

    def ended(self) -> Counter[str]:
        """How many flows have ended, by the word for it."""
        with self._lock:
            return self._ended.copy()

    def active(self, limit: int) -> tuple[list[ActiveFlow], int]:
        """Return the flows that were admitted first, as they stand, and how many there are in all."""
        with self._lock:
            flows = [
                ActiveFlow(
                    offset=flow.offset,
                    flow_class=flow.flow_class,
                    user=flow.user,
                    size=flow.size,
                    done=flow.done,
                    running=dict(flow.running),
                )
                for flow, _ in zip(self._active.values(), range(limit), strict=False)
            ]
            return flows, len(self._active)

    def _count(self, progress: Progress) -> None:
        if progress.kind in ENDS:
            self._active.pop(progress.flow_id, None)
            self._ended[ENDS[progress.kind]] += 1
            return
        flow = self._active.get(progress.flow_id)
        if flow is None:
            flow = self._active[progress.flow_id] = ActiveFlow(
                offset=progress.offset,
                flow_class=progress.flow_class,
                user=progress.user,
                size=self._sizes.get(progress.flow_class, 0),
            )
        if not progress.task:
            return
        if progress.kind in ("task_started", "undo_started"):
            flow.running[progress.task] = progress.attempt
        else:
            flow.running.pop(progress.task, None)
            flow.done += progress.kind == "task_succeeded"
