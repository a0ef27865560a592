"""A table of a user's own beside theflow's, as somebody else sees it."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy

from tests.database.servers import MYSQL, POSTGRES
from tests.database.stores import Opener, database, mysql, postgres, sqlite

DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}
DATABASES = ("sqlite", "postgres", "mysql")


class Ledger:
    """Entries of units, each with a name of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = sqlalchemy.create_engine(DRIVERS[url.partition(":")[0]] + url[url.index(":") :])
        self.drop()
        self.run("CREATE TABLE entry (name VARCHAR(40) PRIMARY KEY, units BIGINT NOT NULL)")

    def entries(self) -> dict[str, int]:
        """What is there, committed."""
        with self.engine.connect() as connection:
            return dict(connection.exec_driver_sql("SELECT name, units FROM entry").all())

    def run(self, *statements: str) -> None:
        """Do something else, each statement committed."""
        for statement in statements:
            with self.engine.begin() as connection:
                connection.exec_driver_sql(statement)

    def drop(self) -> None:
        """Leave nothing behind."""
        self.run(*(f"DROP TABLE IF EXISTS {table}" for table in ("child", "entry")))

    def close(self) -> None:
        """Give everything back."""
        self.drop()
        self.engine.dispose()


def opened(kind: str, folder: Path) -> tuple[str, Opener]:
    """The URL of a fresh database of a kind, and what opens it; skip where there is no such server."""
    if kind == "sqlite":
        return f"sqlite:///{folder / 'flows.db'}", sqlite(folder)
    if kind == "postgres":
        return database(POSTGRES), postgres(folder)
    return database(MYSQL), mysql(folder)


def put(connection: sqlalchemy.Connection, name: str, units: int = 1) -> None:
    """Write an entry in somebody's transaction."""
    connection.execute(sqlalchemy.text("INSERT INTO entry VALUES (:name, :units)"), {"name": name, "units": units})


def add(connection: sqlalchemy.Connection, name: str, units: int = 1) -> None:
    """Change an entry in somebody's transaction, which keeps it locked from then on."""
    change = sqlalchemy.text("UPDATE entry SET units = units + :units WHERE name = :name")
    connection.execute(change, {"name": name, "units": units})
