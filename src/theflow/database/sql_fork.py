"""A fork in a SQL database: the rows of a flow that it takes over from another, and the words that link the two."""

from __future__ import annotations

from theflow.database import rows
from theflow.database.dialect import Session
from theflow.database.records import Fork


def copy_flow(session: Session, offset: int, fork: Fork) -> None:
    """Give the new flow the finished tasks and the storage of the other; a runtime hears that when it starts."""
    # The tasks first: what the storage has from a later one is there once more when that runs again, and never missing.
    for name in fork.kept:
        session.run("copy_task", {"to": offset, "offset": fork.origin, "name": name})
    found = session.one("flow_storage", {"offset": fork.origin})
    if found is not None:
        session.run("fork_flow", {"offset": offset, "storage": found[0]})
    session.run("heed_job", {"offset": offset})
    session.run("insert_request", rows.request_row(offset, fork.begun))
    session.run("insert_request", rows.request_row(fork.origin, fork.noted))
