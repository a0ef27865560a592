"""Throw-away servers of one's own: started, killed and started again on the same data, and gone with their parent."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy
from sqlalchemy.exc import SQLAlchemyError

HOST = "127.0.0.1"
_PATIENCE = 60
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])


class PrivateServer:
    """A server process with a folder and a port of its own."""

    def __init__(self, home: Home, command: Sequence[object], url: str, driver: str, hard: signal.Signals) -> None:
        self.url = url
        self.port = home.port
        self._folder = home.folder
        self._command = [*home.as_other, *map(str, command)]
        self._hard = hard
        address = f"{driver}://{url.partition('://')[2]}"
        self._engine = sqlalchemy.create_engine(address, poolclass=sqlalchemy.NullPool)
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.destroy)

    def start(self) -> PrivateServer:
        """Start it, on the data that it had before; wait until it answers."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, cwd="/", start_new_session=True)
        until = time.monotonic() + _PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((self._folder / "log").read_text(errors="replace")[-2000:])
            time.sleep(0.05)
        return self

    def crash(self) -> None:
        """End it at once, with nothing tidied up."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(self._hard)
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def destroy(self) -> None:
        """End it, and take its data away."""
        self.crash()
        self._engine.dispose()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            with self._engine.connect():
                return True
        except SQLAlchemyError:
            return False


def private_postgres() -> PrivateServer | None:
    """A PostgreSQL server that is not started yet; None where it is not installed."""
    binaries = [Path(found).parent for found in [shutil.which("initdb")] if found]
    binaries += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if not binaries or not (binaries[0] / "initdb").exists():
        return None
    home = Home("postgres", "QUIT")
    data = home.folder / "data"
    home.call(binaries[0] / "initdb", "-D", data, "-U", "theflow", "-A", "trust", "-E", "UTF8", "--locale=C")
    options = (f"listen_addresses={HOST}", f"unix_socket_directories={home.folder}")
    settings = [word for option in options for word in ("-c", option)]
    command = (binaries[0] / "postgres", "-D", data, "-p", home.port, *settings)
    url = f"postgresql://theflow@{HOST}:{home.port}/postgres"
    # Its children end by themselves when it is told to quit; killed, it would leave them behind for a while.
    return PrivateServer(home, command, url, "postgresql+psycopg", signal.SIGQUIT)


def private_mysql() -> PrivateServer | None:
    """A MariaDB server that is not started yet; None where it is not installed."""
    server, install = shutil.which("mariadbd", path=_PATH), shutil.which("mariadb-install-db", path=_PATH)
    if not server or not install:
        return None
    home = Home("mysql", "KILL")
    data = home.folder / "data"
    home.call(install, f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db")
    command = (
        server,
        "--no-defaults",
        f"--datadir={data}",
        f"--socket={home.folder / 'socket'}",
        f"--pid-file={home.folder / 'pid'}",
        f"--bind-address={HOST}",
        f"--port={home.port}",
        # Who comes through a proxy that was cut a hundred times is no attacker.
        "--max-connect-errors=1000000",
    )
    return PrivateServer(home, command, f"mysql://root@{HOST}:{home.port}/", "mysql+pymysql", signal.SIGKILL)


class Home:
    """A folder and a port, and how to become somebody who is not root: servers refuse to run as root."""

    def __init__(self, user: str, at_death: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="theflow-server-"))
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            self.port = probe.getsockname()[1]
        # The signal that the kernel sends it when its parent dies without a word.
        self.as_other: tuple[str, ...] = ("setpriv", f"--pdeathsig={at_death}") if shutil.which("setpriv") else ()
        if os.geteuid() == 0:
            entry = _entry(user) or _entry("nobody")
            shutil.chown(self.folder, entry[0])
            self.as_other += (f"--reuid={entry[0]}", f"--regid={entry[3]}", "--clear-groups")

    def call(self, *command: object) -> None:
        """Run a command to its end, as the user of the server."""
        words = [*self.as_other, *map(str, command)]
        subprocess.run(words, check=True, capture_output=True, timeout=_PATIENCE, cwd="/")


def _entry(user: str) -> list[str]:
    lines = Path("/etc/passwd").read_text().splitlines()
    return next((line.split(":") for line in lines if line.startswith(f"{user}:")), [])
