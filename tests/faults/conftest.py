"""Every fault test gets a database of its own, and its processes are ended whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.database import stores
from tests.database.servers import MYSQL, POSTGRES
from tests.faults.place import Place, Served

KINDS = {"postgres": POSTGRES, "mysql": MYSQL}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A fresh file and nobody who runs it."""
    with closing(Place(tmp_path, f"sqlite:///{tmp_path / 'flows.db'}")) as opened:
        yield opened


@pytest.fixture(params=KINDS)
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    """A fresh database on each kind of server, and nobody who runs it."""
    kind = KINDS[request.param]
    getattr(stores, request.param)(tmp_path)
    with closing(Served(tmp_path, kind, stores.database(kind))) as opened:
        yield opened
