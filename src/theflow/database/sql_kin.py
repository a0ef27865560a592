"""Sub-flows in a SQL database: begun in a turn of their parent, who is woken in the turn that ends them."""

from __future__ import annotations

from collections.abc import Sequence

from theflow.database import rows
from theflow.database.batch import Batch, SubflowRow
from theflow.database.dialect import Session
from theflow.database.records import Incarnation
from theflow.database.sql_jobs import create
from theflow.database.sql_requests import SqlRequests, tell
from theflow.model.flow_data import ChildDataObject
from theflow.model.view import Kin


class SqlKin(SqlRequests):
    """What the RuntimeStore is asked of sub-flows, over a dialect."""

    def woken(self, incarnation: Incarnation) -> list[tuple[int, ChildDataObject]]:
        """List the sub-flows that have ended and that flows which the incarnation holds wait for, by their parents."""
        found = self._dialect.glance("woken_children", {"owner": incarnation.id})
        return [(row[0], rows.child(row[1:])) for row in found]

    def kin(self, offset: int) -> Kin:
        """Return the flow above a flow, and those that it started, as people are shown them."""
        parents = self._ask("parent_link", {"offset": offset})
        children = self._ask("child_links", {"offset": offset})
        return Kin(
            parent=rows.link(parents[0]) if parents else None, children=tuple(rows.link(row) for row in children)
        )


def save_kin(session: Session, batch: Batch) -> None:
    """Start the sub-flows of a turn, and ask those to end whose parents go on no more."""
    fresh = [row for row in batch.subflows if not _exists(session, row)]
    for row, job in zip(fresh, create(session, [row.flow for row in fresh]), strict=True):
        link = {"offset": job.offset, "parent_offset": row.offset, "name": row.name, "attempt": row.attempt}
        session.run("insert_subflow", link)
        session.run("adopt_flow", {"offset": job.offset, "depth": row.depth})
        session.run("adopt_job", {"offset": job.offset, "level": -row.depth})
    for parent, request, names in sorted(batch.abandoned, key=lambda row: row.offset):
        wanted = frozenset(names)
        for child, name in session.all("open_children", {"offset": parent}):
            if not wanted or name in wanted:
                tell(session, child, request)


def wake_parents(session: Session, ended: Sequence[int]) -> None:
    """Free the flows that wait for these sub-flows, or let their holders hear of it."""
    found = [session.one("parent_of", {"offset": offset}) for offset in ended]
    # In one order everywhere, so that two transactions never wait for each other.
    for parent in sorted({row[0] for row in found if row is not None}):
        session.run("wake_job", {"offset": parent})


def awaited_children(session: Session, offset: int) -> tuple[ChildDataObject, ...]:
    """Return the sub-flows that a flow waits for."""
    return tuple(rows.child(row) for row in session.all("awaited_children", {"offset": offset}))


def _exists(session: Session, row: SubflowRow) -> bool:
    given = {"parent_offset": row.offset, "name": row.name, "attempt": row.attempt}
    return session.one("subflow_of", given) is not None
