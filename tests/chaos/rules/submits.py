"""C1: every acknowledged submit is one flow, one that failed is none, and one in doubt is one or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.chaos.history import History


def lost_or_doubled_submits(history: History) -> Iterator[str]:
    """Compare the tickets that were given out with those in the database."""
    found = Counter(flow.ticket for flow in history.flows)
    place = {flow.ticket: flow.offset for flow in history.flows}
    asked = {ticket for event in history.of("submit", "invoke") for ticket in event["tickets"]}
    yield from (f"ticket {each} is there, and nobody submitted it" for each in found if each not in asked)
    yield from (f"ticket {each} is there {count} times" for each, count in found.items() if count > 1)
    acknowledged: set[str] = set()
    for event in history.of("submit", "ok"):
        for ticket, offset in zip(event["tickets"], event["offsets"], strict=True):
            acknowledged.add(ticket)
            if place.get(ticket) != offset:
                yield f"ticket {ticket} was acknowledged as offset {offset}; it is at {place.get(ticket)}"
    # One that was in doubt is submitted again under its key: the first time may have made it, though the second failed.
    in_doubt = {ticket for event in history.of("submit", "unknown") for ticket in event["tickets"]}
    for event in history.of("submit", "fail"):
        for ticket in event["tickets"]:
            if ticket in found and ticket not in acknowledged | in_doubt:
                yield f"ticket {ticket} is there, and its submit failed: {event['error']}"
