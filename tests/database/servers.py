"""Finds database servers for the tests: named in the environment, at home here, or started for the occasion."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import SQLAlchemyError

HOST = "127.0.0.1"
ABSENT: dict[str, str] = {}
_PATIENCE = 60


@dataclass(frozen=True)
class Kind:
    """A kind of server, and the ways to it."""

    name: str
    variable: str
    scheme: str
    driver: str
    port: int
    users: tuple[str, ...]
    start: Callable[[], str | None]


@cache
def url_of(kind: Kind) -> str | None:
    """The URL of a database on a server of that kind; None if there is none to be had."""
    given = os.environ.get(kind.variable)
    if given:
        return given
    for user in kind.users:
        at_home = f"{kind.scheme}://{user}@{HOST}:{kind.port}/{'postgres' if kind.port == 5432 else ''}"
        if _answers(kind, at_home):
            return at_home
    return kind.start()


def absence(kind: Kind) -> str:
    """Why nothing can be tested on that kind of server; kept for the end of the run."""
    ABSENT[kind.name] = f"no {kind.name} server: set {kind.variable}, install one, or run: make servers"
    return ABSENT[kind.name]


def run(kind: Kind, url: str, *statements: str) -> None:
    """Execute statements, each by itself."""
    with _connected(kind, url) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def rows(kind: Kind, url: str, statement: str) -> list[str]:
    """The first column of what a statement finds."""
    with _connected(kind, url) as connection:
        return [row[0] for row in connection.exec_driver_sql(statement)]


@contextmanager
def _connected(kind: Kind, url: str) -> Iterator[Connection]:
    engine = create_engine(kind.driver + url[url.index("://") :], isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _answers(kind: Kind, url: str) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex((HOST, kind.port)):
            return False
    try:
        run(kind, url, "SELECT 1")
    except SQLAlchemyError:
        return False
    return True


def _private_postgres() -> str | None:
    binaries = [Path(found).parent for found in [shutil.which("initdb")] if found]
    binaries += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if not binaries or not (binaries[0] / "initdb").exists():
        return None
    folder, port, as_other = _place("postgres")
    data = folder / "data"
    _call(*as_other, binaries[0] / "initdb", "-D", data, "-U", "theflow", "-A", "trust", "-E", "UTF8", "--locale=C")
    options = f"-p {port} -c listen_addresses={HOST} -c unix_socket_directories={folder}"
    control = (*as_other, binaries[0] / "pg_ctl", "-D", data, "-w")
    _call(*control, "-l", folder / "log", "-o", options, "start")
    atexit.register(_call, *control, "-m", "immediate", "stop")
    return f"postgresql://theflow@{HOST}:{port}/postgres"


def _private_mysql() -> str | None:
    server, install = shutil.which("mariadbd", path=_PATH), shutil.which("mariadb-install-db", path=_PATH)
    if not server or not install:
        return None
    folder, port, as_other = _place("mysql")
    data = folder / "data"
    _call(*as_other, install, f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db")
    process = subprocess.Popen(
        [
            *map(str, as_other),
            server,
            "--no-defaults",
            f"--datadir={data}",
            f"--socket={folder / 'socket'}",
            f"--pid-file={folder / 'pid'}",
            f"--bind-address={HOST}",
            f"--port={port}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    atexit.register(lambda: (process.terminate(), process.wait(_PATIENCE)))
    _wait_for(port)
    return f"mysql://root@{HOST}:{port}/"


def _place(user: str) -> tuple[Path, int, tuple[str, ...]]:
    """A folder and a port of one's own, and how to become somebody who is not root: servers refuse to run as root."""
    folder = Path(tempfile.mkdtemp(prefix="theflow-server-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    if os.geteuid() != 0:
        return folder, port, ()
    name = user if _knows(user) else "nobody"
    shutil.chown(folder, name)
    return folder, port, ("setpriv", f"--reuid={name}", "--regid=" + _group(name), "--clear-groups")


def _knows(user: str) -> bool:
    return any(line.startswith(f"{user}:") for line in Path("/etc/passwd").read_text().splitlines())


def _group(user: str) -> str:
    return next(
        line.split(":")[3] for line in Path("/etc/passwd").read_text().splitlines() if line.startswith(f"{user}:")
    )


def _call(*command: object) -> None:
    subprocess.run([str(part) for part in command], check=True, capture_output=True, timeout=_PATIENCE, cwd="/")


def _wait_for(port: int) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        with socket.socket() as probe:
            if not probe.connect_ex((HOST, port)):
                return
        time.sleep(0.1)
    raise TimeoutError(f"the server on port {port} does not come up")


_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
POSTGRES = Kind(
    name="postgres",
    variable="THEFLOW_TEST_POSTGRES_URL",
    scheme="postgresql",
    driver="postgresql+psycopg",
    port=5432,
    users=("postgres", "root"),
    start=_private_postgres,
)
MYSQL = Kind(
    name="mysql",
    variable="THEFLOW_TEST_MYSQL_URL",
    scheme="mysql",
    driver="mysql+pymysql",
    port=3306,
    users=("root",),
    start=_private_mysql,
)
