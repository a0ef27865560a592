"""`python -m bench all | python -m bench.table`: the lines of JSON as the table of docs/benchmarks.md."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator

HEAD = ("workload", "unit", "engine, median", "least to most", "reference, median", "ratio")


def table(lines: Iterable[str]) -> Iterator[str]:
    """Write a row of Markdown for each line of JSON."""
    yield _row(HEAD)
    yield _row(["---"] * 2 + ["---:"] * 4)
    for line in lines:
        figure = json.loads(line)
        values = figure["values"]
        least_to_most = f"{_number(min(values))} to {_number(max(values))}"
        numbers = (_number(figure["median"]), least_to_most, _number(figure["reference_median"]))
        yield _row((figure["workload"], figure["unit"], *numbers, f"{figure['ratio']:.2f}"))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:g}"


if __name__ == "__main__":
    print("\n".join(table(sys.stdin)))
