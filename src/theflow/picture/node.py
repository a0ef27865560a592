"""What a picture shows of a task: its name, what it comes after, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from theflow.model.status import FlowStatus, TaskStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# A shape for each status, so that nobody has to tell them by colour.
SIGNS: Mapping[str, str] = MappingProxyType(
    {
        TaskStatus.PENDING.value: "○",
        TaskStatus.RUNNING.value: "▶",
        TaskStatus.RETRYING.value: "↻",
        TaskStatus.SUCCEEDED.value: "✓",
        TaskStatus.FAILED.value: "✗",
        TaskStatus.CANCELLED.value: "⊘",
        TaskStatus.SKIPPED.value: "↷",
        FlowStatus.CANCELLING.value: "◌",
        FlowStatus.REVERTING.value: "◁",
        FlowStatus.REVERTED.value: "◀",
        FlowStatus.REVERT_FAILED.value: "⊗",
        FlowStatus.PARKED.value: "‖",
        FlowStatus.WAITING.value: "◇",
        FlowStatus.PAUSING.value: "◒",
        FlowStatus.PAUSED.value: "◫",
    }
)


class DrawnTask(Protocol):
    """A task of a scheme or of a flow: both have a name and know what they come after."""

    @property
    def name(self) -> str:
        """Its name, unique within the flow."""

    @property
    def after(self) -> tuple[str, ...]:
        """The names of the tasks before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One task in a picture; without a status it is drawn as part of a definition."""

    name: str
    after: tuple[str, ...] = ()
    status: TaskStatus | None = None

    @property
    def label(self) -> str:
        """The name as it may be drawn: whatever could steer a terminal or a parser is replaced."""
        return "".join(character if character.isprintable() else "�" for character in self.name)

    @property
    def sign(self) -> str:
        """The shape of its status; empty without one."""
        return SIGNS[self.status] if self.status else ""


def nodes_of(tasks: Iterable[DrawnTask]) -> tuple[Node, ...]:
    """Nodes for the tasks of a scheme or a flow; a flow's tasks bring their status along."""
    return tuple(Node(name=task.name, after=task.after, status=getattr(task, "status", None)) for task in tasks)
