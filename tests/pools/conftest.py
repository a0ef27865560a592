"""Runtimes with pools: the store is the reference, for no pool ever sees one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.pools.patience import LONG
from tests.runtime.works import Works
from theflow import FlowDetail, FlowScheme
from theflow.database.memory import MemoryStore


class PatientWorks(Works):
    """Waits for processes to start."""

    def run(self, scheme: FlowScheme, given: Any = None, **meta: Any) -> FlowDetail:
        """Run one flow to its end."""
        self.start(scheme)
        return self.submit(scheme, given, **meta).wait(LONG)


@pytest.fixture
def works() -> Iterator[Works]:
    """Runtimes over the store, stopped in the end."""
    store = MemoryStore()
    store.prepare()
    with closing(PatientWorks(store)) as made:
        yield made
