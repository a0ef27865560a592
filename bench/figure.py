"""One result: a line of JSON."""

from __future__ import annotations

import gc
import json
import platform
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What a workload measured, value by value, beside its reference; `ratio` is median by median."""

    workload: str
    url: str
    unit: str
    values: list[float]
    reference: str
    reference_values: list[float]
    more: Mapping[str, object] = field(default_factory=dict)

    def line(self) -> str:
        """Write the figure as JSON."""
        median, reference_median = statistics.median(self.values), statistics.median(self.reference_values)
        return json.dumps(
            {
                "workload": self.workload,
                "url": self.url,
                "unit": self.unit,
                "values": rounded(self.values),
                "median": rounded(median),
                "reference": self.reference,
                "reference_values": rounded(self.reference_values),
                "reference_median": rounded(reference_median),
                "ratio": rounded(median / reference_median),
                **{name: rounded(value) for name, value in self.more.items()},
                "python": platform.python_version(),
            }
        )


def alternating(repeat: int, *measures: Callable[[], float]) -> list[list[float]]:
    """Measure one after the other, again and again: what disturbs the machine meanwhile disturbs them alike."""
    columns: list[list[float]] = [[] for _ in measures]
    for _ in range(repeat):
        for column, measure in zip(columns, measures, strict=True):
            gc.collect()
            column.append(measure())
    return columns


def percentile(values: list[float], percent: int) -> float:
    """Return the value that so many percent of the values do not exceed."""
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]


def rounded(value: object) -> object:
    """Keep four digits: more would be noise."""
    match value:
        case float():
            return float(f"{value:.4g}") if abs(value) < 1000 else round(value)
        case list():
            return [rounded(item) for item in value]
        case dict():
            return {key: rounded(item) for key, item in value.items()}
    return value
