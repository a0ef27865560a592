"""The queue of the reference store: jobs until their flows end, in the order of their offsets."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from theflow.database import codec
from theflow.database.memory_throttles import MemoryThrottles
from theflow.database.records import LookQuery, QueuePlace
from theflow.model.flow_data import FlowDataPartial
from theflow.model.job import JobMetaObject
from theflow.model.limit import Scope, ScopeKind
from theflow.model.look import Candidate, Look


@dataclass(slots=True, kw_only=True)
class MemoryJob:
    """A job that waits or is held. `progress` is how many tasks of its flow had ended at the newest claim.

    `asked` says that somebody wants its flow to end, `verbs` how much else was asked of it; `reopened` that it is
    here for nothing else, as its flow has ended. `woken` says that a sub-flow of it has ended since the newest claim,
    `resting` that it waits for sub-flows in nobody's hands.
    """

    offset: int
    flow_class: str
    user: str
    version: int | None
    priority: int
    run_at: int | None
    owner: int | None = None
    parked: bool = False
    claims: int = 0
    progress: int = 0
    asked: bool = False
    woken: bool = False
    resting: bool = False
    level: int = 0
    verbs: int = 0
    reopened: bool = False
    uses: str | None = None

    @classmethod
    def from_partial(cls, flow: FlowDataPartial, offset: int) -> MemoryJob:
        """Queue a new flow under its offset."""
        return cls(
            offset=offset,
            flow_class=flow.meta.flow_class,
            user=flow.meta.user,
            version=flow.version,
            priority=flow.meta.priority,
            run_at=flow.run_at,
        )

    @classmethod
    def again(cls, job: JobMetaObject, version: int | None) -> MemoryJob:
        """Queue a flow that has ended again, at its old place, for what somebody has asked of it."""
        meta = job.meta
        return cls(
            offset=job.offset,
            flow_class=meta.flow_class,
            user=meta.user,
            version=version,
            priority=meta.priority,
            run_at=None,
            verbs=1,
            reopened=True,
        )

    @property
    def free(self) -> bool:
        """Whether nobody holds it and no person has to look at it first."""
        return self.owner is None and not self.parked and not self.resting

    def due(self, now: int) -> bool:
        """Whether its time has come."""
        return self.run_at is None or self.run_at <= now

    def fits(self, versions: Collection[int]) -> bool:
        """Whether one of these versions of its class may run it."""
        return self.version is None or self.version in versions

    def count_claim(self, ended: int) -> None:
        """Count a claim: from one again if a task ended since the newest one."""
        self.claims = 1 if ended > self.progress else self.claims + 1
        self.progress = ended


class MemoryQueue:
    """All jobs of flows that have not ended."""

    def __init__(self) -> None:
        self._jobs: dict[int, MemoryJob] = {}
        self.throttles = MemoryThrottles()

    def add(self, job: MemoryJob) -> None:
        """Append a job; its offset is above all others."""
        self._jobs[job.offset] = job

    def get(self, offset: int) -> MemoryJob | None:
        """Return a job, unless its flow has ended."""
        return self._jobs.get(offset)

    def require(self, offset: int) -> MemoryJob:
        """Return a job that is there."""
        return self._jobs[offset]

    def remove(self, offset: int) -> None:
        """Forget a job whose flow has ended."""
        self._jobs.pop(offset, None)

    def reopen(self, job: MemoryJob) -> None:
        """Take a job in again, at its old place."""
        self._jobs[job.offset] = job
        self._jobs = dict(sorted(self._jobs.items()))

    def release(self, offset: int) -> None:
        """Forget a job whose flow has ended, unless somebody has asked something of it meanwhile."""
        job = self._jobs.get(offset)
        if job is not None and job.verbs:
            job.owner, job.reopened, job.claims = None, True, 0
        else:
            self.remove(offset)

    def held_by(self, owner: int) -> list[MemoryJob]:
        """List the jobs that an incarnation holds."""
        return [job for job in self._jobs.values() if job.owner == owner]

    def free_all(self, owner: int) -> int:
        """Take the jobs of an incarnation from it; return how many there were."""
        held = self.held_by(owner)
        for job in held:
            job.owner = None
        return len(held)

    def hand_over(self, owner: int) -> None:
        """Free the jobs of an incarnation that stops cleanly: that was no crash, so its claims do not count."""
        for job in self.held_by(owner):
            job.owner = None
            job.claims -= 1

    def look(self, query: LookQuery, paused: Collection[str], turns: Mapping[str, int], virtual: int) -> Look:
        """Find who may be next: the first flows of each queue that is not paused, as shaping goes through them."""
        jobs = [job for job in self._jobs.values() if job.flow_class == query.flow_class]
        able = [job for job in jobs if job.user not in paused and (query.ordered or job.fits(query.versions))]
        waiting = [job for job in able if job.free and job.due(query.now) and self._may_start(job, query.now)]
        live, resting = self._places(query.flow_class, jobs) if query.ordered else ({}, {})
        waiting.sort(key=_by_priority if query.ranked else _line)

        def rank(queue: list[MemoryJob]) -> tuple[int, int, int]:
            return -queue[0].priority, max(turns.get(queue[0].user, 0), virtual), queue[0].offset

        queues = sorted(_by_user(waiting).values(), key=rank)
        # Queues that are full must not take the room of those that could start something.
        limit = query.limit + len(live.keys() | resting.keys())
        offered = queues[:limit]
        return Look(
            now=query.now,
            candidates=tuple(_candidate(job) for queue in offered for job in queue[: query.per_queue]),
            live=live,
            again_at=self.throttles.again_at(query.flow_class, query.now),
            resting=resting,
            usage=self.usage() if query.counted else {},
            turns={queue[0].user: rank(queue)[1] for queue in offered if rank(queue)[1] > virtual},
            virtual=virtual,
            horizon=rank(offered[-1])[:2] if offered and len(offered) == limit else None,
        )

    def usage(self) -> Mapping[Scope, int]:
        """Count what is in use from the jobs that are held."""
        found: Counter[Scope] = Counter()
        for job in self._jobs.values():
            if job.owner is None:
                continue
            found[Scope(ScopeKind.ALL)] += 1
            found[Scope(ScopeKind.CLASS, job.flow_class)] += 1
            found[Scope(ScopeKind.USER, "", job.user)] += 1
            for resource, units in codec.decode(job.uses, dict[str, int]).items() if job.uses else ():
                found[Scope(ScopeKind.RESOURCE, resource)] += units
        return found

    def place(self, offset: int, now: int, names: Mapping[int, str]) -> QueuePlace | None:
        """Say where a job stands among those of its user and class; None if its flow has ended."""
        job = self._jobs.get(offset)
        if job is None:
            return None
        queue = [each for each in self._jobs.values() if (each.flow_class, each.user) == (job.flow_class, job.user)]
        ahead = [each.offset for each in queue if _line(each) < _line(job) and each.free and each.due(now)]
        return QueuePlace(
            offset=offset,
            owner=None if job.owner is None else names[job.owner],
            parked=job.parked,
            claims=job.claims,
            ahead=len(ahead),
            first_ahead=min(ahead, default=None),
            live=tuple(
                each.offset for each in queue if each.owner is not None or (each.resting and each.level <= job.level)
            ),
            asked=job.asked,
            verbs=job.verbs,
            throttle=self.throttles.of(job.flow_class, job.user),
            level=job.level,
            charged=job.uses is not None,
        )

    def unfinished(self, flow_class: str, versions: Collection[int], now: int) -> int:
        """Count the jobs of a class that are held or could be, of versions that this code knows."""
        jobs = [job for job in self._jobs.values() if job.flow_class == flow_class and job.fits(versions)]
        return sum(job.owner is not None or (job.free and job.due(now)) for job in jobs)

    @staticmethod
    def _places(
        flow_class: str, jobs: Sequence[MemoryJob]
    ) -> tuple[Mapping[tuple[str, str], tuple[int, ...]], Mapping[tuple[str, str], tuple[tuple[int, int], ...]]]:
        """Say who holds a place of each queue, and who keeps one while it waits for sub-flows."""
        live = _by_user(job for job in jobs if job.owner is not None)
        resting = _by_user(job for job in jobs if job.resting)
        return (
            {(flow_class, user): tuple(job.offset for job in held) for user, held in live.items()},
            {(flow_class, user): tuple((job.offset, job.level) for job in held) for user, held in resting.items()},
        )

    def _may_start(self, job: MemoryJob, now: int) -> bool:
        return not self.throttles.keep_out(job.flow_class, job.user, now)


def _by_priority(job: MemoryJob) -> tuple[int, int, int]:
    return job.level, -job.priority, job.offset


def _line(job: MemoryJob) -> tuple[int, int]:
    """Where it stands in its queue: sub-flows go before what is above them."""
    return job.level, job.offset


def _by_user(jobs: Iterable[MemoryJob]) -> dict[str, list[MemoryJob]]:
    queues: dict[str, list[MemoryJob]] = defaultdict(list)
    for job in jobs:
        queues[job.user].append(job)
    return queues


def _candidate(job: MemoryJob) -> Candidate:
    return Candidate(
        offset=job.offset,
        flow_class=job.flow_class,
        user=job.user,
        version=job.version,
        priority=job.priority,
        run_at=job.run_at,
        claims=job.claims,
        level=job.level,
        verbs=job.verbs,
        charged=int(job.uses is not None),
    )
