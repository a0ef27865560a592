"""C6: what was done in the world outside fits what is on record; in the same database it fits to the unit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.chaos.history import History


def effects_off_the_record(history: History) -> Iterator[str]:
    """Compare results with effects, and count that a body ran at most once for each claim of its flow.

    A transactional body runs once more in the same claim for each run that is known to have left nothing.
    """
    effects = {(event["offset"], event["task"], event["value"]) for event in history.of("effect")}
    for task in history.tasks:
        if task.status == "succeeded" and (task.offset, task.name, task.value) not in effects:
            yield f"task {task.name} of offset {task.offset} succeeded with {task.value!r}, and had no such effect"
    runs = Counter((body.offset, body.task) for body in history.executions)
    for (offset, name), count in runs.items():
        claims = len(history.claims.get(offset, ()))
        repeats = history.repeats.get((offset, name), 0)
        if count > claims + repeats:
            yield f"task {name} of offset {offset} ran {count} times for {claims} claims, {repeats} of them in vain"


def bank_off_balance(history: History) -> Iterator[str]:
    """Compare the accounts before and after: each transactional task that succeeded has moved one unit, once."""
    before, after = history.founded, history.accounts
    if sum(before.values()) != sum(after.values()):
        yield f"there were {sum(before.values())} units in all, and now there are {sum(after.values())}"
    done = [task for task in history.tasks if task.status == "succeeded"]
    moves = sum(history.is_transactional(task.offset, task.name) for task in done)
    moved = sum(max(count - after.get(account, 0), 0) for account, count in before.items())
    if moved != moves:
        yield f"{moves} transactional tasks have succeeded, and {moved} units were moved"
