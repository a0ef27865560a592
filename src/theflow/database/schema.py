"""Which schema the code knows, and how an older one is brought up to date."""

from __future__ import annotations

import io
import re
from importlib.resources import files
from typing import TYPE_CHECKING

import sqlalchemy

from theflow.errors import StoreUnusable

if TYPE_CHECKING:
    from alembic.config import Config

KNOWN = ("0001",)
NEWEST = KNOWN[-1]
_VERSIONS = "alembic_version"
_TABLE = re.compile(r"^CREATE TABLE (\w+)", re.MULTILINE)


def check(current: str | None, where: str) -> None:
    """Raise StoreUnusable unless the schema is the newest that this code knows."""
    refuse_newer(current, where)
    if current is None:
        raise StoreUnusable(f"the database {where} has no theflow schema; run: theflow db upgrade")
    if current != NEWEST:
        raise StoreUnusable(
            f"the database {where} has schema {current}, this code needs {NEWEST}; run: theflow db upgrade"
        )


def refuse_newer(current: str | None, where: str) -> None:
    """Raise StoreUnusable if the schema was made by a newer theflow."""
    if current is not None and current not in KNOWN:
        raise StoreUnusable(
            f"the database {where} has schema {current}, newer than {NEWEST}, the newest that this theflow knows; "
            "upgrade theflow-engine on this machine"
        )


def upgrade(connection: sqlalchemy.Connection) -> None:
    """Bring the schema up to date in the transaction of the connection."""
    from alembic import command  # noqa: PLC0415 - 100 ms that only a change of the schema has to pay

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def upgrade_sql(url: str) -> str:
    """Return the statements that make the whole schema, for a DBA to read or run."""
    from alembic import command  # noqa: PLC0415 - as above

    config = _config()
    config.output_buffer = io.StringIO()
    config.attributes["url"] = url
    command.upgrade(config, "head", sql=True)
    return config.output_buffer.getvalue()


def clear_half_made(connection: sqlalchemy.Connection, url: str, where: str) -> None:
    """Drop what an interrupted creation of the schema left behind, where each statement of it commits by itself.

    The table of the version is made first and gets its row last: as long as that is empty, nobody has used the others.
    Raises StoreUnusable for tables of these names that are somebody else's.
    """
    there = set(sqlalchemy.inspect(connection).get_table_names())
    found = [name for name in _TABLE.findall(upgrade_sql(url)) if name in there]
    foreign = [name for name in found if _VERSIONS not in there or _has_rows(connection, name)]
    if foreign:
        raise StoreUnusable(
            f"the database {where} has tables of somebody else by the names that theflow uses ({', '.join(foreign)}); "
            "give theflow a database of its own"
        )
    for name in found:
        connection.exec_driver_sql(f"DROP TABLE {name}")


def _has_rows(connection: sqlalchemy.Connection, name: str) -> bool:
    question = sqlalchemy.select(sqlalchemy.literal(1)).select_from(sqlalchemy.table(name)).limit(1)
    if name == "job_counter":
        # It is born with its row.
        question = question.where(sqlalchemy.column("newest") != 0)
    return connection.execute(question).fetchone() is not None


def _config() -> Config:
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(files("theflow.database") / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
