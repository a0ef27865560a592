"""A chain is a Dag in a straight line."""

from __future__ import annotations

from collections.abc import Mapping

from theflow.model.orchestration.dag import Dag, TaskPlace


class Chain(Dag):
    """Each task comes after the one that was declared before it."""

    def _order(self, tasks: Mapping[str, TaskPlace]) -> dict[str, tuple[str, ...]]:
        order: dict[str, tuple[str, ...]] = {}
        previous: tuple[str, ...] = ()
        for name, task in tasks.items():
            order[name] = tuple(dict.fromkeys((*previous, *task.after)))
            previous = (name,)
        return order
