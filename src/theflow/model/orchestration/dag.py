"""The order of tasks as a directed acyclic graph: asked what may run next, it answers from in-degrees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Protocol

from theflow.errors import SchemeError
from theflow.model.joining import Join, needed
from theflow.model.plan import FlowExecPlanState, TaskState
from theflow.model.status import TaskStatus
from theflow.model.vector import Vector

SHOWN = 20
_PENDING = TaskStatus.PENDING


class TaskPlace(Protocol):
    """What an orchestration needs to know of a task."""

    @property
    def after(self) -> tuple[str, ...]:
        """The names of the tasks that must succeed before this one starts."""

    @property
    def join(self) -> Join:
        """How many of them must."""

    @property
    def asks(self) -> bool:
        """Whether there is something to find out before it starts."""

    @property
    def at_most_once(self) -> bool:
        """Whether its start is saved before it begins."""


class OrchestratedScheme(Protocol):
    """The scheme that an orchestration can visit."""

    @property
    def name(self) -> str:
        """The class of flows."""


class Dag:
    """Each task starts when all tasks that it comes after have succeeded."""

    def __init__(self, scheme: OrchestratedScheme, tasks: Mapping[str, TaskPlace]) -> None:
        self.scheme = scheme
        self.names = tuple(tasks)
        self.index = {name: number for number, name in enumerate(self.names)}
        self._after = self._order(tasks)
        self._refuse_unknown()
        self._refuse_cycle()
        successors: list[list[int]] = [[] for _ in self.names]
        for name, befores in self._after.items():
            for before in befores:
                successors[self.index[before]].append(self.index[name])
        self.successors = tuple(tuple(row) for row in successors)
        # The one task that each comes after; None for those that come after none, or several.
        self.only_before = tuple(self.index[row[0]] if len(row) == 1 else None for row in self._after.values())
        self.sources = tuple(number for number, name in enumerate(self.names) if not self._after[name])
        self.fresh = FlowExecPlanState(
            states=Vector(TaskState(holds=needed(len(self._after[name]), tasks[name].join)) for name in self.names),
            open=len(self.names),
        )
        # The numbers of the tasks of which something is to be found out before they start.
        self.asking = frozenset(number for number, task in enumerate(tasks.values()) if task.asks)
        first = [tasks[self.names[number]] for number in self.sources]
        # Whether the first tasks begin with nothing to find out, and nothing to save but the claim.
        self.starts_at_once = not any(task.asks or task.at_most_once for task in first)
        self._begun: tuple[int | None, FlowExecPlanState] = (None, self.fresh)

    def after(self, name: str) -> tuple[str, ...]:
        """Name the tasks that `name` comes after."""
        return self._after[name]

    def begun(self, now: int) -> FlowExecPlanState:
        """Return the fresh plan with its first tasks running; flows that start at the same moment share it."""
        at, plan = self._begun
        if at != now:
            first = TaskState(TaskStatus.RUNNING, attempt=1, started_at=now)
            states = self.fresh.states.set_many([(number, first) for number in self.sources])
            plan = self.fresh._replace(states=states, running=len(self.sources))
            self._begun = (now, plan)
        return plan

    def next(self, plan: FlowExecPlanState) -> tuple[str, ...]:
        """Name every task that may start: it is pending and nothing holds it back. O(tasks), for a flow just loaded."""
        return tuple(
            name
            for name, state in zip(self.names, plan.states, strict=True)
            if not state.holds and state.status is TaskStatus.PENDING
        )

    def ready_after(self, plan: FlowExecPlanState, ended: int) -> tuple[list[tuple[int, TaskState]], list[int]]:
        """Release the successors of a task that succeeded: O(its successors).

        Return the states of those that others still hold back, and the numbers of those that it was the last to hold.
        """
        held: list[tuple[int, TaskState]] = []
        ready: list[int] = []
        for number in self.successors[ended]:
            state = plan.states[number]
            if state.holds > 1:
                fewer = state.holds - 1
                plain = not (state.missed or state.attempt)
                held.append((number, TaskState(_PENDING, fewer) if plain else state._replace(holds=fewer)))
            elif state.holds:  # without any it began under a definition in which it did not wait for this task
                ready.append(number)
        return held, ready

    def _order(self, tasks: Mapping[str, TaskPlace]) -> dict[str, tuple[str, ...]]:
        return {name: task.after for name, task in tasks.items()}

    def _refuse_unknown(self) -> None:
        for name, befores in self._after.items():
            for before in befores:
                if before not in self.index:
                    raise SchemeError(
                        f"flow {self.scheme.name!r}: task {name!r} comes after {before!r}, which is no task of it; "
                        f"its tasks are {_listed(self.names)}"
                    )

    def _refuse_cycle(self) -> None:
        try:
            TopologicalSorter(self._after).prepare()
        except CycleError as error:
            ring = " -> ".join(repr(name) for name in error.args[1])
            raise SchemeError(
                f"flow {self.scheme.name!r}: its tasks wait for each other in a cycle: {ring}; "
                "take one of these tasks out of `after`, or rename the parameter that makes it come after"
            ) from None


def _listed(names: Iterable[str]) -> str:
    known = sorted(names)
    more = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    return (", ".join(repr(name) for name in known[:SHOWN]) + more) or "none yet"
