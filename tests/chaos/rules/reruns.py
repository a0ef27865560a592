"""C3: a task with an outcome is never run again, and no body overlaps another unless its runtime was cut off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise

from tests.chaos.history import Execution, History
from tests.chaos.recorder import Event

# Faults under which a runtime may live on unheard; a process that is killed runs nothing.
UNHEARD = frozenset({"pause", "brink", "crash", "cut", "slow", "slices", "mute", "deaf", "black_hole", "full_disk"})
STOPPED = frozenset({"pause", "brink"})
_TRUST = 0.8
# How long after a process went on a body may have its first line, if it was on its way there.
_FIRST_LINE = 0.1


def bodies_after_outcomes(history: History) -> Iterator[str]:
    """Look for a body that began when the outcome was known, or whose runtime claimed the flow after it."""
    for body in history.executions:
        key = (body.offset, body.task)
        known = history.acknowledged.get(key)
        if known is not None and body.began > known and not _stopped_on_its_way(history, body):
            yield f"{_named(body)} began {body.began - known:.3f} s after its outcome was acknowledged"
        claims = [row.seq for row in history.claims.get(body.offset, ()) if row.owner == body.inc]
        outcome = history.outcomes.get(key)
        if not claims:
            yield f"{_named(body)} ran, and incarnation {body.inc} never claimed the flow"
        elif outcome is not None and outcome.seq < claims[0]:
            yield f"{_named(body)} ran, and the outcome (audit {outcome.seq}) was there before its claim {claims[0]}"


def unexcused_overlaps(history: History) -> Iterator[str]:
    """Look for two runs of one task at the same time where nothing kept the first runtime from being heard."""
    runs: dict[tuple[int, str], list[Execution]] = defaultdict(list)
    for body in history.executions:
        runs[body.offset, body.task].append(body)
    beats = _beats(history)
    for bodies in runs.values():
        for earlier, later in pairwise(bodies):
            if later.began >= earlier.ended:
                continue
            if later.inc == earlier.inc:
                yield f"{_named(later)} began while {_named(earlier)} ran, in the same incarnation"
            elif not _excused(history, earlier, later, beats.get(earlier.inc, [])):
                yield f"{_named(later)} began while {_named(earlier)} ran, and that runtime was well"


def _stopped_on_its_way(history: History, body: Execution) -> bool:
    """Whether a process was stopped between the last thing that a runtime can ask and the first line of the body.

    Nobody can help that; whatever began after the process had gone on could be.
    """
    told = [
        event.mono
        for event in (*history.of("claim", "ok"), *history.of("commit", "ok"))
        if event["inc"] == body.inc and event.mono <= body.began and body.offset in _offsets(event)
    ]
    ended = {event["number"]: event.mono for event in history.of("fault", "ok")}
    for event in history.of("fault", "invoke"):
        if event["kind"] in STOPPED and event["pid"] == body.pid and max(told, default=0.0) <= event.mono:
            until = ended.get(event["number"], float("inf")) + _FIRST_LINE
            if event.mono <= body.began <= until:
                return True
    return False


def _offsets(event: Event) -> set[int]:
    return set(event["offsets"]) if event.ev == "claim" else {offset for offset, _, _ in event["outcomes"]}


def _excused(history: History, earlier: Execution, later: Execution, beats: list[float]) -> bool:
    """Whether a fault, or the machine itself, kept the earlier runtime from being heard until the later one began."""
    since = earlier.began - history.ttl
    begun = {event["number"]: event for event in history.of("fault", "invoke") if event["kind"] in UNHEARD}
    ended = {event["number"]: event.mono for event in history.of("fault", "ok")}
    for number, event in begun.items():
        if event.mono <= later.began and ended.get(number, float("inf")) + history.ttl >= since:
            return True
    heard = [since, *(beat for beat in beats if since <= beat <= later.began), later.began]
    return any(after - before >= history.ttl * _TRUST for before, after in pairwise(heard))


def _beats(history: History) -> Mapping[int, list[float]]:
    found: dict[int, list[float]] = defaultdict(list)
    for event in history.of("beat", "ok"):
        found[event["inc"]].append(event.mono)
    return found


def _named(body: Execution) -> str:
    return f"attempt {body.attempt} of {body.task} of offset {body.offset} by incarnation {body.inc}"
