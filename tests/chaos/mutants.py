"""What the product must never become, for runtimes that are processes: each mutant breaks one rule of it.

Named as in the list of mutants that every checker of such a system should catch. Those of the simulation are caught
there; here are the ones that need a real database, real threads or a real connection, and two that both must catch.
b1 is about the bank of transactional tasks.
"""

# ruff: noqa: SLF001 - a mutant changes what is inside

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from theflow.database import sql
from theflow.database.batch import Batch
from theflow.database.dialect import Session
from theflow.database.records import Fence, Incarnation
from theflow.database.server import _Reserved
from theflow.errors import StoreError
from theflow.runtime.executor import Executor
from theflow.runtime.incarnation import Heartbeat
from theflow.runtime.lookout import Lookout
from theflow.runtime.turns import Turns

_LOCK_WAIT = 1205
_abandon = _Reserved._abandon
_commit = Turns.commit
_begin = Executor.start
LOOPS: list[Any] = []


def open_turn_without_fence(session: Session, fence: Fence) -> None:
    """m1: a write is not asked who owns the epoch."""
    session.run("mark_turn", fence._asdict())


def commit_again_as_another_turn(turns: Turns, batch: Batch) -> None:
    """m3: a lost answer is taken for a lost commit, and the same work is written under a new number."""
    if turns._unknown is not None:
        turns._turn = turns._store.read_turn(turns.incarnation)
        turns._unknown = None
    _commit(turns, batch)


def due_when_called(lookout: Lookout, _: float) -> bool:
    """m9: only who is called looks."""
    return lookout._noted


def watch_nothing(*_: object) -> bool:
    """m9: nobody asks whether the database has changed."""
    return False


def remember_loop(executor: Executor) -> None:
    """m11: where bodies run is also where the heart beats."""
    LOOPS[:] = [executor._loop]
    _begin(executor)


def beat_on_the_loop(heartbeat: Any, incarnation: Incarnation) -> None:
    """m11: the heart beats on the loop of the bodies."""
    heartbeat.lost = False
    heartbeat._trusted_until = heartbeat._deadline()
    loop = LOOPS[0]

    def beat() -> None:
        if heartbeat._stop.is_set():
            return
        if heartbeat._store.beat(incarnation):
            heartbeat._trusted_until = heartbeat._deadline()
            loop.call_later(heartbeat._ttl / 4, beat)
        else:
            heartbeat.lost = True
            heartbeat._alarm()

    loop.call(beat)


def abandon_without_rollback(reserved: _Reserved, error: BaseException) -> None:
    """m12: a lock that did not come in time is taken for the end of the transaction."""
    cause = getattr(error, "__cause__", None) or error
    if not cause.args or cause.args[0] != _LOCK_WAIT:
        _abandon(reserved, error)


def commit_rows_before_their_outcome(turns: Turns, transaction: Any, batch: Batch) -> StoreError | None:
    """b1: what the body has written is committed apart, and the outcome after it, in a turn of its own."""
    # Called again when the outcome could not be written: by then the rows are there.
    if not transaction.connection.over:
        try:
            with transaction._loan.completed():
                pass
        except StoreError as error:
            return error
    turns.commit(batch)
    return None


Patch = tuple[Any, str, Callable[..., Any]]
MUTANTS: dict[str, Sequence[Patch]] = {
    "m1 no fence": [(sql, "_open_turn", open_turn_without_fence)],
    "m3 lost answers are written again": [(Turns, "commit", commit_again_as_another_turn)],
    "m9 notify without poll": [(Lookout, "due", due_when_called), (Lookout, "watch", watch_nothing)],
    "m11 heart on the loop of bodies": [
        (Executor, "start", remember_loop),
        (Heartbeat, "start", beat_on_the_loop),
    ],
    "m12 no rollback after a lock wait": [(_Reserved, "_abandon", abandon_without_rollback)],
    "b1 rows before their outcome": [(Turns, "commit_within", commit_rows_before_their_outcome)],
}


@contextmanager
def patched(patches: Sequence[Patch]) -> Iterator[None]:
    """Let the product be a mutant for a while."""
    before = [(target, name, target.__dict__[name]) for target, name, _ in patches]
    for target, name, mutant in patches:
        setattr(target, name, mutant)
    try:
        yield
    finally:
        for target, name, value in before:
            setattr(target, name, value)
