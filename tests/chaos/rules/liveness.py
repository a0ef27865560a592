"""C11: once all is healed every flow ends and every runtime is well; and a run that saw too little proves nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from tests.chaos.history import ENDED, Execution, History
from tests.chaos.recorder import Event

_LAST = 5
_LENT = {
    "ok": "transactions",
    "unknown": "transactions unknown",
    "fail": "transactions refused",
    "fenced": "transactions fenced",
}


def stuck_flows(history: History) -> Iterator[str]:
    """Look for flows that had not ended when the run was over."""
    for flow in history.flows:
        if flow.status not in ENDED:
            yield f"offset {flow.offset} of class {flow.flow_class}, user {flow.user} is still {flow.status}"


def failed_flows(history: History) -> Iterator[str]:
    """Look for flows that failed: no body does, so a fault must have."""
    for flow in history.flows:
        if flow.status == "failed":
            yield f"offset {flow.offset} failed, and none of its bodies did"


def sick_runtimes(history: History) -> Iterator[str]:
    """Look at the last things that each runtime asked which was alive in the end: all must have gone well."""
    alive = {event["name"] for event in history.of("alive")}
    asked: dict[str, list[Event]] = defaultdict(list)
    for event in history.events:
        if event.actor in alive and event.ev in ("beat", "commit") and event.phase != "invoke":
            asked[event.actor].append(event)
    for actor in sorted(alive):
        last = asked[actor][-_LAST:]
        if len(last) < _LAST or any(event.phase != "ok" for event in last):
            yield f"{actor} was alive in the end, and its last answers were {[event.phase for event in last]}"


def seen(history: History) -> Counter[str]:
    """Count what makes a run worth something."""
    counts: Counter[str] = Counter()
    counts["submits"] = sum(len(event["tickets"]) for event in history.of("submit", "ok"))
    counts["flows"] = len(history.flows)
    counts["outcomes"] = len(history.outcomes)
    counts["takeovers"] = sum(row.tbl == "runtime" and row.new == "lost" for row in history.audit)
    writes = [event for ev in ("commit", "claim") for event in history.of(ev)]
    counts["fenced writes"] = sum(event.phase == "fenced" for event in writes)
    asked = (*writes, *history.of("submit"))
    counts["commits unknown"] = sum(event.phase == "unknown" for event in asked)
    lent = [event for event in history.of("commit") if "lent" in event.about]
    for phase, what in _LENT.items():
        counts[what] = sum(event.phase == phase for event in lent)
    counts["transactions run again"] = sum(history.repeats.values())
    counts["transactions left behind"] = sum(1 for _ in _left_behind(history))
    counts["reruns"] = len(history.executions) - len(history.outcomes)
    for event in history.of("fault", "ok"):
        counts[f"fault {event['kind']}"] += 1
    return counts


def _left_behind(history: History) -> Iterator[Execution]:
    """The runs of transactional bodies that came to nothing as their runtime was killed, or taken over meanwhile."""
    for body in history.executions:
        outcome = history.outcomes.get((body.offset, body.task))
        vain = outcome is not None and outcome.value != body.value and body.value not in history.undone
        if vain and history.is_transactional(body.offset, body.task):
            yield body


def too_little_seen(history: History, least: Mapping[str, int]) -> Iterator[str]:
    """Compare what was seen with the least that makes the run count."""
    counts = seen(history)
    for what, number in least.items():
        if counts[what] < number:
            yield f"the run is void: it saw {counts[what]} {what}, and needs {number}"
