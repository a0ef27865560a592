"""Users with backlogs at one class, looked at again and again as a runtime does, in no time."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from itertools import islice

from theflow.model.limit import Limit, Scope, ScopeKind
from theflow.model.look import Candidate, Look
from theflow.model.policy import ClassPolicy, Policies
from theflow.model.scheme import UNLIMITED
from theflow.model.shaping import Admission, admit
from theflow.runtime.reach import Reach


class Backlog:
    """What is pending of each user; whatever starts has ended at once."""

    def __init__(self, weights: dict[str, float] | None = None, concurrency: int = UNLIMITED) -> None:
        limits = {Scope(ScopeKind.USER, "", user): Limit(weight=weight) for user, weight in (weights or {}).items()}
        policy = ClassPolicy(flow_class="one", versions=(1,), concurrency=concurrency)
        self.policies = Policies(classes={"one": policy}, limits=limits)
        self.started: list[str] = []
        self._pending: dict[str, deque[int]] = {}
        self._turns: dict[str, int] = {}
        self._virtual = 0
        self._newest = 0
        self._users = 1

    def add(self, user: str, flows: int = 1) -> None:
        """Submit flows of a user."""
        self._pending.setdefault(user, deque()).extend(range(self._newest, self._newest + flows))
        self._newest += flows

    def run(self, looks: int, slots: int = 1) -> None:
        """Fill so many places, so many times, reading as far as a runtime reads."""
        for _ in range(looks):
            policies = self.policies
            reach = Reach(slots, self._users, policies.widest(policies.classes["one"]), policies.spread("one"))
            came = 0
            while came < slots:
                look = self._look(reach.limit, reach.per_queue)
                self._users = len({one.user for one in look.candidates})
                admission = admit(look, policies, slots - came)
                came += len(admission.admitted)
                self._start(admission)
                if not reach.further(look, len(admission.admitted)):
                    break

    def _start(self, admission: Admission) -> None:
        for each in admission.admitted:
            queue = self._pending[each.candidate.user]
            assert queue.popleft() == each.candidate.offset
            if not queue:
                del self._pending[each.candidate.user]
            self.started.append(each.candidate.user)
        left = admission.settlement
        self._turns = {} if left.past else self._turns
        self._turns.update(left.turns)
        self._virtual = max(self._virtual, left.virtual)

    def counts(self, users: Iterable[str], since: int = 0) -> list[int]:
        """How many flows of each user have started since the start of that number."""
        found = Counter(self.started[since:])
        return [found[user] for user in users]

    def _look(self, limit: int, per_queue: int) -> Look:
        def rank(user: str) -> tuple[int, int]:
            return max(self._turns.get(user, 0), self._virtual), self._pending[user][0]

        users = sorted(self._pending, key=rank)
        read = users[:limit]
        return Look(
            now=0,
            candidates=tuple(
                Candidate(offset, "one", user, None)
                for user in read
                for offset in islice(self._pending[user], per_queue)
            ),
            live={},
            turns={user: rank(user)[0] for user in read if rank(user)[0] > self._virtual},
            virtual=self._virtual,
            horizon=(0, rank(read[-1])[0]) if read and len(read) == limit else None,
        )


def jain(shares: list[float]) -> float:
    """Jain's index: 1 where all have the same, 1/n where one has all."""
    return sum(shares) ** 2 / (len(shares) * sum(share * share for share in shares))
