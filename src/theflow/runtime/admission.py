"""Pulls flows into the engine: looks at the queues, lets shaping decide, writes the claims."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

from theflow.database.batch import ClaimRow
from theflow.database.store import ClassRecord, LookQuery, RuntimeStore
from theflow.errors import CommitUnknown, SchemeError
from theflow.model.failure import Failure
from theflow.model.flow import Flow
from theflow.model.flow_data import FlowDataObject
from theflow.model.message import Event, HookEnded, Park, Recovered, Started
from theflow.model.scheme import FlowScheme
from theflow.model.shaping import Admitted, ClassPolicy, FlowShapingManager, Policies
from theflow.model.status import FlowStatus
from theflow.runtime.clock import Clock
from theflow.runtime.engine import Engine
from theflow.runtime.failpoint import Failpoints
from theflow.runtime.hearing import Coming
from theflow.runtime.verbs import event_of

# As many claims without an outcome may be chance: the process died of something else.
SUSPICIOUS = 2
_STARTED = Started()
_logger = logging.getLogger("theflow.admission")


def suspicious_claims(claims: int) -> int:
    """Return how many claims make a flow suspect of killing its process, where it is parked after `claims` of them."""
    return min(SUSPICIOUS, max(claims - 1, 1))


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
        self._first = 0
        self._suspects: dict[int, Flow] = {}
        self._astray: set[int] = set()
        # For how many seconds from the newest look on some queue admits nothing; infinite where none is throttled.
        self.throttled = float("inf")

    def fill(self, places: int, claims: int) -> int:
        """Admit up to so many flows; park those claimed more than `claims` times in vain. Return how many came."""
        if self._engine.turns.in_doubt:
            return 0
        self._give_back()
        names = list(self._shaping.policies.classes)
        self._first += 1
        came = 0
        self.throttled = float("inf")
        for number in range(len(names)):
            if came >= places:
                break
            # Another class goes first each time, so that none starves behind a busy one.
            name = names[(self._first + number) % len(names)]
            came += self._fill_from(name, places - came, claims)
        return came

    def nothing_left(self) -> bool:
        """Whether no flow that this runtime has code for runs or is due, here or elsewhere."""
        now = self._clock.now()
        policies = self._shaping.policies.classes.values()
        return not any(self._store.unfinished(policy.flow_class, policy.versions, now) for policy in policies)

    def _fill_from(self, flow_class: str, places: int, claims: int) -> int:
        limit = places
        while True:
            policy = self._shaping.policies.classes[flow_class]
            record, look = self._store.look(
                LookQuery(
                    flow_class=flow_class,
                    now=self._clock.now(),
                    limit=limit,
                    concurrency=policy.concurrency,
                    versions=policy.versions,
                    ordered=policy.ordered,
                )
            )
            self._obey_pause(policy, record)
            if look.again_at is not None:
                self.throttled = min(self.throttled, (look.again_at - look.now) / 1_000_000)
            if any(not pause.user for pause in record.pauses):
                return 0
            admitted = self._one_suspect(self._shaping.admit(look, places).admitted, claims)
            if admitted:
                if self._claim(record, admitted, claims):
                    return len(admitted)
            elif len(look.candidates) < limit:
                return 0
            else:
                # All heads in sight have to wait: look further, past them.
                limit *= 4

    def _one_suspect(self, admitted: Sequence[Admitted], claims: int) -> list[Admitted]:
        """Let in one flow at a time of those that were in hand when their process died, again and again.

        One of them kills its process; were they let in together, the others would be parked along with it.
        """
        suspicion = suspicious_claims(claims)
        if not any(one.candidate.claims >= suspicion for one in admitted):
            return list(admitted)
        chosen: list[Admitted] = []
        held_back: set[tuple[str, str]] = set()
        free = not self._holds_suspect()
        for one in admitted:
            candidate = one.candidate
            queue = (candidate.flow_class, candidate.user)
            # What is claimed once too often is parked, and never runs.
            if candidate.claims >= suspicion and candidate.claims < claims:
                if not free:
                    held_back.add(queue)
                    continue
                free = False
            if queue not in held_back or not self._shaping.policies.classes[candidate.flow_class].ordered:
                chosen.append(one)
        return chosen

    def _holds_suspect(self) -> bool:
        """Whether a suspect runs that has had no outcome yet; one that only waits for a retry kills nobody."""
        for offset, taken in list(self._suspects.items()):
            now = self._engine.flows.get(offset)
            if now is None or now.plan.left != taken.plan.left:
                del self._suspects[offset]
            elif now is taken or now.plan.under_way:
                return True
        return False

    def _claim(self, record: ClassRecord, admitted: Sequence[Admitted], claims: int) -> bool:
        now = self._clock.now()
        wanted = [ClaimRow(one.candidate.offset, one.version, now, one.candidate.verbs) for one in admitted]
        fence = self._engine.turns.next_fence
        self._failpoints.reach("before_claim_commit")
        try:
            found = self._store.claim(fence, record, wanted)
        except CommitUnknown:
            # Whether it happened or not: what may be ours and is not in hand is given back, and pulled again.
            self._astray.update([claim.offset for claim in wanted])
            self._engine.turns.doubt(fence)
            self._give_back()
            return True
        if found is None:
            return False
        self._failpoints.reach("after_claim_commit")
        self._engine.turns.turned(fence)
        fresh: list[Flow] = []
        for data, (_, version, _, _) in zip(found, wanted, strict=True):
            if data.status is FlowStatus.PENDING and data.claims == 1 and _is_plain(data):
                # Nearly every flow: nothing of it can be wrong yet.
                fresh.append(Flow.from_data(data, self._schemes[data.job.meta.flow_class, version]))
            else:
                self._take(data, version, claims)
        self._engine.start(fresh)
        return True

    def _give_back(self) -> None:
        """Free what was claimed and never came in hand; as long as that fails, nothing else is claimed."""
        if self._astray:
            self._engine.turns.settle()
            self._store.give_back(self._engine.incarnation, sorted(self._astray))
            self._astray.clear()

    def _take(self, data: FlowDataObject, version: int, claims: int) -> None:
        scheme = self._schemes[data.job.meta.flow_class, version]
        fresh = scheme.orchestration.fresh
        flow = Flow(data=data, scheme=scheme, plan=fresh, status=data.status, failure=data.failure, reason=data.reason)
        trouble = data.damage
        if not trouble:
            try:
                flow = Flow.from_data(data, scheme)
            except SchemeError as error:
                trouble = str(error)
        readable = not trouble
        if not trouble and data.claims > claims:
            trouble = (
                f"claimed {data.claims - 1} times without one committed outcome: its process died each time while it "
                "ran; look at its tasks, then resume it"
            )
        if not trouble and data.claims > suspicious_claims(claims):
            self._suspects[flow.offset] = flow
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

    def _obey_pause(self, policy: ClassPolicy, record: ClassRecord) -> None:
        if policy.pauses == record.pauses:
            return
        classes = {**self._shaping.policies.classes, policy.flow_class: replace(policy, pauses=record.pauses)}
        self._shaping.replace(Policies(classes=classes))


def _is_plain(data: FlowDataObject) -> bool:
    """Whether a flow that is claimed for the first time has nothing that could keep it from starting."""
    return not (data.damage or data.requests) and data.expires_at is None
