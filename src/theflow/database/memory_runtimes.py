"""The runtimes of the reference store: who holds which name, and whose writes still count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from theflow.database.memory_queue import MemoryJob
from theflow.database.records import Fence, Holder, Incarnation, RuntimeRecord
from theflow.errors import Fenced, RuntimeNameTaken

_LIVE = "live"
_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(slots=True, kw_only=True)
class MemoryRuntime:
    """One incarnation: `state` is live, released or lost; `turn` is the newest that was committed."""

    id: int
    holder: Holder
    started_at: int
    epoch: int = 1
    turn: int = 0
    beat: int = 0
    state: str = _LIVE
    draining: bool = False
    lost_threads: int = 0

    @property
    def incarnation(self) -> Incarnation:
        """What fences its writes now."""
        return Incarnation(id=self.id, name=self.holder.name, epoch=self.epoch)

    def to_record(self, held: Sequence[MemoryJob]) -> RuntimeRecord:
        """Read it as other runtimes see it."""
        return RuntimeRecord(
            incarnation=self.incarnation,
            holder=self.holder,
            state=self.state,
            beat=self.beat,
            started_at=self.started_at,
            held=len(held),
            draining=self.draining,
            asked=sum(bool(job.asked or job.verbs or job.woken) for job in held),
            lost_threads=self.lost_threads,
        )


class MemoryRuntimes:
    """All incarnations there ever were: an id is never used again."""

    def __init__(self) -> None:
        self._runtimes: list[MemoryRuntime] = []

    @property
    def names(self) -> dict[int, str]:
        """The name of each incarnation."""
        return {runtime.id: runtime.holder.name for runtime in self._runtimes}

    def take_name(self, holder: Holder, now: int) -> Incarnation:
        """Make an incarnation, unless a live one holds the name."""
        for other in self.live():
            if other.holder.name == holder.name:
                raise _name_taken(other)
        runtime = MemoryRuntime(id=len(self._runtimes) + 1, holder=holder, started_at=now)
        self._runtimes.append(runtime)
        return runtime.incarnation

    def live(self) -> list[MemoryRuntime]:
        """List those that nobody took over and that did not stop."""
        return [runtime for runtime in self._runtimes if runtime.state == _LIVE]

    def find(self, incarnation: Incarnation) -> MemoryRuntime | None:
        """Return a live incarnation, if its epoch is still the one that was seen."""
        found = (each for each in self.live() if (each.id, each.epoch) == (incarnation.id, incarnation.epoch))
        return next(found, None)

    def require(self, incarnation: Incarnation) -> MemoryRuntime:
        """Return a live incarnation; raise Fenced if its epoch is over."""
        runtime = self.find(incarnation)
        if runtime is None:
            raise Fenced(f"runtime {incarnation.name!r} does not hold epoch {incarnation.epoch} any more")
        return runtime

    def check(self, fence: Fence) -> MemoryRuntime:
        """Return whose turn it is; raise Fenced if the epoch is over or the turn is not the next one."""
        name = self.names.get(fence.id, f"#{fence.id}")
        runtime = self.require(Incarnation(id=fence.id, name=name, epoch=fence.epoch))
        if runtime.turn != fence.turn - 1:
            raise Fenced(
                f"runtime {name!r}, epoch {fence.epoch}: turn {fence.turn} does not follow turn {runtime.turn}"
            )
        return runtime

    @staticmethod
    def end(runtime: MemoryRuntime, state: str) -> None:
        """Fence an incarnation for good and give its name back."""
        runtime.state = state
        runtime.epoch += 1


def _name_taken(other: MemoryRuntime) -> RuntimeNameTaken:
    holder = other.holder
    host = holder.host.partition("/")[0]
    since = (_EPOCH + timedelta(microseconds=other.started_at)).isoformat(timespec="seconds")
    return RuntimeNameTaken(
        f"runtime name {holder.name!r} is held by process {holder.pid} on host {host!r} since {since}; "
        "stop that runtime first, or start this one under another name"
    )
