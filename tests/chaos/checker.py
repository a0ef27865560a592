"""Asks every rule about a history; the first that is broken ends it, with the ids that it is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tests.chaos.history import History
from tests.chaos.rules.effects import bank_off_balance, effects_off_the_record
from tests.chaos.rules.fencing import refused_for_nothing, turns_without_marker, writes_of_others
from tests.chaos.rules.liveness import failed_flows, sick_runtimes, stuck_flows, too_little_seen
from tests.chaos.rules.order import early_children, overlapping_flows, overtaken_flows
from tests.chaos.rules.outcomes import (
    changed_outcomes,
    outcomes_of_nobody,
    outcomes_of_two_turns,
    repeated_logs,
    strange_storages,
)
from tests.chaos.rules.reruns import bodies_after_outcomes, unexcused_overlaps
from tests.chaos.rules.resources import kept_resources
from tests.chaos.rules.submits import lost_or_doubled_submits

Rule = Callable[[History], Iterable[str]]
RULES: tuple[tuple[str, Rule], ...] = (
    ("C1 submits", lost_or_doubled_submits),
    ("C2 outcomes", changed_outcomes),
    ("C2 outcomes", outcomes_of_nobody),
    ("C2 outcomes", outcomes_of_two_turns),
    ("C2 outcomes", strange_storages),
    ("C2 outcomes", repeated_logs),
    ("C3 reruns", bodies_after_outcomes),
    ("C3 reruns", unexcused_overlaps),
    ("C4 fencing", writes_of_others),
    ("C4 fencing", turns_without_marker),
    ("C4 fencing", refused_for_nothing),
    ("C5 order", overtaken_flows),
    ("C5 order", early_children),
    ("C5 order", overlapping_flows),
    ("C6 bank", bank_off_balance),
    ("C6 effects", effects_off_the_record),
    ("C10 resources", kept_resources),
    ("C11 liveness", stuck_flows),
    ("C11 liveness", failed_flows),
    ("C11 liveness", sick_runtimes),
)
_SHOWN = 5


class Broken(AssertionError):
    """A rule is broken."""


def check(history: History, least: Mapping[str, int]) -> None:
    """Raise Broken for the first rule that does not hold, or if too little was seen."""
    for name, rule in RULES:
        refuse(name, rule(history))
    refuse("C11 non-vacuity", too_little_seen(history, least))


def refuse(name: str, objections: Iterable[str]) -> None:
    """Raise Broken if there are objections."""
    found = list(objections)
    if found:
        raise Broken("\n".join([f"{name}: {len(found)} objections", *found[:_SHOWN]]))
