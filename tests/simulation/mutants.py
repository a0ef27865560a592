"""What the product must never become: each mutant breaks one rule, and the simulation has to notice.

Named as in the list of mutants that every checker of such a system should catch (m1 and so on), and for defects that
this simulation has found (f1 and so on).
"""

# ruff: noqa: SLF001 - a mutant changes what is inside

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from theflow.database.memory import MemoryStore
from theflow.database.memory_queue import MemoryJob
from theflow.database.memory_runtimes import MemoryRuntime, MemoryRuntimes
from theflow.database.store import Batch, Fence, Incarnation, RuntimeRecord
from theflow.errors import Fenced, StoreError
from theflow.runtime.admission import Admission
from theflow.runtime.engine import Engine
from theflow.runtime.incarnation import Heartbeat, Sweep

_commit = Engine._commit
_give_back = Admission._give_back
_runtimes = MemoryStore.runtimes


def check_turn_alone(runtimes: MemoryRuntimes, fence: Fence) -> MemoryRuntime:
    """m1: a write is not asked for its epoch."""
    runtime = runtimes._runtimes[fence.id - 1]
    if runtime.turn != fence.turn - 1:
        raise Fenced("turn")
    return runtime


def commit_by_and_by(engine: Any, batch: Batch) -> None:
    """m2: bodies start before what decided on them is on disk."""
    waiting = engine.__dict__.pop("waiting", None)
    if waiting is not None:
        _commit(engine, waiting)
    engine.waiting = batch


def commit_again_as_another_turn(engine: Engine, batch: Batch) -> None:
    """m3: a lost answer is taken for a lost commit, and the same work is written under a new number."""
    engine._turn = engine._store.read_turn(engine.incarnation)
    engine._unknown = None
    _commit(engine, batch)


def beat_by_name(store: MemoryStore, incarnation: Incarnation) -> bool:
    """m4: a beat does not ask whose it is."""
    for runtime in store._runtimes.live():
        if runtime.holder.name == incarnation.name:
            runtime.beat += 1
            return True
    return False


def remember_who_holds_what(store: Any) -> list[RuntimeRecord]:
    """m5: a look at the runtimes notes their flows."""
    store.noted = getattr(store, "noted", {})
    records = _runtimes(store)
    for record in records:
        number = record.incarnation.id
        store.noted[number] = [job.offset for job in store._queue.held_by(number)]
    return records


def take_over_what_was_noted(store: Any, incarnation: Incarnation) -> int:
    """m5: what an old look has noted is freed, whoever holds it now."""
    runtime = store._runtimes.find(incarnation)
    if runtime is not None:
        store._runtimes.end(runtime, "lost")
    noted = store.noted.pop(incarnation.id, [])
    for offset in noted:
        job = store._queue.get(offset)
        if job is not None:
            job.owner = None
    return len(noted)


def sweep_by_an_old_look(sweep: Any, own: Incarnation) -> int:
    """m5: who seemed silent a while ago is taken over now."""
    silent, sweep.silent = getattr(sweep, "silent", []), []
    for record in sweep._store.runtimes():
        if record.incarnation.id != own.id and sweep._has_lapsed(record):
            sweep.silent.append(record)
    return sum(sweep._store.take_over(record.incarnation) for record in silent)


def count_no_claim(job: MemoryJob, ended: int) -> None:
    """m6: what counts is a failure, and a crash reports none."""
    job.progress = max(ended, job.progress)


def lapse_by_wall_clock(sweep: Sweep, record: RuntimeRecord) -> bool:
    """m8: silence is measured by a clock that jumps."""
    now = sweep._clock.now() / 1_000_000
    state = (record.incarnation.epoch, record.beat)
    known = sweep._seen.get(record.incarnation.id)
    if known is None or known[:2] != state:
        sweep._seen[record.incarnation.id] = (*state, now)
        return False
    return now - known[2] >= sweep._ttl


def give_back_once(admission: Admission) -> None:
    """m10: an error while claims are put right is swallowed, and nobody tries again."""
    try:
        _give_back(admission)
    except StoreError:
        admission._astray.clear()


def sweep_until_an_error(sweep: Any, own: Incarnation) -> int:
    """m10: an error in the sweep is swallowed, and ends it."""
    if not hasattr(sweep, "tired"):
        try:
            for record in sweep._store.runtimes():
                if record.incarnation.id != own.id and sweep._has_lapsed(record):
                    sweep._store.take_over(record.incarnation)
        except StoreError:
            sweep.tired = True
    return 0


def settle_nothing(engine: Engine) -> None:
    """f1: the turn of a claim in doubt is used for the next commit."""
    if engine._doubted is not None:
        engine._doubted = None


def settle_by_a_question_alone(engine: Engine) -> None:
    """f2: a claim that has not happened yet is taken for one that never will."""
    if engine._doubted is not None:
        engine.happened(engine._doubted)
        engine._doubted = None


def trusted_by_its_word(heartbeat: Heartbeat) -> bool:
    """f3: a runtime trusts itself until it is told that it is lost."""
    return not heartbeat.lost


def know_no_name(*_: object) -> bool:
    """f4: a runtime takes its own name for that of another."""
    return False


Patch = tuple[Any, str, Callable[..., Any] | property]
MUTANTS: dict[str, Sequence[Patch]] = {
    "m1 no fence": [(MemoryRuntimes, "check", check_turn_alone)],
    "m2 obeyed before it is saved": [(Engine, "_commit", commit_by_and_by)],
    "m3 lost answers are written again": [(Engine, "_commit", commit_again_as_another_turn)],
    "m4 beat without owner": [(MemoryStore, "beat", beat_by_name)],
    "m5 take-over by an old look": [
        (MemoryStore, "runtimes", remember_who_holds_what),
        (MemoryStore, "take_over", take_over_what_was_noted),
        (Sweep, "run", sweep_by_an_old_look),
    ],
    "m6 claims count when they fail": [(MemoryJob, "count_claim", count_no_claim)],
    "m8 silence by the wall clock": [(Sweep, "_has_lapsed", lapse_by_wall_clock)],
    "m10 claims put right once": [(Admission, "_give_back", give_back_once)],
    "m10 sweep ends with an error": [(Sweep, "run", sweep_until_an_error)],
    "f1 a doubted turn is used again": [(Engine, "settle", settle_nothing)],
    "f2 a doubted turn stays open": [(Engine, "settle", settle_by_a_question_alone)],
    "f3 trust without a deadline": [(Heartbeat, "trusted", property(trusted_by_its_word))],
    "f4 own name not known": [("theflow.runtime.incarnation", "_is_own", know_no_name)],
}
