"""The explorer whose people do more than to submit and to cancel: they pause, retry, skip, mark and edit."""

from __future__ import annotations

from typing import Any

from tests.simulation.explorer import RULES, Explorer
from tests.simulation.flows import BY_NAME
from tests.simulation.hands import BY_HAND, FIELD
from theflow.model.status import FlowStatus

_VERBS = ("pause", "resume", "retry", "retry_from", "skip", "mark_done", "mark_failed", "edit_storage", "run_now")
_FITTING = {
    FlowStatus.FAILED: ("retry", "retry", "retry_from", "skip", "mark_done"),
    FlowStatus.CANCELLED: ("retry", "retry_from", "edit_storage"),
    FlowStatus.SUCCEEDED: ("retry_from",),
    FlowStatus.PAUSED: ("resume", "resume", "skip", "mark_done", "mark_failed", "edit_storage", "run_now"),
}
_OF_ONE_TASK = ("retry_from", "skip", "mark_done", "mark_failed")


class OperatedExplorer(Explorer):
    """One schedule in which somebody's hand is on the flows."""

    rules = RULES | {"verb": 12, "insist": 4}

    def _verb(self) -> None:
        """Somebody does something to one flow."""
        self._do(1)

    def _insist(self) -> None:
        """Somebody does several things to one flow, one right after the other."""
        self._do(2 + self._below(3))

    def _do(self, times: int) -> None:
        offsets = list(self.world.store.flow_rows())
        if not offsets:
            return
        offset = offsets[self._below(len(offsets))]
        # What fits where it stands comes more often than what is refused.
        fitting = _FITTING.get(self.world.store.flow_rows()[offset].stand, _VERBS)
        for _ in range(times):
            verb = self._one(fitting if self._below(2) else _VERBS)
            payload = self._payload(verb, offset)
            self._tell(verb, offset, payload)
            self.world.do(offset, verb, payload)

    def _payload(self, verb: str, offset: int) -> dict[str, Any]:
        names = tuple(BY_NAME[self.world.store.flow_rows()[offset].job.meta.flow_class].tasks)
        if verb in _OF_ONE_TASK:
            return {"task": self._one(names), "result": int(BY_HAND)}
        if verb == "retry":
            return {"tasks": [self._one(names)] if self._below(2) else []}
        if verb == "run_now":
            return {"task": self._one(names) if self._below(2) else ""}
        if verb == "edit_storage":
            return {"fields": {FIELD: len(self.story)}}
        return {"timers": self._one(("run", "hold"))} if verb == "pause" else {}
