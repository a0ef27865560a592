"""What is in force when flows are let in: what the classes declare, and the limits that people have set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypedDict, Unpack

from theflow.model.limit import NO_LIMIT, Limit, Scope, ScopeKind
from theflow.model.queue_pause import QueuePause
from theflow.model.scheme import UNLIMITED, FlowScheme
from theflow.model.shape import Shape

ALL = Scope(ScopeKind.ALL)


class Here(TypedDict, total=False):
    """What of a policy is no matter of the class alone; see `ClassPolicy`."""

    versions: tuple[int, ...]
    pauses: tuple[QueuePause, ...]
    lacks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassPolicy:
    """How the flows of a class are let in. `versions` are those that this runtime has code for.

    `uses` gives the units of each resource that a flow takes, `lacks` the labels that the class requires and that this
    runtime does not have. `overtakes` says that a larger priority goes first within a queue too.
    """

    flow_class: str
    concurrency: int = 1
    versions: tuple[int, ...] = ()
    pauses: tuple[QueuePause, ...] = ()
    limit: Limit = NO_LIMIT
    queue_limit: Limit = NO_LIMIT
    uses: tuple[tuple[str, int], ...] = ()
    lacks: tuple[str, ...] = ()
    overtakes: bool = False

    @classmethod
    def of(cls, flow_class: str, concurrency: int, shape: Shape, **here: Unpack[Here]) -> ClassPolicy:
        """Take what a class declares, and what is so in this place."""
        return cls(
            flow_class=flow_class,
            concurrency=concurrency,
            limit=shape.limit,
            queue_limit=shape.queue_limit,
            uses=tuple(sorted(shape.uses.items())),
            overtakes=shape.overtakes,
            **here,
        )

    @property
    def ordered(self) -> bool:
        """Whether the flows of one user wait for each other."""
        return self.concurrency < UNLIMITED

    @property
    def ranked(self) -> bool:
        """Whether a larger priority goes first within a queue."""
        return self.overtakes or not self.ordered

    def pause_of(self, user: str, offset: int = UNLIMITED, level: int = 0) -> QueuePause | None:
        """Return what keeps a flow of a user from starting: a pause of the class, or of the queue."""
        mine = (pause for pause in self.pauses if pause.user in ("", user))
        return next((pause for pause in mine if pause.keeps(offset, level)), None)

    def version_for(self, wanted: int | None) -> int | None:
        """Return the version to run a flow with: the one it was submitted for, or the newest; None if not here."""
        if wanted is None:
            return max(self.versions, default=None)
        return wanted if wanted in self.versions else None


@dataclass(frozen=True, slots=True)
class Hold:
    """A limit that a flow comes under, with the units that it takes of it."""

    scope: Scope
    limit: Limit
    units: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """All policies at one moment: never changed, only replaced whole. `version` is that of the newest limit."""

    classes: Mapping[str, ClassPolicy] = field(default_factory=dict)
    limits: Mapping[Scope, Limit] = field(default_factory=dict)
    version: int = 0

    @classmethod
    def of_schemes(cls, schemes: Iterable[FlowScheme], labels: Iterable[str] = ()) -> Policies:
        """Take the policies that the schemes declare; the newest version of a class decides."""
        classes: dict[str, ClassPolicy] = {}
        here = set(labels)
        for scheme in sorted(schemes, key=lambda scheme: scheme.version):
            known = classes.get(scheme.name)
            classes[scheme.name] = ClassPolicy.of(
                scheme.name,
                scheme.concurrency,
                scheme.shape,
                versions=(*known.versions, scheme.version) if known else (scheme.version,),
                lacks=tuple(sorted(scheme.shape.requires - here)),
            )
        return cls(classes=classes)

    def served(self) -> dict[str, list[int]]:
        """Return the versions of the classes that this runtime takes: those that it lacks no label for."""
        return {name: list(policy.versions) for name, policy in self.classes.items() if not policy.lacks}

    def limited(self, limits: Mapping[Scope, Limit], version: int) -> Policies:
        """Return the same classes under other limits."""
        return replace(self, limits=dict(limits), version=version)

    def paused(self, flow_class: str, pauses: tuple[QueuePause, ...]) -> Policies:
        """Return the same with other pauses of a class."""
        policy = replace(self.classes[flow_class], pauses=pauses)
        return replace(self, classes={**self.classes, flow_class: policy})

    def limit_of(self, scope: Scope) -> Limit:
        """Return what a scope is held to: what is set for it, then for every user, then what its class declares."""
        found = self.limits.get(scope, NO_LIMIT)
        if scope.user:
            found = found.over(self.limits.get(scope.every, NO_LIMIT))
        if scope.kind in (ScopeKind.CLASS, ScopeKind.QUEUE):
            policy = self.classes.get(scope.name)
            if policy is not None:
                found = found.over(policy.limit if scope.kind is ScopeKind.CLASS else policy.queue_limit)
        return found

    def concurrency_of(self, policy: ClassPolicy, user: str) -> int:
        """Return how many flows of a queue run at once."""
        if not self.limits:
            return policy.concurrency
        capacity = self.limit_of(Scope(ScopeKind.QUEUE, policy.flow_class, user)).capacity
        return policy.concurrency if capacity is None else capacity

    def widest(self, policy: ClassPolicy) -> int:
        """Return the concurrency of the queue of a class that has the largest."""
        found = [policy.concurrency if (every := self._every(policy)) is None else every]
        found += [
            limit.capacity
            for scope, limit in self.limits.items()
            if scope.kind is ScopeKind.QUEUE and scope.name == policy.flow_class and limit.capacity is not None
        ]
        return max(found)

    def ordered(self, policy: ClassPolicy) -> bool:
        """Whether any queue of a class has an order."""
        if policy.ordered or not self.limits:
            return policy.ordered
        return any(
            scope.kind is ScopeKind.QUEUE and scope.name == policy.flow_class and limit.capacity is not None
            for scope, limit in self.limits.items()
        )

    def holds(self, policy: ClassPolicy, user: str) -> tuple[Hold, ...]:
        """List the limits that the flows of a queue come under, those that few share first."""
        name = policy.flow_class
        if not self.limits and not policy.uses and policy.limit.empty and policy.queue_limit.empty:
            return ()
        queue = Scope(ScopeKind.QUEUE, name, user)
        holds = [
            # How many of a queue run at once is not only counted: it has an order.
            Hold(queue, replace(self.limit_of(queue), capacity=None)),
            Hold(scope := Scope(ScopeKind.CLASS, name), self.limit_of(scope)),
            Hold(scope := Scope(ScopeKind.USER, "", user), self.limit_of(scope)),
            Hold(ALL, self.limit_of(ALL)),
        ]
        found = [hold for hold in holds if hold.limit.capacity is not None or hold.limit.rate is not None]
        for resource, units in policy.uses:
            scope = Scope(ScopeKind.RESOURCE, resource)
            found.append(Hold(scope, self.limit_of(scope), units))
        return tuple(found)

    def weight_of(self, flow_class: str, user: str) -> float:
        """Return how large the share of a user is: in this class, or else anywhere."""
        if not self.limits:
            return 1.0
        own = self.limit_of(Scope(ScopeKind.QUEUE, flow_class, user)).weight
        return own or self.limit_of(Scope(ScopeKind.USER, "", user)).weight or 1.0

    def spread(self, flow_class: str) -> float:
        """Return how many times the smallest share of a user in a class goes into the largest."""
        weights = [
            limit.weight
            for scope, limit in self.limits.items()
            if limit.weight is not None and (scope.kind is ScopeKind.USER or scope.name == flow_class)
        ]
        return max(1.0, *weights) / min(1.0, *weights) if weights else 1.0

    def meets_others(self, policy: ClassPolicy) -> bool:
        """Whether a limit bears on this class that other classes come under too."""
        return bool(policy.uses) or any(
            scope.shared and not (limit.capacity is None and limit.rate is None)
            for scope, limit in self.limits.items()
            if scope.kind is not ScopeKind.RESOURCE
        )

    def counts(self, policy: ClassPolicy) -> bool:
        """Whether anything but the order of its queues limits a class."""
        return bool(self.limits or policy.uses or not policy.limit.empty or not policy.queue_limit.empty)

    def _every(self, policy: ClassPolicy) -> int | None:
        every = self.limits.get(Scope(ScopeKind.QUEUE, policy.flow_class))
        return None if every is None else every.capacity
