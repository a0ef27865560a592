"""What the product must never become: each mutant breaks one rule, and the simulation has to notice.

Named as in the list of mutants that every checker of such a system should catch (m1 and so on), and for defects that
this simulation has found (f1 and so on); t1 and so on are about transactional tasks, c1 and so on about flows that
somebody cancels.
"""

# ruff: noqa: SLF001 - a mutant changes what is inside

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from tests.simulation.line import Line
from theflow.database.batch import Batch
from theflow.database.memory import MemoryStore
from theflow.database.memory_flow import MemoryFlow
from theflow.database.memory_queue import MemoryJob, MemoryQueue
from theflow.database.memory_runtimes import MemoryRuntime, MemoryRuntimes
from theflow.database.records import Fence, Incarnation, RuntimeRecord, Told
from theflow.errors import Fenced, StoreError
from theflow.model.flow_data import FlowDataObject
from theflow.model.status import FlowStatus
from theflow.model.view import Request
from theflow.runtime.admission import Admission
from theflow.runtime.engine import Engine
from theflow.runtime.inbox import Posted
from theflow.runtime.incarnation import Heartbeat, Sweep
from theflow.runtime.requests import Requests
from theflow.runtime.turns import Turns
from theflow.runtime.work import Work

_commit = Turns.commit
_decide = Engine._decide
_give_back = Admission._give_back
_runtimes = MemoryStore.runtimes
_take_over = MemoryStore.take_over


def check_turn_alone(runtimes: MemoryRuntimes, fence: Fence) -> MemoryRuntime:
    """m1: a write is not asked for its epoch."""
    runtime = runtimes._runtimes[fence.id - 1]
    if runtime.turn != fence.turn - 1:
        raise Fenced("turn")
    return runtime


def commit_by_and_by(turns: Any, batch: Batch) -> None:
    """m2: bodies start before what decided on them is on disk."""
    waiting = turns.__dict__.pop("waiting", None)
    if waiting is not None:
        _commit(turns, waiting)
    turns.waiting = batch


def commit_again_as_another_turn(turns: Turns, batch: Batch) -> None:
    """m3: a lost answer is taken for a lost commit, and the same work is written under a new number."""
    turns._turn = turns._store.read_turn(turns.incarnation)
    turns._unknown = None
    _commit(turns, batch)


def beat_by_name(store: MemoryStore, incarnation: Incarnation, _lost: int = 0) -> bool:
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


def take_over_what_was_noted(store: Any, incarnation: Incarnation, _beat: int) -> int:
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
    sweep._hear()
    silent, sweep.silent = getattr(sweep, "silent", []), []
    for record in sweep._store.runtimes():
        if record.incarnation.id != own.id and sweep._has_lapsed(record):
            sweep.silent.append(record)
    return sum(sweep._store.take_over(record.incarnation, record.beat) for record in silent)


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
    with suppress(StoreError):
        sweep._hear()
    if not hasattr(sweep, "tired"):
        try:
            for record in sweep._store.runtimes():
                if record.incarnation.id != own.id and sweep._has_lapsed(record):
                    sweep._store.take_over(record.incarnation, record.beat)
        except StoreError:
            sweep.tired = True
    return 0


def settle_nothing(turns: Turns) -> None:
    """f1: the turn of a claim in doubt is used for the next commit."""
    if turns._doubted is not None:
        turns._doubted = None


def settle_by_a_question_alone(turns: Turns) -> None:
    """f2: a claim that has not happened yet is taken for one that never will."""
    if turns._doubted is not None:
        turns.happened(turns._doubted)
        turns._doubted = None


def trusted_by_its_word(heartbeat: Heartbeat) -> bool:
    """f3: a runtime trusts itself until it is told that it is lost."""
    return not heartbeat.lost


def know_no_name(*_: object) -> bool:
    """f4: a runtime takes its own name for that of another."""
    return False


