"""C2: a task has one outcome, which never changes, and it is what exactly the attempt on record returned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tests.chaos.flows import CHAIN, PARENTS
from tests.chaos.history import ENDED, History, TaskEnd


def changed_outcomes(history: History) -> Iterator[str]:
    """Look for an outcome that was written, changed or deleted after the first."""
    for row in history.audit:
        if row.tbl == "flow_task" and row.old in ENDED:
            yield f"task {row.name} of offset {row.pk} was {row.old}; audit {row.seq} has a later {row.op} to {row.new}"


def outcomes_of_nobody(history: History) -> Iterator[str]:
    """Compare each recorded result with what the body of that attempt, in that incarnation, returned."""
    for task in history.tasks:
        row = history.outcomes.get((task.offset, task.name))
        if task.status not in ENDED:
            continue
        if row is None or (row.value, row.term, row.owner) != (task.value, task.attempt, task.runtime):
            yield f"{_named(task)} differs from the outcome that the audit saw: {row}"
        body = history.by_value.get(task.value or "")
        if body is None or not body.well:
            yield f"{_named(task)} has the result {task.value!r}, which no body returned"
        elif (body.offset, body.task, body.attempt, body.inc) != (
            task.offset,
            task.name,
            task.attempt,
            task.runtime,
        ):
            yield f"{_named(task)} is on record as attempt {task.attempt} of incarnation {task.runtime}; it was {body}"


def strange_storages(history: History) -> Iterator[str]:
    """Compare the storage of each flow that has ended with what its recorded attempts put there."""
    values = {(task.offset, task.name): task.value for task in history.tasks}
    for flow in history.flows:
        if flow.status == "succeeded" and flow.flow_class == CHAIN:
            wanted = tuple(values.get((flow.offset, name)) for name in PARENTS[CHAIN])
            if flow.trail != wanted:
                yield f"the storage of offset {flow.offset} holds {flow.trail}; its tasks returned {wanted}"


def repeated_logs(history: History) -> Iterator[str]:
    """Look for a log line that was saved twice: a batch that was written again."""
    for value, count in history.logged.items():
        if count > 1:
            body = history.by_value.get(value)
            yield f"a line logged once stands {count} times in the log: {body}"


def outcomes_of_two_turns(history: History) -> Iterator[str]:
    """Look for an outcome that two turns have written: an answer that was lost was taken for a commit that was.

    A body's commit that did not come through has its turn used up by an empty one: then the turn happened, and its
    outcome, known by the value that no other run returns, did not.
    """
    written = {row.value for row in history.audit if row.tbl == "flow_task" and row.new in ENDED}
    happened = {(row.pk, row.owner) for row in history.audit if row.tbl == "runtime"}
    turns: dict[tuple[int, str, int, int], set[int]] = defaultdict(set)
    for event in history.of("commit", "ok", "unknown"):
        used_up = event.phase == "unknown" and "lent" in event.about and event["lent"] not in written
        if (event["inc"], event["turn"]) in happened and not used_up:
            for offset, task, attempt in event["outcomes"]:
                turns[offset, task, attempt, event["inc"]].add(event["turn"])
    for (offset, task, _, inc), found in turns.items():
        if len(found) > 1:
            yield f"the outcome of {task} of offset {offset} was written by turns {sorted(found)} of incarnation {inc}"


def _named(task: TaskEnd) -> str:
    return f"task {task.name} of offset {task.offset}"
