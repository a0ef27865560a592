"""Runtimes in this process, over every store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.database.ledger import DATABASES
from tests.database.stores import STORES
from tests.runtime.shop import Shop
from tests.runtime.works import Works
from theflow.database.store import RuntimeStore


@pytest.fixture(params=STORES, ids=lambda kind: kind.__name__)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> RuntimeStore:
    """A fresh database of each kind."""
    opened: RuntimeStore = request.param(tmp_path)()
    return opened


@pytest.fixture
def works(store: RuntimeStore) -> Iterator[Works]:
    """Runtimes over the store, stopped in the end."""
    store.prepare()
    with closing(Works(store)) as made:
        yield made


@pytest.fixture(params=DATABASES)
def kind(request: pytest.FixtureRequest) -> str:
    """Each database that has tables."""
    found: str = request.param
    return found


@pytest.fixture
def shop(kind: str, tmp_path: Path) -> Iterator[Shop]:
    """A database of each kind, with a table of its user's."""
    with closing(Shop(kind, tmp_path)) as made:
        yield made
