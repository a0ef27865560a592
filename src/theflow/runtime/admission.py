"""Pulls flows into the engine: looks at the queues, lets shaping decide, writes the claims."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from theflow.database.batch import ClaimRow
from theflow.database.codec import encode_definition
from theflow.database.records import ClassRecord, LookQuery
from theflow.database.store import RuntimeStore
from theflow.errors import CommitUnknown, SchemeError
from theflow.model.failure import Failure
from theflow.model.flow import Flow
from theflow.model.flow_data import FlowDataObject
from theflow.model.message import Event, HookEnded, Park, Recovered, Started
from theflow.model.policy import ClassPolicy, Policies
from theflow.model.scheme import UNLIMITED, FlowScheme
from theflow.model.shaping import Admission as Decision
from theflow.model.shaping import FlowShapingManager
from theflow.model.status import FlowStatus
from theflow.runtime.clock import Clock
from theflow.runtime.engine import Engine
from theflow.runtime.failpoint import Failpoints
from theflow.runtime.hearing import Coming
from theflow.runtime.reach import Reach
from theflow.runtime.suspects import Suspects
from theflow.runtime.units import Units
from theflow.runtime.verbs import event_of

_STARTED = Started()
_logger = logging.getLogger("theflow.admission")


class Admission:
    """Fills the free places of a runtime."""

    def __init__(
        self,
        store: RuntimeStore,
        engine: Engine,
        shaping: FlowShapingManager,
        schemes: Sequence[FlowScheme],
        clock: Clock,
        failpoints: Failpoints,
    ) -> None:
        self._store = store
        self._engine = engine
        self._shaping = shaping
        self._schemes: Mapping[tuple[str, int], FlowScheme] = {(one.name, one.version): one for one in schemes}
        self._clock = clock
        self._failpoints = failpoints
        # How many flows of some classes this runtime holds at once.
        self.flows_of: Mapping[str, int] = {}
        self._first = 0
        self._suspects = Suspects(shaping, engine.flows)
        self._astray: set[int] = set()
        self._units = Units(
            store, {name: self._schemes[name, max(one.versions)] for name, one in shaping.policies.classes.items()}
        )
        # How many users had flows in the newest look at a class, and what its flows use, as JSON.
        self._users: dict[str, int] = {}
        self._uses = {
            name: encode_definition(dict(policy.uses)) if policy.uses else ""
            for name, policy in shaping.policies.classes.items()
        }
        # For how many seconds from the newest look on some queue admits nothing; infinite where none is throttled.
        self.throttled = float("inf")

    def fill(self, places: int, claims: int) -> int:
        """Admit up to so many flows; park those claimed more than `claims` times in vain. Return how many came."""
        if self._engine.turns.in_doubt:
            return 0
        self._give_back()
        names = [name for name, policy in self._shaping.policies.classes.items() if not policy.lacks]
        self._first += 1
        came = 0
        self.throttled = float("inf")
        for number in range(len(names)):
            if came >= places:
                break
            # Another class goes first each time, so that none starves behind a busy one.
            name = names[(self._first + number) % len(names)]
            came += self._fill_from(name, min(places - came, self._places_of(name)), claims)
        return came

    def _places_of(self, flow_class: str) -> int:
        """Return how many more flows of a class this runtime takes."""
        most = self.flows_of.get(flow_class)
        if most is None:
            return UNLIMITED
        return most - sum(flow.data.job.meta.flow_class == flow_class for flow in self._engine.flows.values())

    def nothing_left(self) -> bool:
        """Whether no flow that this runtime has code for runs or is due, here or elsewhere."""
        now = self._clock.now()
        served = self._shaping.policies.served()
        return not any(self._store.unfinished(name, versions, now) for name, versions in served.items())

    def _fill_from(self, flow_class: str, places: int, claims: int) -> int:
        """Let in what may start of a class; look again for what was not in sight, while there are places."""
        policies = self._shaping.policies
        widest = policies.widest(policies.classes[flow_class])
        users = self._users.get(flow_class, places)
        came, reach = 0, Reach(places, users, widest, policies.spread(flow_class))
        while came < places:
            policies = self._shaping.policies
            policy = policies.classes[flow_class]
            record, look = self._store.look(self._query(policies, policy, reach))
            self._rest_until(look.now, look.again_at)
            if self._obey(policy, record):
                continue
            if any(not pause.user for pause in record.pauses):
                break
            admission = self._suspects.admit(self._units.counted(flow_class, look), places - came, claims)
            self._users[flow_class] = len({one.user for one in look.candidates})
            self._rest_until(look.now, admission.again_at)
            if admission.admitted or admission.settlement.paid:
                try:
                    taken = self._claim(record, admission, claims)
                except CommitUnknown:
                    self._lose_sight_of(admission)
                    return came + len(admission.admitted)
                if taken is None:
                    continue
                came += taken
            if admission.closed or not reach.further(look, len(admission.admitted)):
                break
        return came

    def _query(self, policies: Policies, policy: ClassPolicy, reach: Reach) -> LookQuery:
        return LookQuery(
            flow_class=policy.flow_class,
            now=self._clock.now(),
            limit=reach.limit,
            per_queue=reach.per_queue,
            versions=policy.versions,
            ordered=policies.ordered(policy),
            ranked=policy.ranked,
            counted=policies.counts(policy),
        )

    def _rest_until(self, now: int, at: int | None) -> None:
        if at is not None:
            self.throttled = min(self.throttled, (at - now) / 1_000_000)

    def _claim(self, record: ClassRecord, admission: Decision, claims: int) -> int | None:
        """Write the claims, and take what they bring; return how many came, None if somebody else was quicker."""
        now = self._clock.now()
        uses = self._uses.get(record.flow_class, "")
        wanted = [
            ClaimRow(one.candidate.offset, one.version, now, one.candidate.verbs, uses) for one in admission.admitted
        ]
        fence = self._engine.turns.next_fence
        self._failpoints.reach("before_claim_commit")
        found = self._store.claim(fence, record, wanted, admission.settlement)
        if found is None:
            return None
        self._failpoints.reach("after_claim_commit")
        self._engine.turns.turned(fence)
        fresh: list[Flow] = []
        for data, (_, version, *_) in zip(found, wanted, strict=True):
            trouble = self._units.troubles.pop(data.job.offset, "") if self._units.troubles else ""
            if data.status is FlowStatus.PENDING and data.claims == 1 and not trouble and _is_plain(data):
                # Nearly every flow: nothing of it can be wrong yet.
                fresh.append(Flow.from_data(data, self._schemes[data.job.meta.flow_class, version]))
            else:
                self._take(data, version, claims, trouble)
        self._engine.start(fresh)
        return len(found)

    def _lose_sight_of(self, admission: Decision) -> None:
        """Give back what may be ours and is not in hand, whether the claim happened or not; it is pulled again."""
        self._astray.update([one.candidate.offset for one in admission.admitted])
        self._engine.turns.doubt(self._engine.turns.next_fence)
        self._give_back()

    def _give_back(self) -> None:
        """Free what was claimed and never came in hand; as long as that fails, nothing else is claimed."""
        # Also where nothing was claimed: a bucket alone may have been written.
        self._engine.turns.settle()
        if self._astray:
            self._store.give_back(self._engine.incarnation, sorted(self._astray))
            self._astray.clear()

    def _take(self, data: FlowDataObject, version: int, claims: int, trouble: str) -> None:
        scheme = self._schemes[data.job.meta.flow_class, version]
        fresh = scheme.orchestration.fresh
        flow = Flow(data=data, scheme=scheme, plan=fresh, status=data.status, failure=data.failure, reason=data.reason)
        damage = data.damage
        if not damage:
            try:
                flow = Flow.from_data(data, scheme)
            except SchemeError as error:
                damage = str(error)
        readable = not damage
        trouble = damage or trouble
        if not trouble and data.claims > claims:
            trouble = (
                f"claimed {data.claims - 1} times without one committed outcome: its process died each time while it "
                "ran; look at its tasks, then resume it"
            )
        if not trouble:
            self._suspects.note(flow, claims)
        if data.requests and not (data.status is FlowStatus.PENDING and data.expired(self._clock.now())):
            self._engine.receive(flow, Coming(flow.offset, data.requests, trouble, readable))
        else:
            self._engine.take(flow, self._first_event(flow, trouble))

    def _first_event(self, flow: Flow, trouble: str) -> Event:
        asked = flow.data.revert
        if asked is not None and not trouble:
            return event_of(asked, flow)
        if not trouble or (flow.status is FlowStatus.CANCELLING and not flow.scheme.reverts_on_cancel):
            # A flow that is to end runs no body again: no trouble with it needs a person.
            return _STARTED if flow.status is FlowStatus.PENDING else Recovered()
        _logger.error("flow cannot run flow_id=%s offset=%d: %s", flow.flow_id, flow.offset, trouble)
        if not flow.status.ended:
            return Park(trouble)
        # Its outcome stands; what cannot be done is its hook, and that is put on record.
        if flow.hook not in flow.scheme.hooks:
            return Recovered()
        now = self._clock.now()
        return HookEnded(flow.hook, Failure.plain("HookGivenUp", trouble, "hook_given_up"), now, now)

    def _obey(self, policy: ClassPolicy, record: ClassRecord) -> bool:
        """Put in force what people have set meanwhile; True if the look was made under other limits."""
        if policy.pauses != record.pauses:
            self._shaping.replace(self._shaping.policies.paused(policy.flow_class, record.pauses))
        if self._shaping.policies.version == record.limits:
            return False
        version, limits = self._store.limits()
        self._shaping.replace(self._shaping.policies.limited({each.scope: each.limit for each in limits}, version))
        return True


def _is_plain(data: FlowDataObject) -> bool:
    """Whether a flow that is claimed for the first time has nothing that could keep it from starting."""
    return not (data.damage or data.requests) and data.expires_at is None
