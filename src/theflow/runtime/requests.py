"""Brings what people ask of flows in hand, and the ends of their sub-flows, from the database to the engine."""

from __future__ import annotations

from theflow.database.store import RuntimeStore
from theflow.model.message import SubflowEnded
from theflow.runtime.engine import Engine


class Requests:
    """Read again until each is done: a request stands with its job, so none is missed, however late it is heard."""

    def __init__(self, store: RuntimeStore, engine: Engine) -> None:
        self._store = store
        self._engine = engine

    def bring(self) -> None:
        """Tell the engine what was asked of its flows, and which had a sub-flow end; what it has heard, it knows."""
        for offset, child in self._store.woken(self._engine.incarnation):
            ended = SubflowEnded(child.task, child.attempt, child.flow_id, child.status, child.storage, child.reason)
            self._engine.hear(offset, ended)
        self._engine.hearing.bring(self._store.asked(self._engine.incarnation))
