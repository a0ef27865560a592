"""A named process that admits and executes flows: owns engine, bodies, heartbeat and sweep, and their threads."""

from __future__ import annotations

import gc
import logging
import os
import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import partial
from operator import attrgetter
from types import TracebackType
from typing import Self

from theflow.database.codec import check_storage, encode
from theflow.database.store import RuntimeStore
from theflow.errors import Fenced, InputError, StoreError, StoreUnavailable, ThreadsLost
from theflow.model.policy import Policies
from theflow.model.scheme import FlowScheme
from theflow.model.shaping import FlowShapingManager
from theflow.model.view import Finding
from theflow.runtime.admission import Admission
from theflow.runtime.backoff import Backoff
from theflow.runtime.client import Client
from theflow.runtime.clock import Clock, DatabaseClock, SystemClock
from theflow.runtime.closing import Closing
from theflow.runtime.definition import SchemeDefinition
from theflow.runtime.engine import Engine
from theflow.runtime.executor import Executor
from theflow.runtime.failpoint import Failpoints
from theflow.runtime.inbox import Inbox
from theflow.runtime.incarnation import Heartbeat, Sweep, take_name, this_holder
from theflow.runtime.lookout import Lookout
from theflow.runtime.options import RuntimeOptions
from theflow.runtime.pools import check_pools
from theflow.runtime.progress import KINDS, Progress
from theflow.runtime.requests import Requests
from theflow.runtime.signals import Signals
from theflow.runtime.uses import check_uses

# Exit codes of `run`, documented in docs/cli.md.
DRAINED = 0
RESTART = 75
ABORTED = 130
# Between two questions to a database that is out of reach, in seconds.
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 5.0
_logger = logging.getLogger("theflow.runtime")


