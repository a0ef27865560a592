"""One life of a runtime: it takes the name, beats in a thread of its own, and notices others that no longer do."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from zlib import crc32

from theflow.database.records import Holder, Incarnation, RuntimeRecord
from theflow.database.store import RuntimeStore
from theflow.errors import CommitUnknown, RuntimeNameTaken, StoreError
from theflow.runtime.clock import Clock
from theflow.runtime.process import is_gone, life_of, this_host

# The share of a TTL after which a runtime that could not beat writes no more: a margin before others may take over.
_TRUST = 0.8
# So many seconds lie at least between two looks at the runtimes, however often there may be something new.
_SOON = 0.1
# So many flows whose time to start has passed are ended in one transaction.
_EXPIRED_AT_ONCE = 100
_logger = logging.getLogger("theflow.incarnation")


def this_holder(name: str | None, flows: int, classes: str) -> Holder:
    """Describe this process as the home of a runtime; without a name it gets one from host and pid."""
    host = this_host()
    pid = os.getpid()
    return Holder(
        name=name or f"{host.partition('/')[0]}-{pid}",
        host=host,
        pid=pid,
        life=life_of(pid) or "",
        flows=flows,
        classes=classes,
    )


def take_name(
    store: RuntimeStore, holder: Holder, clock: Clock, ttl: float, unanswered: set[int] | None = None
) -> Incarnation:
    """Take the runtime name; a holder on this host whose process is gone is taken over at once.

    One on another host is watched: it is taken over if it is silent for a whole TTL. Raises RuntimeNameTaken if a live
    one holds the name. `unanswered` keeps, from call to call, when this runtime asked and heard nothing: what was
    taken then is its own.
    """
    unanswered = set() if unanswered is None else unanswered
    try:
        return _ask_for_name(store, holder, clock.now(), unanswered)
    except RuntimeNameTaken:
        held = _held(store, holder.name)
        if held is not None and _is_own(held, holder, unanswered):
            return held.incarnation
        if held is not None:
            beat = _last_beat(store, held, holder.host, clock, ttl)
            if beat is None:
                raise
            store.take_over(held.incarnation, beat)
    return _ask_for_name(store, holder, clock.now(), unanswered)


def _ask_for_name(store: RuntimeStore, holder: Holder, now: int, unanswered: set[int]) -> Incarnation:
    try:
        return store.take_name(holder, now)
    except CommitUnknown:
        unanswered.add(now)
        held = _held(store, holder.name)
        if held is None or not _is_own(held, holder, unanswered):
            raise
        return held.incarnation


def _is_own(held: RuntimeRecord, holder: Holder, unanswered: set[int]) -> bool:
    """Whether the name was taken by a question of this runtime whose answer was lost."""
    return held.holder == holder and held.started_at in unanswered


def _held(store: RuntimeStore, name: str) -> RuntimeRecord | None:
    return next((record for record in store.runtimes() if record.holder.name == name), None)


def _last_beat(store: RuntimeStore, held: RuntimeRecord, host: str, clock: Clock, ttl: float) -> int | None:
    """Return the newest beat of a holder that has ended, None if it lives.

    Its process is asked for where that can be done; elsewhere it is watched whether it stays silent for a TTL.
    """
    if held.holder.host == host:
        if not is_gone(held.holder, host):
            return None
        # It may have beaten once more between the look and its end.
        last = _held(store, held.holder.name)
        return held.beat if last is None else last.beat
    until = clock.monotonic() + ttl
    while clock.monotonic() < until:
        threading.Event().wait(ttl / 20)
        now = _held(store, held.holder.name)
        if now is None:
            return held.beat
        if (now.incarnation, now.beat) != (held.incarnation, held.beat):
            return None
    return held.beat


def _none() -> int:
    """No thread is lost where there are none."""
    return 0


class Heartbeat:
    """Raises the beat every quarter of the TTL, on a thread and a connection that no task can hold up."""

    def __init__(
        self,
        store: RuntimeStore,
        clock: Clock,
        ttl: float,
        alarm: Callable[[], None],
        lost_threads: Callable[[], int] = _none,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ttl = ttl
        self._alarm = alarm
        self._lost_threads = lost_threads
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._trusted_until = 0.0
        # The name is taken after this moment, and others count from there, however late the beating starts.
        self._before_name = clock.monotonic()
        self.lost = False

    def start(self, incarnation: Incarnation) -> None:
        """Beat for this incarnation from now on."""
        self.lost = False
        self._stop = threading.Event()
        self._trusted_until = self._before_name + self._ttl * _TRUST
        self._thread = threading.Thread(
            target=self._run, args=(incarnation, self._stop), name="theflow-heartbeat", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Beat no longer."""
        self._stop.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(self._ttl)
            self._thread = None
        self._before_name = self._clock.monotonic()

    @property
    def trusted(self) -> bool:
        """Whether nobody can have taken over yet: the runtime stops writing a margin before others may start."""
        return not self.lost and self._clock.monotonic() < self._trusted_until

    def _run(self, incarnation: Incarnation, stop: threading.Event) -> None:
        # Whoever starts too late to be trusted beats at once; that says whether he was taken over meanwhile.
        pause = self._ttl / 4 if self.trusted else 0.0
        while not stop.wait(pause):
            pause = self._ttl / 4
            # Counted from before the question: an answer that was long under way must not lengthen the trust.
            deadline = self._deadline()
            try:
                alive = self._store.beat(incarnation, self._lost_threads())
            except StoreError as error:
                _logger.warning("heartbeat failed, tried again runtime=%s: %s", incarnation.name, error)
                continue
            if not alive:
                self.lost = True
                self._alarm()
                return
            self._trusted_until = deadline

    def _deadline(self) -> float:
        return self._clock.monotonic() + self._ttl * _TRUST


