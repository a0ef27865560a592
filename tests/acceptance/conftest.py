"""Every acceptance test gets a database on disk, and its processes are ended whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.stage import Stage
from tests.database.servers import POSTGRES
from tests.database.stores import database, postgres


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A fresh database and nobody who runs it."""
    with closing(Stage(tmp_path, tmp_path)) as opened:
        yield opened


@pytest.fixture(params=["file", "server"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """A fresh database of each kind, a file and on a server."""
    url = ""
    if request.param == "server":
        postgres(tmp_path)
        url = database(POSTGRES)
    with closing(Stage(tmp_path, tmp_path, url)) as opened:
        yield opened