class Runtime:
    """Made by `theflow.bootstrap`, which takes its name; use it in a `with` block, or call `run` in the foreground."""

    def __init__(
        self, store: RuntimeStore, schemes: Sequence[FlowScheme], options: RuntimeOptions, clock: Clock | None = None
    ) -> None:
        _check_schemes(schemes)
        check_pools(schemes, options)
        self._store = store
        self._schemes, self._options = tuple(schemes), options
        self._clock = DatabaseClock(clock or SystemClock())
        self._failpoints = Failpoints.from_environment(os.environ)
        self._inbox = Inbox()
        heart = self._heartbeat = Heartbeat(
            store, self._clock, options.ttl, self._inbox.ring, lambda: self.lost_threads
        )
        # Asked before each body: a partial of C functions is half the price of a lambda.
        trusted = partial(attrgetter("trusted"), heart)
        self._executor = Executor(store, self._inbox, self._clock, options, self._failpoints, trusted)
        self._engine = Engine(store, self._inbox, self._executor, self._clock, self._failpoints)
        self.shaping = FlowShapingManager(Policies.of_schemes(schemes, options.labels))
        self._admission = Admission(store, self._engine, self.shaping, schemes, self._clock, self._failpoints)
        self._admission.flows_of = options.flows_of
        self._holder = this_holder(options.name, options.flows, encode(self.shaping.policies.served()).decode())
        self._sweep = Sweep(store, self._clock, options.ttl, self._holder.host, Requests(store, self._engine).bring)
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._backoff = Backoff(min(_FIRST_PAUSE, options.poll), min(_LONGEST_PAUSE, options.ttl / 3))
        self._closing = Closing(self._engine, self._executor, self._clock)
        self._signals = Signals()
        self._idle_is_end = False
        self._failure: BaseException | None = None
        self._clean, self._released, self._grace = True, False, options.grace
        self._deafen: Callable[[], None] = _nothing
        self._unanswered: set[int] = set()
        try:
            store.prepare()
            store.require_room(options.threads if _write_bodies(schemes) else 0)
            check_uses(schemes, store.limits()[1])
            self._clock.follow(store.now)
            self._engine.begin(take_name(store, self._holder, self._clock, options.ttl, self._unanswered))
            self._register()
            _warn_of(store.doubts())
        except BaseException:
            self._let_go()
            store.close()
            raise
        self.client = Client(store, schemes, self._clock, self._inbox.ring)

    @property
    def name(self) -> str:
        """The name that no other live runtime has."""
        return self._holder.name

    @property
    def incarnation_id(self) -> int:
        """The id of this life of the runtime."""
        return self._engine.incarnation.id

    @property
    def lost_threads(self) -> int:
        """How many of its threads are kept by bodies that went on after their attempts had ended."""
        return self._executor.lost.count

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def subscribe(self, listener: Callable[[Progress], None], kinds: Collection[str] = KINDS) -> None:
        """Call the listener for what happens, of these kinds, on the engine's thread: it must be quick."""
        self._engine.watchers.add(listener, kinds)

    def start(self) -> None:
        """Begin to admit and execute flows, in threads of its own."""
        if self._thread is not None:
            raise InputError(f"runtime {self.name!r} was started already; make another one with theflow.bootstrap")
        self._executor.start()
        self._heartbeat.start(self._engine.incarnation)
        self._deafen = self._store.listen(self._inbox.ring)
        self._thread = threading.Thread(target=self._run, name="theflow-engine", daemon=True)
        self._thread.start()

    def stop(self, grace: float | None = None) -> None:
        """Admit no more, let running bodies end for `grace` seconds, save, and hand the flows over.

        May be called twice. Raises the error that ended the runtime, if one did.
        """
        self._ask_to_stop(self._options.grace if grace is None else grace)
        if self._thread is None:
            self._let_go()
        else:
            self._thread.join()
        self._store.close()
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def run(self) -> int:
        """Run in the foreground until SIGTERM or SIGINT: the first drains, the second aborts. Return the exit code."""
        _tame_collector()
        with self._signals:
            self.start()
            while self._signals.wait() is not None:
                if self._stopping.is_set():
                    self._closing.hurry.set()
                self._ask_to_stop(self._options.grace)
            try:
                self.stop()
            except ThreadsLost:
                return RESTART
        return DRAINED if self._clean else ABORTED

    def run_until_idle(self) -> int:
        """Run in the foreground until none of its flows runs, retries or is due; return the exit code."""
        self._idle_is_end = True
        return self.run()

    def _ask_to_stop(self, grace: float) -> None:
        if not self._stopping.is_set():
            self._grace = grace
            self._stopping.set()
            self._inbox.ring()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    self._live()
                except Fenced as error:
                    self._rejoin(error)
                except ThreadsLost as error:
                    self._failure = error
                    _logger.critical("stopping, to be started again runtime=%s: %s", self.name, error)
                    self._stopping.set()
            self._clean = self._closing.run(self.name, self._grace)
        except BaseException as error:
            # The engine's thread has nobody above it: `stop` raises what ended it.
            self._failure = error
            self._clean = False
            _logger.exception("the runtime ended runtime=%s", self.name)
        finally:
            self._let_go()
            self._signals.end()

    def _live(self) -> None:
        """Turn until told to stop, or fenced."""
        lookout = Lookout(self._store, self._options.poll)
        while not self._stopping.is_set():
            self._executor.lost.check(self._options.ttl)
            try:
                # A beat may be waiting for that body too: so nobody asks here whether this runtime is trusted.
                if not self._engine.gave_way(self._options.poll):
                    self._step(lookout)
            except StoreUnavailable as error:
                self._wait_for_database(error)
            else:
                self._backoff.reset()

    def _step(self, lookout: Lookout) -> None:
        """One turn of the engine, and one look for work if it is worth it; wait if there was neither."""
        if not self._may_write():
            self._stopping.wait(self._options.ttl / 20)
            return
        self._executor.resume()
        self._clock.follow(self._store.now)
        now = self._clock.monotonic()
        # A turn in any case: as long as it is not known what an earlier one has written, nothing may be claimed.
        came_free = self._swept(now)
        if self._engine.turn() or came_free:
            lookout.note()
        admits = not (self._sweep.draining or self._executor.lost.all)
        free = self._options.flows - len(self._engine.flows) if admits else 0
        # While outcomes wait, a look is worth its commit only if it can fill a good part of the places.
        if free and lookout.due(now) and (free * 2 >= self._options.flows or not self._inbox.wait(0.0)):
            came = self._admission.fill(free, self._options.claims)
            lookout.looked(now, came, free, self._admission.throttled)
            if came:
                return
        if self._idle_is_end and not self._engine.flows and self._admission.nothing_left():
            self._stopping.set()
        elif not self._engine.lend() and self._inbox.wait(self._engine.patience(lookout.pause(now))):
            if self._inbox.rung():
                lookout.note()
                self._sweep.hasten(holding=bool(self._engine.flows))
        elif (free or not admits) and lookout.watch(self._clock.now()):
            self._sweep.hasten(holding=bool(self._engine.flows))

    def _wait_for_database(self, error: StoreUnavailable) -> None:
        pause = self._backoff.pause()
        _logger.warning("waiting for the database runtime=%s, again in %.1f s: %s", self.name, pause, error)
        self._stopping.wait(pause)

    def _may_write(self) -> bool:
        """Whether this incarnation is still trusted: if not, others may soon take over, and nothing is written."""
        if self._heartbeat.lost:
            raise Fenced(f"runtime {self.name!r} was taken over by another one")
        return self._heartbeat.trusted

    def _swept(self, now: float) -> bool:
        """Take over who is silent, and hear what is asked, when it is time to look; say whether flows came free."""
        due = self._sweep.due(now, self._options.poll, idle=not self._engine.flows)
        return due and self._sweep.run(self._engine.incarnation) > 0

    def _let_go(self) -> None:
        """Give name and flows back, so that others need not wait for a TTL."""
        if self._released:
            return
        self._released = True
        self._heartbeat.stop()
        self._deafen()
        self._failpoints.reach("during_release")
        self._executor.stop()
        try:
            if self._engine.turns.named:
                self._store.release(self._engine.incarnation)
        except StoreError as error:
            _logger.warning("hand-over failed, others take over after a TTL runtime=%s: %s", self.name, error)

    def _register(self) -> None:
        self._store.register([SchemeDefinition.of(scheme).record() for scheme in self._schemes])

    def _rejoin(self, error: Fenced) -> None:
        """Stop what this incarnation had begun, and live on as a new one; raise if another took the name."""
        _logger.error("fenced, rejoining runtime=%s: %s", self.name, error)
        self._heartbeat.stop()
        self._executor.interrupt()
        self._inbox.drain()
        former = self._engine.incarnation
        while not self._stopping.is_set():
            try:
                if self._engine.incarnation is former:
                    # A turn is refused too when an answer was lost: then nobody took over, and the name is still ours.
                    with suppress(Fenced):
                        self._store.release(former)
                    name = take_name(self._store, self._holder, self._clock, self._options.ttl, self._unanswered)
                    self._engine.begin(name)
                self._register()
            except StoreUnavailable as unavailable:
                self._wait_for_database(unavailable)
                continue
            self._backoff.reset()
            self._heartbeat.start(self._engine.incarnation)
            return


