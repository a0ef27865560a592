"""Three runtimes, fifty queues, and whatever can happen to processes, lines, servers and disks; then it is judged."""

from __future__ import annotations

import os

import pytest

from tests.chaos.run import Run, chaos
from tests.database.servers import MYSQL, POSTGRES, absence

# Another one is a new schedule; this one is the same in every test run.
SEED = int(os.environ.get("CHAOS_SEED") or 1)
KINDS = {"postgres": POSTGRES, "mysql": MYSQL}


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("kind", "rounds"), [("sqlite", 2), ("postgres", 1), ("mysql", 1)])
def test_nothing_is_lost_and_nothing_is_done_twice_whatever_happens(kind, rounds):
    try:
        counts = chaos(Run(kind, rounds, SEED))
    except LookupError:
        pytest.skip(absence(KINDS[kind]))
    assert counts["outcomes"] == 4 * counts["flows"]
