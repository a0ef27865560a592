"""One suite for all stores: every test here gets a fresh database of each kind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.database.builders import Worker
from tests.database.stores import STORES, Opener
from theflow.database.store import RuntimeStore


@pytest.fixture(params=STORES, ids=lambda kind: kind.__name__)
def open_again(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Open the test's database, which is fresh, once more."""
    opener = request.param(tmp_path)
    with ExitStack() as opened:

        def prepared() -> RuntimeStore:
            store = opened.enter_context(closing(opener()))
            store.prepare()
            return store

        yield prepared


@pytest.fixture
def store(open_again: Opener) -> RuntimeStore:
    """The database as one process sees it."""
    return open_again()


@pytest.fixture
def neighbour(store: RuntimeStore, open_again: Opener) -> RuntimeStore:
    """The same database as another process sees it."""
    assert store is not None
    return open_again()


@pytest.fixture
def worker(store: RuntimeStore) -> Worker:
    """A runtime named `worker`."""
    return Worker(store)
