"""The physical reference does the work that it is credited with."""

from __future__ import annotations

import sqlite3

from bench.reference.group import group_commit
from bench.reference.sqlite import Reference


def test_the_reference_saves_a_row_for_every_step_of_every_flow(tmp_path):
    reference = Reference(tmp_path / "reference.db")
    group_commit(reference.commit, 7, [["first"], ["left", "right"]], in_flight=3)
    reference.close()
    rows = sqlite3.connect(tmp_path / "reference.db").execute("SELECT flow, name FROM outcome").fetchall()
    assert sorted(rows) == [(flow, name) for flow in range(7) for name in ("first", "left", "right")]


def test_the_reference_commits_together_what_waits_together():
    sizes = []
    group_commit(lambda rows: sizes.append(len(rows)), 10, [["only"]], in_flight=5)
    assert sizes == [5, 5]


def test_the_reference_is_as_durable_as_the_engine(tmp_path):
    reference = Reference(tmp_path / "reference.db")
    assert reference.facts()["synchronous"] == "FULL"
    assert reference.bulk(130, 100) > 0
    assert reference.rows() == 130
    reference.close()
