"""Queues and classes that are paused in a SQL database: a table has them, and a class says that it has some."""

from __future__ import annotations

from theflow.database import rows
from theflow.database.batch import Batch
from theflow.database.dialect import Session
from theflow.database.sql_requests import SqlRequests
from theflow.model.queue_pause import QueuePause
from theflow.model.view import Request

# What is asked of no flow stands on record here.
NO_FLOW = 0


def hold_back(session: Session, batch: Batch) -> None:
    """Let queues wait for flows that have failed, and go on after those that have not."""
    for pause in batch.held_back:
        session.run("touch_class", {"name": pause.flow_class})
        session.run("hold_back", pause._asdict() | {"user_name": pause.user})
        session.run("mark_pauses", {"name": pause.flow_class})
        session.run("insert_request", rows.request_row(NO_FLOW, Request.of_queue("pause", pause)))
    for flow_class, user, offset in batch.let_go:
        if session.run("let_go_on", {"flow_class": flow_class, "user_name": user, "flow": offset}):
            session.run("touch_class", {"name": flow_class})
            session.run("mark_pauses", {"name": flow_class})


class SqlPauses(SqlRequests):
    """The pauses of the RuntimeStore over a dialect."""

    def pause_queue(self, pause: QueuePause) -> bool:
        """Let nothing of a queue start, or of a class; False, and nothing, if it is paused already."""
        key = {"flow_class": pause.flow_class, "user_name": pause.user}
        with self._dialect.write() as session:
            session.many("insert_class", [(pause.flow_class,)])
            # The row of the class is changed first: nobody else pauses or admits beside this.
            session.run("touch_class", {"name": pause.flow_class})
            if session.one("queue_pause", key) is not None:
                return False
            session.run("insert_pause", pause._asdict() | key)
            session.run("mark_pauses", {"name": pause.flow_class})
            session.run("insert_request", rows.request_row(NO_FLOW, Request.of_queue("pause", pause)))
        self._dialect.announce()
        return True

    def resume_queue(self, pause: QueuePause) -> bool:
        """Let a queue start again, or a class; False, and nothing, if it is not paused."""
        key = {"flow_class": pause.flow_class, "user_name": pause.user}
        with self._dialect.write() as session:
            session.run("touch_class", {"name": pause.flow_class})
            if not session.run("delete_pause", key):
                return False
            session.run("mark_pauses", {"name": pause.flow_class})
            session.run("insert_request", rows.request_row(NO_FLOW, Request.of_queue("resume", pause)))
        self._dialect.announce()
        return True

    def pauses(self) -> list[QueuePause]:
        """List what is paused, by class and user."""
        return [QueuePause._make(row) for row in self._ask("all_pauses", {})]
