"""The stores of the suite: another one joins with a function and its place in `STORES`."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.database.servers import MYSQL, POSTGRES, Kind, absence, run, url_of
from theflow.database.memory import MemoryStore
from theflow.database.store import RuntimeStore
from theflow.wire import open_store, upgrade

Opener = Callable[[], RuntimeStore]
TABLES = (
    "job_event",
    "flow",
    "subflow",
    "flow_task",
    "task_attempt",
    "flow_log",
    "flow_request",
    "runtime",
    "runtime_beat",
    "flow_class",
    "flow_scheme",
    "throttle",
    "queue_pause",
    "flow_limit",
    "flow_bucket",
    "flow_turn",
    "job_key",
    "job_expiry",
)


def memory(_: Path) -> Opener:
    """All who open it are in one process, so they get the same one."""
    store = MemoryStore()
    return lambda: store


def sqlite(folder: Path) -> Opener:
    """Each gets connections of its own to the same file, as processes do."""
    return lambda: open_store(f"sqlite:///{folder / 'flows.db'}")


def postgres(_: Path) -> Opener:
    """A database of this run, emptied."""
    return _emptied(POSTGRES)


def mysql(_: Path) -> Opener:
    """A database of this run, emptied."""
    return _emptied(MYSQL)


def _emptied(kind: Kind) -> Opener:
    url = database(kind)
    # Deleting a few rows is quicker than truncating, by far.
    run(kind, url, *map("DELETE FROM {}".format, TABLES), "UPDATE job_counter SET newest = 0")
    return lambda: open_store(url)


@cache
def database(kind: Kind) -> str:
    """The URL of a database that this run makes for itself, with the schema; skip where there is no such server."""
    server = url_of(kind)
    if server is None:
        pytest.skip(absence(kind))
    name = f"theflow_test_{os.getpid()}"
    run(kind, server, f"CREATE DATABASE {name}")
    atexit.register(run, kind, server, f"DROP DATABASE {name}{' WITH (FORCE)' if kind is POSTGRES else ''}")
    parts = urlsplit(server)
    url = urlunsplit(parts._replace(path=f"/{name}"))
    upgrade(url)
    return url


STORES = [memory, sqlite, postgres, mysql]
