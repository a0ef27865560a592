"""The idempotency keys of the reference store: which flow belongs to which."""

from __future__ import annotations

import json
from collections.abc import Sequence

from theflow.database.memory_flow import MemoryFlow
from theflow.errors import IdempotencyConflict
from theflow.model.flow_data import FlowDataPartial

_Key = tuple[str, str, str]


class MemoryKeys:
    """All keys that were ever used; a key belongs to a user and a class."""

    def __init__(self) -> None:
        self._flows: dict[_Key, MemoryFlow] = {}

    def check(self, flows: Sequence[FlowDataPartial]) -> list[FlowDataPartial]:
        """Return those that are new; raise IdempotencyConflict if a key comes with another input than before."""
        met = {key: (flow.job.flow_id, flow.input) for key, flow in self._flows.items()}
        fresh = []
        for flow in flows:
            key = _key(flow)
            if key is None or key not in met:
                fresh.append(flow)
            if key is not None:
                flow_id, data = met.setdefault(key, (flow.flow_id, flow.input.decode()))
                if not _same(data, flow.input.decode()):
                    raise _conflict(key, flow_id)
        return fresh

    def find(self, flow: FlowDataPartial) -> MemoryFlow | None:
        """Return the flow that has the key already."""
        key = _key(flow)
        return None if key is None else self._flows.get(key)

    def add(self, flow: FlowDataPartial, saved: MemoryFlow) -> None:
        """Remember whose the key is now, if there is one."""
        key = _key(flow)
        if key is not None:
            self._flows[key] = saved


def _key(flow: FlowDataPartial) -> _Key | None:
    meta = flow.meta
    return None if meta.idempotency_key is None else (meta.user, meta.flow_class, meta.idempotency_key)


def _same(left: str, right: str) -> bool:
    """Whether two JSON texts say the same: spaces and the order of keys do not count, but true is not 1."""
    return left == right or _canonical(left) == _canonical(right)


def _canonical(text: str) -> str:
    try:
        return json.dumps(json.loads(text), sort_keys=True)
    except ValueError:
        return text


def _conflict(key: _Key, flow_id: str) -> IdempotencyConflict:
    user, flow_class, name = key
    return IdempotencyConflict(
        f"idempotency key {name!r} of user {user!r} in class {flow_class!r} belongs to flow {flow_id}, "
        "which was submitted with another input; submit this one under another key"
    )
