"""Arrivals of flows: from a file of lines, or as a database has recorded them."""

from __future__ import annotations

import csv
import json
import math
from typing import TYPE_CHECKING, Any

from theflow.cli.exits import Exit, Refusal
from theflow.cli.limits import unknown
from theflow.errors import InputError
from theflow.model.job import check_name
from theflow.model.rate import checked_units
from theflow.model.shape_simulation import Arrival
from theflow.model.view import FlowFilter
from theflow.runtime.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

NEEDED = ("at", "user", "class", "duration")
MORE = ("priority", "units")
LONGEST = 100 * 366 * 86_400.0
PAGE = 1000
_MICRO = 1_000_000


def read_arrivals(file: Path) -> list[Arrival]:
    """Read arrivals from CSV with a line of titles, or from JSON lines; the first line that is wrong is named."""
    found = []
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            for number, row in _csv(lines) if file.suffix.lower() == ".csv" else _json(file, lines):
                found.append(_arrival(f"{file}, line {number}", row))
    except OSError as error:
        raise Refusal(f"{file} cannot be read: {error.strerror}", Exit.USAGE) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refusal(f"{file} cannot be read: {error}", Exit.USAGE) from None
    if not found:
        raise Refusal(f"{file} has no arrivals", Exit.USAGE, f"lines of {', '.join(NEEDED)}, in seconds")
    return found


def recorded(client: Client, flow_class: str | None, since: int | None) -> tuple[list[Arrival], int]:
    """Take the flows that have started and ended; return them, and how many were left out."""
    wanted = FlowFilter(flow_class=flow_class, created_after=since)
    found, left, after = [], 0, None
    while True:
        page = client.find_flows(wanted, after=after, limit=PAGE)
        for flow in page.items:
            if flow.started_at is None or flow.ended_at is None:
                left += 1
                continue
            at = max(flow.created_at, flow.run_at or 0)
            length = max(flow.ended_at - flow.started_at, 0)
            found.append(Arrival(at, flow.user, flow.flow_class, length, flow.priority))
        after = page.next
        if after is None:
            break
    found.reverse()
    first = min((arrival.at for arrival in found), default=0)
    return [arrival._replace(at=arrival.at - first) for arrival in found], left


def _csv(lines: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    reader = csv.DictReader(lines)
    for row in reader:
        if None in row or None in row.values():
            raise Refusal(f"{lines.name}, line {reader.line_num}: it has other columns than the first line", Exit.USAGE)
        yield reader.line_num, {key: value for key, value in row.items() if value != "" or key in NEEDED}


def _json(file: Path, lines: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Refusal(f"{file}, line {number} is not JSON: {error}", Exit.USAGE, "FILE.csv, for CSV") from None
        if not isinstance(row, dict):
            raise Refusal(f"{file}, line {number}: expected an object, got {text.strip()[:80]!r}", Exit.USAGE)
        yield number, row


def _arrival(place: str, row: Mapping[str, Any]) -> Arrival:
    for key in row:
        if key not in NEEDED + MORE:
            raise Refusal(f"{place}: {unknown('column', key, NEEDED + MORE)}", Exit.USAGE)
    for key in NEEDED:
        if row.get(key) in (None, ""):
            raise Refusal(f"{place}: {key} is missing; each arrival has {', '.join(NEEDED)}", Exit.USAGE)
    try:
        user, flow_class = (check_name(key, row[key]) for key in ("user", "class"))
        units = checked_units("units", _read(place, "units", row, _whole, 1))
    except InputError as error:
        raise Refusal(f"{place}: {error}", Exit.USAGE) from None
    at, duration = (_seconds(place, key, row) for key in ("at", "duration"))
    return Arrival(at, user, flow_class, duration, _read(place, "priority", row, _whole, 0), units)


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError
    return float(value)


def _whole(value: Any) -> int:
    # A fraction is no smaller number: int() would cut it.
    if isinstance(value, bool | float):
        raise TypeError
    return int(value)


def _read(place: str, key: str, row: Mapping[str, Any], kind: Callable[[Any], Any], default: Any) -> Any:
    try:
        return kind(row.get(key, default))
    except (TypeError, ValueError, OverflowError):
        raise Refusal(f"{place}: {key}: expected a number, got {row[key]!r}", Exit.USAGE) from None


def _seconds(place: str, key: str, row: Mapping[str, Any]) -> int:
    seconds: float = _read(place, key, row, _number, None)
    if not math.isfinite(seconds) or not 0 <= seconds <= LONGEST:
        raise Refusal(f"{place}: {key}: expected seconds from 0 to {LONGEST:g}, got {row[key]!r}", Exit.USAGE)
    return round(seconds * _MICRO)