def _write_bodies(schemes: Sequence[FlowScheme]) -> bool:
    return any(task.transactional for scheme in schemes for task in scheme.tasks.values())


def _warn_of(doubts: Sequence[Finding]) -> None:
    for doubt in doubts:
        _logger.warning("%s; %s", doubt.what, doubt.mend)


def _nothing() -> None:
    """Nobody listens yet."""


def _tame_collector() -> None:
    """Spare the collector of cyclic garbage what lives as long as the process, and let it come less often.

    Held flows are many small objects without cycles: looking through all of them again and again took a fifth of the
    time. Only for a process that is the runtime's own.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _check_schemes(schemes: Sequence[FlowScheme]) -> None:
    if not schemes:
        raise InputError("a runtime needs at least one FlowScheme; give it schemes=[...]")
    known: set[tuple[str, int]] = set()
    for scheme in schemes:
        if not isinstance(scheme, FlowScheme):
            raise InputError(f"schemes holds {scheme!r}, which is no FlowScheme")
        check_storage(scheme.name, scheme.storage)
        if not scheme.tasks:
            raise InputError(f"flow {scheme.name!r} has no task")
        if (scheme.name, scheme.version) in known:
            raise InputError(f"two schemes are {scheme.name!r} version {scheme.version}; give one another version")
        known.add((scheme.name, scheme.version))
