"""The stores of the suite: another one joins with a function and its place in `STORES`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from theflow.database.memory import MemoryStore
from theflow.database.store import RuntimeStore
from theflow.wire import open_store

Opener = Callable[[], RuntimeStore]


def memory(_: Path) -> Opener:
    """All who open it are in one process, so they get the same one."""
    store = MemoryStore()
    return lambda: store


def sqlite(folder: Path) -> Opener:
    """Each gets connections of its own to the same file, as processes do."""
    return lambda: open_store(f"sqlite:///{folder / 'flows.db'}")


STORES = [memory, sqlite]
