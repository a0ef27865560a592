"""The first schema: the queue, flows with their tasks, attempts and logs, runtimes, classes and their snapshots."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MYSQL = ("mysql", "mariadb")
Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Small = sa.Integer()
Number: Any = sa.Double().with_variant(sa.REAL(), "sqlite")
TABLE: dict[str, Any] = {
    "sqlite_strict": True,
    **{f"{name}_{what}": value for name in MYSQL for what, value in (("charset", "utf8mb4"), ("engine", "InnoDB"))},
}


class Key(sa.types.TypeDecorator[str]):
    """A name: it needs a length on some servers, and compares byte by byte everywhere."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[str]:
        """Return the type of this database."""
        if dialect.name in MYSQL:
            return sa.String(255, collation=_bytewise(dialect))
        # SQLite's default collation compares bytes.
        return sa.String(255, collation="C") if dialect.name == "postgresql" else sa.Text()


class Text(sa.types.TypeDecorator[str]):
    """Text of any length."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[str]:
        """Return the type of this database."""
        return mysql.LONGTEXT(collation=_bytewise(dialect)) if dialect.name in MYSQL else sa.Text()


def _bytewise(dialect: Any) -> str:
    # Neither server knows the other's name, and `utf8mb4_bin` takes "a" and "a " for the same.
    return "utf8mb4_nopad_bin" if dialect.name == "mariadb" or dialect.is_mariadb else "utf8mb4_0900_bin"


def upgrade() -> None:
    """Create every table."""
    _queue()
    _flows()
    _subflows()
    _requests()
    _tasks()
    _runtimes()
    _classes()
    _limits()
    _submissions()


def _queue() -> None:
    counter = op.create_table("job_counter", sa.Column("newest", Big, nullable=False), **TABLE)
    op.bulk_insert(counter, [{"newest": 0}])
    op.create_table(
        "job_event",
        sa.Column("job_offset", Big, primary_key=True, autoincrement=False),
        sa.Column("flow_class", Key(), nullable=False),
        sa.Column("user_name", Key(), nullable=False),
        sa.Column("version", Small),
        sa.Column("priority", Small, nullable=False),
        sa.Column("run_at", Big),
        sa.Column("owner", Big),
        sa.Column("parked", Small, nullable=False),
        sa.Column("claims", Small, nullable=False),
        sa.Column("progress", Small, nullable=False),
        sa.Column("asked", Small, nullable=False, server_default="0"),
        sa.Column("woken", Small, nullable=False, server_default="0"),
        sa.Column("level", Small, nullable=False, server_default="0"),
        sa.Column("verbs", Small, nullable=False, server_default="0"),
        sa.Column("reopened", Small, nullable=False, server_default="0"),
        # JSON of the units of resources; empty before the first claim.
        sa.Column("uses", Text()),
        **TABLE,
    )
    waiting = sa.text("owner IS NULL AND parked = 0")
    # Where an index cannot leave rows out, what would leave them out comes first in it.
    first = ["flow_class", "owner", "parked"] if op.get_context().dialect.name in MYSQL else ["flow_class"]
    # Nearly every job has priority 0, and stands in one index only.
    ranked = sa.text("owner IS NULL AND parked = 0 AND priority <> 0")
    op.create_index(
        "job_ranked",
        "job_event",
        [*first, "user_name", "level", sa.text("priority DESC"), "job_offset"],
        sqlite_where=ranked,
        postgresql_where=ranked,
    )
    op.create_index(
        "job_queue",
        "job_event",
        [*first, "user_name", "level", "job_offset"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    # What shows that a job has become due; a runtime over a file looks for such jobs every poll.
    if op.get_context().dialect.name != "sqlite":
        due = sa.text("run_at IS NOT NULL AND owner IS NULL AND parked = 0")
        op.create_index("job_due", "job_event", ["run_at"], postgresql_where=due)
    held = sa.text("owner IS NOT NULL")
    called = ["owner", "asked", "verbs", "woken"]
    op.create_index("job_owner", "job_event", called, sqlite_where=held, postgresql_where=held)
    if op.get_context().dialect.name not in MYSQL:
        resting = sa.text("parked = 2")
        op.create_index("job_resting", "job_event", ["flow_class"], sqlite_where=resting, postgresql_where=resting)


def _flows() -> None:
    words = ("failed", "parked", "cancelled", "reverted", "revert_failed")
    trouble = sa.text(" OR ".join(f"status = '{word}'" for word in words))
    on_server = op.get_context().dialect.name != "sqlite"
    # Nearly every flow changes its status twice and never gets into trouble: an index of the status would be written
    # each time, and keep a server from changing the row where it stands.
    column: list[sa.Column[str]] = [
        sa.Column("trouble", Key(), sa.Computed(f"CASE WHEN {trouble} THEN status END", persisted=True))
    ]
    op.create_table(
        "flow",
        sa.Column("job_offset", Big, primary_key=True, autoincrement=False),
        sa.Column("flow_id", Key(), nullable=False),
        sa.Column("flow_class", Key(), nullable=False),
        sa.Column("user_name", Key(), nullable=False),
        sa.Column("version", Small),
        sa.Column("priority", Small, nullable=False),
        sa.Column("run_at", Big),
        sa.Column("input", Text(), nullable=False),
        sa.Column("description", Text(), nullable=False),
        sa.Column("labels", Text(), nullable=False),
        sa.Column("idempotency_key", Key()),
        sa.Column("status", Key(), nullable=False),
        sa.Column("storage", Text()),
        sa.Column("reason", Text(), nullable=False),
        sa.Column("created_at", Big, nullable=False),
        sa.Column("started_at", Big),
        sa.Column("ended_at", Big),
        sa.Column("ending", Key()),
        sa.Column("depth", Small, nullable=False, server_default="0"),
        sa.Column("paused_at", Big),
        sa.Column("unique_key", Key()),
        sa.Column("expires_at", Big),
        *(column if on_server else ()),
        # Room beside each row for the next version of it.
        postgresql_with={"fillfactor": 45},
        **TABLE,
    )
    op.create_index("flow_by_id", "flow", ["flow_id"], unique=True)
    op.create_index("flow_by_user", "flow", ["user_name", "job_offset"])
    keyed = sa.text("idempotency_key IS NOT NULL")
    op.create_index(
        "flow_by_key",
        "flow",
        ["user_name", "flow_class", "idempotency_key"],
        unique=True,
        sqlite_where=keyed,
        postgresql_where=keyed,
    )
    op.create_index(
        "flow_in_trouble",
        "flow",
        ["trouble" if on_server else "status", "job_offset"],
        sqlite_where=trouble,
        postgresql_where=sa.text("trouble IS NOT NULL"),
    )


def _subflows() -> None:
    op.create_table(
        "subflow",
        sa.Column("job_offset", Big, primary_key=True, autoincrement=False),
        sa.Column("parent_offset", Big, nullable=False),
        sa.Column("name", Key(), nullable=False),
        sa.Column("attempt", Small, nullable=False),
        **TABLE,
    )
    # An attempt has one sub-flow, however often it is asked for.
    op.create_index("subflow_by_parent", "subflow", ["parent_offset", "name", "attempt"], unique=True)


def _requests() -> None:
    op.create_table(
        "flow_request",
        sa.Column("id", Big, primary_key=True, autoincrement=True),
        sa.Column("job_offset", Big, nullable=False),
        sa.Column("verb", Key(), nullable=False),
        sa.Column("asked_by", Key(), nullable=False),
        sa.Column("reason", Text(), nullable=False),
        sa.Column("asked_at", Big, nullable=False),
        sa.Column("payload", Text()),
        sa.Column("handled_at", Big),
        sa.Column("answer", Text()),
        **TABLE,
    )
    op.create_index("flow_request_by_flow", "flow_request", ["job_offset", "id"])


def _tasks() -> None:
    op.create_table(
        "flow_task",
        *_of_task(),
        sa.Column("status", Key(), nullable=False),
        sa.Column("attempt", Small, nullable=False),
        sa.Column("failures", Small, nullable=False),
        sa.Column("result", Text()),
        sa.Column("retry_at", Big),
        sa.Column("started_at", Big),
        sa.Column("ended_at", Big),
        sa.Column("runtime", Big, nullable=False),
        sa.Column("deadline_at", Big),
        sa.Column("let", Text()),
        sa.Column("given", Text()),
        sa.Column("progress", Text()),
        sqlite_with_rowid=False,
        **TABLE,
    )
    op.create_table(
        "task_attempt",
        *_of_task(),
        sa.Column("attempt", Small, primary_key=True, autoincrement=False),
        sa.Column("status", Key(), nullable=False),
        sa.Column("error", Text()),
        sa.Column("runtime", Big, nullable=False),
        sa.Column("started_at", Big),
        sa.Column("ended_at", Big),
        **TABLE,
    )
    op.create_table(
        "flow_log",
        sa.Column("id", Big, primary_key=True, autoincrement=True),
        sa.Column("job_offset", Big, nullable=False),
        sa.Column("name", Key(), nullable=False),
        sa.Column("attempt", Small, nullable=False),
        sa.Column("logged_at", Big, nullable=False),
        sa.Column("level", Key(), nullable=False),
        sa.Column("logger", Text(), nullable=False),
        sa.Column("message", Text(), nullable=False),
        **TABLE,
    )
    op.create_index("flow_log_by_flow", "flow_log", ["job_offset", "id"])


def _of_task() -> tuple[sa.Column[int], sa.Column[str], sa.Column[int]]:
    return (
        sa.Column("job_offset", Big, primary_key=True, autoincrement=False),
        sa.Column("name", Key(), primary_key=True),
        sa.Column("idx", Small, primary_key=True, autoincrement=False),
    )


def _runtimes() -> None:
    op.create_table(
        "runtime",
        sa.Column("id", Big, primary_key=True, autoincrement=True),
        sa.Column("name", Key(), nullable=False),
        sa.Column("held_name", Key(), unique=True),
        sa.Column("epoch", Big, nullable=False),
        sa.Column("turn", Big, nullable=False),
        sa.Column("state", Key(), nullable=False),
        sa.Column("host", Text(), nullable=False),
        sa.Column("pid", Big, nullable=False),
        sa.Column("life", Text(), nullable=False),
        sa.Column("flows", Small, nullable=False),
        sa.Column("classes", Text(), nullable=False),
        sa.Column("started_at", Big, nullable=False),
        sa.Column("draining", Small, nullable=False),
        sqlite_autoincrement=True,
        **TABLE,
    )
    op.create_table(
        "runtime_beat",
        sa.Column("runtime_id", Big, primary_key=True, autoincrement=False),
        sa.Column("beat", Big, nullable=False),
        sa.Column("beat_at", Big),
        sa.Column("lost_threads", Small, nullable=False),
        **TABLE,
    )


def _classes() -> None:
    op.create_table(
        "flow_class",
        # Empty where what several classes share is guarded.
        sa.Column("name", Key(), primary_key=True),
        sa.Column("revision", Big, nullable=False),
        sa.Column("paused", Small, nullable=False),
        sa.Column("turn", Big, nullable=False),
        **TABLE,
    )
    op.create_table(
        "throttle",
        sa.Column("flow_class", Key(), primary_key=True),
        # Empty for the whole class.
        sa.Column("user_name", Key(), primary_key=True),
        sa.Column("paused_until", Big, nullable=False),
        **TABLE,
    )
    op.create_index("throttle_until", "throttle", ["flow_class", "paused_until"])
    op.create_table(
        "queue_pause",
        sa.Column("flow_class", Key(), primary_key=True),
        sa.Column("user_name", Key(), primary_key=True),
        # The offset of the flow that its queue waits for; 0 where somebody has paused it.
        sa.Column("flow", Big, primary_key=True, autoincrement=False),
        sa.Column("asked_by", Key(), nullable=False),
        sa.Column("reason", Text(), nullable=False),
        sa.Column("asked_at", Big, nullable=False),
        **TABLE,
    )
    op.create_table(
        "flow_scheme",
        sa.Column("flow_class", Key(), primary_key=True),
        sa.Column("version", Small, primary_key=True, autoincrement=False),
        sa.Column("definition", Text(), nullable=False),
        **TABLE,
    )


def _limits() -> None:
    op.create_table(
        "flow_limit",
        *_of_scope(),
        sa.Column("capacity", Big),
        sa.Column("units", Big),
        sa.Column("period", Number),
        sa.Column("burst", Big),
        sa.Column("weight", Number),
        sa.Column("version", Big, nullable=False),
        sa.Column("set_by", Key(), nullable=False),
        sa.Column("reason", Text(), nullable=False),
        sa.Column("set_at", Big, nullable=False),
        **TABLE,
    )
    op.create_table("flow_bucket", *_of_scope(), sa.Column("paid_until", Big, nullable=False), **TABLE)
    op.create_table(
        "flow_turn",
        sa.Column("flow_class", Key(), primary_key=True),
        sa.Column("user_name", Key(), primary_key=True),
        sa.Column("turn", Big, nullable=False),
        sqlite_with_rowid=False,
        **TABLE,
    )


def _of_scope() -> tuple[sa.Column[str], sa.Column[str], sa.Column[str]]:
    # Names are empty where a scope has none.
    return (
        sa.Column("kind", Key(), primary_key=True),
        sa.Column("name", Key(), primary_key=True),
        sa.Column("user_name", Key(), primary_key=True),
    )


def _submissions() -> None:
    # Few jobs have such a key or time: they stand in tables of their own, so that all others need no index for them.
    op.create_table(
        "job_key",
        sa.Column("flow_class", Key(), primary_key=True),
        sa.Column("user_name", Key(), primary_key=True),
        sa.Column("name", Key(), primary_key=True),
        sa.Column("job_offset", Big, nullable=False),
        **TABLE,
    )
    op.create_table(
        "job_expiry",
        sa.Column("job_offset", Big, primary_key=True, autoincrement=False),
        sa.Column("expires_at", Big, nullable=False),
        **TABLE,
    )
    op.create_index("job_expiry_at", "job_expiry", ["expires_at"])
