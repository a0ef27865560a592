"""Tiny histories, made by hand: one flow of the diamond that went well, and what a test changes about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.chaos.audit import AuditRow
from tests.chaos.flows import DIAMOND
from tests.chaos.history import FlowEnd, History, TaskEnd
from tests.chaos.recorder import Event

TASKS = ("source", "left", "right", "join")


def event(mono: float, ev: str, phase: str = "info", **about: Any) -> Event:
    """A line of the actor `ann`."""
    return Event(mono, ev, phase, "ann", 100, about)


def body(mono: float, phase: str, task: str, *, inc: int = 1, value: str = "") -> Event:
    """A line of a body of offset 1."""
    return event(mono, "body", phase, offset=1, task=task, attempt=1, inc=inc, value=value or f"v-{task}")


def commit(mono: float, phase: str, task: str, *, turn: int, inc: int = 1) -> Event:
    """A line of a commit with one outcome of offset 1."""
    return event(mono, "commit", phase, inc=inc, turn=turn, outcomes=[(1, task, 1)])


def good() -> History:
    """Offset 1 is submitted, claimed by incarnation 1, and run to its end."""
    events = [
        event(1.0, "submit", "invoke", tickets=["t1"]),
        event(1.1, "submit", "ok", tickets=["t1"], offsets=[1]),
        event(1.2, "claim", "invoke", inc=1, turn=1, offsets=[1]),
        event(1.3, "claim", "ok", inc=1, turn=1, offsets=[1]),
    ]
    audit = [
        _audit("runtime", "insert", 1, owner=0, term=1, new="live"),
        _audit("job_event", "insert", 1),
        _audit("runtime", "update", 1, owner=1, term=1, old="live", new="live"),
        _audit("job_event", "update", 1, owner=1, term=0),
    ]
    for number, task in enumerate(TASKS):
        mono = 2.0 + number
        events += [body(mono, "invoke", task), event(mono, "effect", offset=1, task=task, value=f"v-{task}")]
        events += [body(mono + 0.1, "ok", task), commit(mono + 0.2, "invoke", task, turn=number + 2)]
        events += [commit(mono + 0.3, "ok", task, turn=number + 2)]
        audit += [
            _audit("runtime", "update", 1, owner=number + 2, term=1, old="live", new="live"),
            _audit("flow_task", "insert", 1, name=task, owner=1, term=1, new="succeeded", value=f"v-{task}"),
        ]
    audit.append(_audit("job_event", "delete", 1, owner=1))
    return History(
        events=events,
        audit=numbered(audit),
        flows=[FlowEnd(1, DIAMOND, "user1", "succeeded", "t1")],
        tasks=[TaskEnd(1, task, "succeeded", 1, 1, f"v-{task}") for task in TASKS],
        logged={f"v-{task}": 1 for task in TASKS},
    )


def with_events(history: History, *more: Event) -> History:
    """The same with more lines."""
    return replace(history, events=sorted((*history.events, *more), key=lambda one: one.mono))


def with_audit(history: History, *more: AuditRow, at: int | None = None) -> History:
    """The same with more changes of rows, at a place or at the end."""
    place = len(history.audit) if at is None else at
    return replace(history, audit=numbered([*history.audit[:place], *more, *history.audit[place:]]))


def numbered(rows: Sequence[AuditRow]) -> list[AuditRow]:
    """The rows with the numbers of their places."""
    return [row._replace(seq=number) for number, row in enumerate(rows, 1)]


def _audit(tbl: str, op: str, pk: int, **fields: Any) -> AuditRow:
    return AuditRow(0, tbl, op, pk, **fields)


audit_row = _audit