class Sweep:
    """Takes over incarnations that this runtime has itself seen silent for one TTL, or whose process is gone here.

    The same look says whether somebody asked something of a flow that this runtime holds: then it is told to `hear`.
    Beside it the flows are ended that have not started in time, whatever their class.
    """

    def __init__(self, store: RuntimeStore, clock: Clock, ttl: float, host: str, hear: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._ttl = ttl
        self._host = host
        self._hear = hear
        self._seen: dict[int, tuple[int, int, float]] = {}
        self._next = float("-inf")
        self._looked = clock.monotonic()
        # The longest time between two looks that still counts as watching.
        self._longest = float("inf")
        self._rests = False
        self._newest = float("-inf")
        # Whether this runtime itself was told to admit no more, at the newest look.
        self.draining = False

    def due(self, now: float, poll: float, *, idle: bool) -> bool:
        """Whether to look at the others now: once a poll, and seldom where there is nobody and nothing to do.

        Who comes meanwhile is seen by his writing: then `hasten`.
        """
        if now < self._next:
            return False
        self._newest = now
        self._rests = idle and not self._seen
        pause = max(poll, self._ttl / 4) if self._rests else poll
        self._next = now + pause
        self._longest = self._ttl / 2 + 2 * pause
        return True

    def hasten(self, *, holding: bool) -> None:
        """Look soon, as somebody has written: there may be a neighbour, or a request for one of the flows in hand."""
        if self._rests or holding:
            self._next = min(self._next, self._newest + _SOON)

    def run(self, own: Incarnation) -> int:
        """Look at all others once; return how many flows came free or expired. No error with one stops the rest."""
        everybody = self._store.runtimes()
        mine = [record for record in everybody if record.incarnation.id == own.id]
        self._note_draining(own, draining=any(record.draining for record in mine))
        self._watch_anew_if_held_up()
        if any(record.asked for record in mine):
            self._hear()
        records = [record for record in everybody if record.incarnation.id != own.id]
        lapsed = [record for record in records if self._has_lapsed(record)]
        self._seen = {record.incarnation.id: self._seen[record.incarnation.id] for record in records}
        # Each contender goes in an order of its own, so that they do not all begin with the same one.
        lapsed.sort(key=lambda record: crc32(b"%d/%d" % (own.id, record.incarnation.id)))
        freed = 0
        for record in lapsed:
            try:
                flows = self._store.take_over(record.incarnation, record.beat)
            except StoreError as error:
                _logger.warning("take-over failed, tried again runtime=%s: %s", record.holder.name, error)
                continue
            if flows >= 0:
                freed += flows
                _logger.warning(
                    "runtime taken over runtime=%s pid=%d flows=%d", record.holder.name, record.holder.pid, flows
                )
        return freed + self._expire()

    def _expire(self) -> int:
        """End flows that have not started in time, whoever could run them; some are left for the next look."""
        ended = self._store.expire(self._clock.now(), _EXPIRED_AT_ONCE)
        if ended == _EXPIRED_AT_ONCE:
            self._next = self._newest + _SOON
        return ended

    def _note_draining(self, own: Incarnation, *, draining: bool) -> None:
        """Note what this runtime was told by somebody else, and say so when that changes."""
        if draining != self.draining:
            told = "told to admit no more flows" if draining else "told to admit flows again"
            _logger.warning("%s runtime=%s", told, own.name)
        self.draining = draining

    def _watch_anew_if_held_up(self) -> None:
        """Forget who was silent if this runtime could not look itself: it may be that nobody could be heard.

        When a database comes back that was out of reach for all, the first to see it must not take over all others.
        """
        now = self._clock.monotonic()
        if now - self._looked > self._longest:
            self._seen.clear()
        self._looked = now

    def _has_lapsed(self, record: RuntimeRecord) -> bool:
        now = self._clock.monotonic()
        state = (record.incarnation.epoch, record.beat)
        known = self._seen.get(record.incarnation.id)
        if known is None or known[:2] != state:
            self._seen[record.incarnation.id] = (*state, now)
            return is_gone(record.holder, self._host)
        return now - known[2] >= self._ttl or is_gone(record.holder, self._host)
