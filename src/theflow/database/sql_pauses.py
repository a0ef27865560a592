"""Queues and classes that are paused in a SQL database: a table has them, and a class says that it has some."""

from __future__ import annotations

from theflow.database import rows
from theflow.database.sql_requests import SqlRequests
from theflow.model.queue_pause import QueuePause
from theflow.model.view import Request

# What is asked of no flow stands on record here.
NO_FLOW = 0


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
            if session.run("delete_pause", key) != 1:
                return False
            session.run("mark_pauses", {"name": pause.flow_class})
            session.run("insert_request", rows.request_row(NO_FLOW, Request.of_queue("resume", pause)))
        self._dialect.announce()
        return True

    def pauses(self) -> list[QueuePause]:
        """List what is paused, by class and user."""
        return [QueuePause._make(row) for row in self._ask("all_pauses", {})]
