"""C4: only the owner of a flow writes on it, only while it lives, and whoever is refused was taken over."""

from __future__ import annotations

from collections.abc import Iterator

from tests.chaos.audit import AuditRow
from tests.chaos.history import History


class _Owners:
    """Who lives and who holds what, as the audit goes on."""

    def __init__(self) -> None:
        self._live: set[int] = set()
        self._epochs: dict[int, int] = {}
        self._held: dict[int, int | None] = {}

    def objections(self, row: AuditRow) -> Iterator[str]:
        """What is wrong with the next change."""
        if row.tbl == "runtime":
            yield from self._of_runtime(row)
        elif row.tbl == "job_event":
            yield from self._of_job(row)
        elif row.owner is not None:
            yield from self._of_task(row)

    def _of_runtime(self, row: AuditRow) -> Iterator[str]:
        if row.old is not None and row.old != "live":
            yield f"audit {row.seq}: incarnation {row.pk} was {row.old}, and is written again"
        if (row.term or 0) < self._epochs.get(row.pk, 0):
            yield f"audit {row.seq}: the epoch of incarnation {row.pk} went back to {row.term}"
        self._epochs[row.pk] = row.term or 0
        if row.new == "live":
            self._live.add(row.pk)
        else:
            self._live.discard(row.pk)

    def _of_job(self, row: AuditRow) -> Iterator[str]:
        holder = self._held.get(row.pk)
        if row.owner is not None and row.owner not in self._live:
            yield f"audit {row.seq}: {row.op} of offset {row.pk} by incarnation {row.owner}, which is over"
        if row.op == "update" and None not in (holder, row.owner) and holder != row.owner:
            yield f"audit {row.seq}: offset {row.pk} went from incarnation {holder} to {row.owner} with no release"
        self._held[row.pk] = row.owner

    def _of_task(self, row: AuditRow) -> Iterator[str]:
        holder = self._held.get(row.pk)
        if row.owner not in self._live:
            yield f"audit {row.seq}: incarnation {row.owner}, which is over, wrote {row.name} of offset {row.pk}"
        elif row.owner != holder:
            yield f"audit {row.seq}: incarnation {row.owner} wrote {row.name} of offset {row.pk}, held by {holder}"


def writes_of_others(history: History) -> Iterator[str]:
    """Walk through the audit, and look at who wrote."""
    owners = _Owners()
    for row in history.audit:
        yield from owners.objections(row)


def turns_without_marker(history: History) -> Iterator[str]:
    """Look for a write that was acknowledged though its turn was never opened."""
    opened = {(row.pk, row.owner) for row in history.audit if row.tbl == "runtime"}
    for event in history.of("commit", "ok"):
        if (event["inc"], event["turn"]) not in opened:
            yield f"turn {event['turn']} of incarnation {event['inc']} was acknowledged, and never opened"


def refused_for_nothing(history: History) -> Iterator[str]:
    """Look for a runtime that was refused though nobody had taken over, and no answer of the database was lost."""
    over = {row.pk for row in history.audit if row.tbl == "runtime" and row.new != "live"}
    doubted: set[int] = set()
    for event in history.events:
        if event.phase == "unknown" and "inc" in event.about:
            doubted.add(event["inc"])
        if event.phase == "fenced" and event["inc"] not in over | doubted:
            yield f"incarnation {event['inc']} was refused turn {event['turn']}, and nobody had taken over"
