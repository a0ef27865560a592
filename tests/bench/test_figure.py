"""A figure is a line of JSON that can be compared."""

from __future__ import annotations

import json

from bench.figure import Figure, alternating, percentile
from bench.table import table


def test_a_figure_compares_median_with_median():
    figure = Figure(
        workload="drain", url="", unit="steps/s", values=[1.0, 9.0, 5.0], reference="bare", reference_values=[20.0]
    )
    line = json.loads(figure.line())
    assert (line["median"], line["reference_median"], line["ratio"]) == (5.0, 20.0, 0.25)


def test_engine_and_reference_take_turns():
    seen = []
    columns = alternating(2, lambda: seen.append("engine") or 1.0, lambda: seen.append("reference") or 2.0)
    assert seen == ["engine", "reference"] * 2
    assert columns == [[1.0, 1.0], [2.0, 2.0]]


def test_a_percentile_is_a_value_that_was_measured():
    values = [float(value) for value in range(200, 0, -1)]
    assert (percentile(values, 50), percentile(values, 99), percentile(values, 100)) == (100.0, 198.0, 200.0)


def test_the_table_has_a_row_for_every_figure():
    figure = Figure(
        workload="chain", url="", unit="steps/s", values=[12000.4, 9.0, 11], reference="bare", reference_values=[22.0]
    )
    *_, row = table([figure.line()])
    assert row == "| chain | steps/s | 11 | 9 to 12,000 | 22 | 0.50 |"
