"""Every acceptance test gets a database on disk, and its processes are ended whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A fresh database and nobody who runs it."""
    with closing(Stage(tmp_path, tmp_path)) as opened:
        yield opened