def take_over_whatever_it_beat(store: Any, incarnation: Incarnation, _beat: int) -> int:
    """f5: whoever was stopped between look and take-over takes over a runtime that has beaten since."""
    runtime = store._runtimes.find(incarnation)
    return -1 if runtime is None else _take_over(store, incarnation, runtime.beat)


def commit_rows_behind_their_outcome(turns: Turns, transaction: Any, batch: Batch) -> None:
    """t1: the outcome is saved like any other, and what the body has written is committed after it."""
    turns.commit(batch)
    fence = turns.next_fence
    transaction.commit(fence, Batch())
    turns.turned(fence)


def commit_rows_without_a_fence(line: Any, row: Any, fence: Fence, batch: Batch) -> None:
    """t2: what the body has written is committed, whatever becomes of its outcome."""
    line._store.rows.append(row)
    line.commit(fence, batch)


def free_without_requests(queue: MemoryQueue, owner: int) -> int:
    """c1: what was asked of a flow is forgotten when its runtime is taken over."""
    held = queue.held_by(owner)
    for job in held:
        job.owner, job.asked = None, False
    return len(held)


def claim_as_if_nothing_were_asked(data: FlowDataObject, _requests: object) -> FlowDataObject:
    """c2: whoever takes a flow over does not see what was asked of it."""
    return data


def hear_last(engine: Engine, posted: Iterable[Posted]) -> Work:
    """c3: a request is decided on behind what starts in the same turn."""
    hearing = engine.hearing
    held, hearing._held = hearing._held, {}
    work = _decide(engine, posted)
    for offset in engine.flows.keys() & held.keys():
        hearing._hear(work.of(engine.flows[offset]), held[offset][0], engine._clock.now())
    return work


def hear_nothing(_requests: Requests) -> None:
    """c4: a request never comes to the engine."""


def cancel_without_asking_the_holder(
    store: MemoryStore, flow: MemoryFlow, job: MemoryJob | None, request: Request
) -> Told:
    """c5: a flow is ended, though a runtime holds it."""
    if job is None or flow.stand.ended:
        return Told(flow.stand)
    flow.cancel(request)
    store._queue.remove(job.offset)
    return Told(FlowStatus.CANCELLED)


Patch = tuple[Any, str, Callable[..., Any] | property]
MUTANTS: dict[str, Sequence[Patch]] = {
    "m1 no fence": [(MemoryRuntimes, "check", check_turn_alone)],
    "m2 obeyed before it is saved": [(Turns, "commit", commit_by_and_by)],
    "m3 lost answers are written again": [(Turns, "commit", commit_again_as_another_turn)],
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
    "f1 a doubted turn is used again": [(Turns, "settle", settle_nothing)],
    "f2 a doubted turn stays open": [(Turns, "settle", settle_by_a_question_alone)],
    "t1 rows behind their outcome": [(Turns, "commit_within", commit_rows_behind_their_outcome)],
    "t2 rows without a fence": [(Line, "commit_with", commit_rows_without_a_fence)],
    "f4 own name not known": [("theflow.runtime.incarnation", "_is_own", know_no_name)],
    "f5 take-over names no beat": [(MemoryStore, "take_over", take_over_whatever_it_beat)],
    "c1 a request ends with its runtime": [(MemoryQueue, "free_all", free_without_requests)],
    "c2 a claim sees no request": [(FlowDataObject, "asked_to_end", claim_as_if_nothing_were_asked)],
    "c3 a request comes last": [(Engine, "_decide", hear_last)],
    "c4 a request is not heard": [(Requests, "bring", hear_nothing)],
    "c5 a held flow is ended by others": [(MemoryStore, "_cancel", cancel_without_asking_the_holder)],
}

# Caught once in twenty thousand schedules, or not at all: a written one shows it each time.
SELDOM: dict[str, Sequence[Patch]] = {
    "f3 trust without a deadline": [(Heartbeat, "trusted", property(trusted_by_its_word))],
}
