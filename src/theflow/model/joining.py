"""When a task may start that comes after several: the join rules. Success is counted in the plan; this is the rest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from theflow.errors import SchemeError
from theflow.model.status import TaskStatus

ALL, ANY, ALL_DONE = "all", "any", "all_done"
SKIP, RUN = "skip", "run"
Join = str | int


class Joined(Protocol):
    """What the rules need to know of a task."""

    @property
    def after(self) -> tuple[str, ...]:
        """The names of the tasks before it."""

    @property
    def join(self) -> Join:
        """How many of them it needs."""

    @property
    def if_skipped(self) -> str:
        """Whether one that was skipped counts as done ("run"), or lets this one be skipped too ("skip")."""


class Stand(NamedTuple):
    """What has become of the tasks before one: how many have this outcome."""

    succeeded: int = 0
    skipped: int = 0
    failed: int = 0
    open: int = 0

    @classmethod
    def of(cls, statuses: Iterable[TaskStatus]) -> Stand:
        """Count outcomes; one that was cancelled has none that anybody may go on with."""
        succeeded = skipped = failed = still = 0
        for status in statuses:
            if status is TaskStatus.SUCCEEDED:
                succeeded += 1
            elif status is TaskStatus.SKIPPED:
                skipped += 1
            elif status is TaskStatus.FAILED:
                failed += 1
            else:
                still += 1
        return cls(succeeded, skipped, failed, still)


class Verdict(NamedTuple):
    """What the rules say of a task: `holds` outcomes are still missing; or it never starts, and why."""

    holds: int = 0
    skipped: bool = False
    broken: bool = False


def needed(total: int, join: Join) -> int:
    """How many outcomes a task waits for at first, of so many tasks before it."""
    if join == ANY:
        return min(total, 1)
    return min(total, join) if isinstance(join, int) else total


def judge(task: Joined, stand: Stand) -> Verdict:
    """Say how a task stands, given those before it.

    A failure breaks a task that needs more successes than can still come. Where only skips are in the way it is skipped
    too, but not before all have ended: the order in which they end must not decide.
    """
    if task.join == ALL_DONE:
        return Verdict(stand.open)
    done = stand.succeeded + (stand.skipped if task.if_skipped == RUN else 0)
    missing = max(needed(len(task.after), task.join) - done, 0)
    if missing <= stand.open:
        return Verdict(missing)
    return Verdict(missing, broken=bool(stand.failed), skipped=not (stand.failed or stand.open))


def checked_join(place: str, join: object) -> Join:
    """Return a join rule; raise SchemeError for what is none."""
    if join in (ALL, ANY, ALL_DONE) and isinstance(join, str):
        return join
    if type(join) is int and join >= 1:
        return join
    raise SchemeError(f"{place}: join is {join!r}; it must be 'all', 'any', 'all_done' or an int from 1 up")


def check_reach(place: str, join: Join, total: int) -> None:
    """Raise SchemeError for a task that could never start, coming after so many."""
    if isinstance(join, int) and join > total:
        raise SchemeError(f"{place}: join is {join}, and it comes after {total} tasks; lower it, or add to after=[...]")
