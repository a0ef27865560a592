"""Flows that were in hand when their process died, again and again: one of them may be what kills it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from theflow.model.flow import Flow
from theflow.model.look import Candidate, Look
from theflow.model.policy import Policies
from theflow.model.shaping import Admission, Admitted, FlowShapingManager

# As many claims without an outcome may be chance: the process died of something else.
SUSPICIOUS = 2


def suspicious_claims(claims: int) -> int:
    """Return how many claims make a flow suspect of killing its process, where it is parked after `claims` of them."""
    return min(SUSPICIOUS, max(claims - 1, 1))


class Suspects:
    """Lets in one of them at a time: were they let in together, the others would be parked along with the one."""

    def __init__(self, shaping: FlowShapingManager, flows: Mapping[int, Flow]) -> None:
        self._shaping = shaping
        self._flows = flows
        self._taken: dict[int, Flow] = {}

    def note(self, flow: Flow, claims: int) -> None:
        """Remember a flow that was taken, if it is one."""
        if flow.data.claims > suspicious_claims(claims):
            self._taken[flow.offset] = flow

    def admit(self, look: Look, places: int, claims: int) -> Admission:
        """Let shaping decide, of suspects about one at a time."""
        while True:
            admission = self._shaping.admit(look, places)
            chosen = self._chosen(admission.admitted, claims)
            if len(chosen) == len(admission.admitted):
                return admission
            kept = {one.candidate.offset for one in chosen}
            held_back = {one.candidate for one in admission.admitted if one.candidate.offset not in kept}
            rest = _without(look.candidates, held_back, kept, self._shaping.policies)
            look = replace(look, candidates=tuple(rest))

    def _chosen(self, admitted: Sequence[Admitted], claims: int) -> Sequence[Admitted]:
        suspicion = suspicious_claims(claims)
        if not any(one.candidate.claims >= suspicion for one in admitted):
            return admitted
        policies = self._shaping.policies
        chosen: list[Admitted] = []
        held_back: set[tuple[str, str]] = set()
        free = not self._under_way()
        for one in admitted:
            queue = (one.candidate.flow_class, one.candidate.user)
            # What is claimed once too often is parked, and never runs.
            if suspicion <= one.candidate.claims < claims:
                if not free:
                    held_back.add(queue)
                    continue
                free = False
            if queue not in held_back or not policies.ordered(policies.classes[queue[0]]):
                chosen.append(one)
        return chosen

    def _under_way(self) -> bool:
        """Whether a suspect runs that has had no outcome yet; one that only waits for a retry kills nobody."""
        for offset, taken in list(self._taken.items()):
            now = self._flows.get(offset)
            if now is None or now.plan.left != taken.plan.left:
                del self._taken[offset]
            elif now is taken or now.plan.under_way:
                return True
        return False


def _without(
    candidates: Sequence[Candidate], held_back: Collection[Candidate], kept: Collection[int], policies: Policies
) -> Iterator[Candidate]:
    """Leave out who is held back, and who stands behind him in a queue that has an order."""
    lines = {(one.flow_class, one.user) for one in held_back if policies.ordered(policies.classes[one.flow_class])}
    for one in candidates:
        waits = one in held_back or (one.flow_class, one.user) in lines
        if one.offset in kept or not waits:
            yield one
