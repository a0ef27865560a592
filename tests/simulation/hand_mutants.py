"""What the product must never become when people have their hands on flows: the simulation has to notice each."""

# ruff: noqa: SLF001 - a mutant changes what is inside

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from theflow.database.batch import AnswerRow
from theflow.database.memory import MemoryStore
from theflow.database.memory_queue import MemoryQueue
from theflow.model.flow import Flow
from theflow.model.status import FlowStatus
from theflow.runtime.flow_work import FlowWork
from theflow.runtime.hearing import _Reception

Patch = tuple[Any, str, Callable[..., Any] | property]


def halted_by_an_end_alone(flow: Flow) -> bool:
    """h1: a flow that is to rest starts what comes next all the same."""
    going_on = (FlowStatus.RUNNING, FlowStatus.PAUSING)
    return flow.failure is not None or flow.status not in going_on


def take_nothing_back(_work: FlowWork, _before: Flow, _decision: object) -> None:
    """h2: the outcome that a person takes back stays where it is."""


def answer_nothing(_store: MemoryStore, _rows: Sequence[AnswerRow]) -> None:
    """h3: what was asked is done, and not noted: it is done again."""


def release_whatever_was_asked(queue: MemoryQueue, offset: int) -> None:
    """h4: what is asked of a flow while it ends is forgotten with its job."""
    queue.remove(offset)


def free_without_verbs(queue: MemoryQueue, owner: int) -> int:
    """h5: what was asked of a flow is forgotten when its runtime is taken over."""
    held = queue.held_by(owner)
    for job in held:
        job.owner, job.verbs = None, 0
    return len(held)


def hear_everything(reception: _Reception) -> Sequence[Any]:
    """h6: what was asked before a cancel is heard after it."""
    return reception._coming.requests


HAND_MUTANTS: dict[str, Sequence[Patch]] = {
    "h1 a pause lets the next task start": [(Flow, "halted", property(halted_by_an_end_alone))],
    "h2 an outcome is not taken back": [(FlowWork, "take_back", take_nothing_back)],
    "h3 an answer is not noted": [(MemoryStore, "_answer", answer_nothing)],
    "h4 a request ends with its flow": [(MemoryQueue, "release", release_whatever_was_asked)],
    "h5 a request ends with its runtime": [(MemoryQueue, "free_all", free_without_verbs)],
    "h6 a cancel is overtaken by what was before it": [(_Reception, "_still_to_hear", hear_everything)],
}
