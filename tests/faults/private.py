"""Servers of one's own, which may be killed: started when they are first needed, ended with the test run."""

from __future__ import annotations

from dataclasses import dataclass

from tests.database.private_server import PrivateServer, private_mysql, private_postgres
from tests.database.servers import MYSQL, POSTGRES, Kind, run


@dataclass(frozen=True)
class Private:
    """A server that can crash: `url` is for a user who is not above its rules, `root` for one who is."""

    kind: Kind
    server: PrivateServer
    url: str
    root: str

    def start(self) -> None:
        """Start it on its data, and wait until it answers."""
        self.server.start()

    def crash(self) -> None:
        """End it without a word to anybody."""
        self.server.crash()


def private(kind: Kind) -> Private | None:
    """A server of that kind; None where its programs are not installed."""
    server = private_postgres() if kind is POSTGRES else private_mysql()
    if server is None:
        return None
    server.start()
    if kind is POSTGRES:
        return Private(kind, server, server.url, server.url)
    run(MYSQL, server.url, "CREATE DATABASE shop", "CREATE USER ann", "GRANT ALL ON shop.* TO ann")
    return Private(kind, server, server.url.replace("root@", "ann@") + "shop", server.url + "shop")
