"""Which schema the code knows, and how an older one is brought up to date."""

from __future__ import annotations

import io
from importlib.resources import files
from typing import TYPE_CHECKING

from theflow.errors import StoreUnusable

if TYPE_CHECKING:
    import sqlalchemy
    from alembic.config import Config

KNOWN = ("0001",)
NEWEST = KNOWN[-1]


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


def _config() -> Config:
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(files("theflow.database") / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
