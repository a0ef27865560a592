"""Runs the bodies of tasks: async ones on one background loop, sync ones in threads or in the pool that they name.

Posts what comes of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from theflow.database.store import RuntimeStore, Transaction
from theflow.model.flow import Flow
from theflow.model.message import Ask
from theflow.model.pool import THREAD
from theflow.model.task import Task
from theflow.runtime.attempt import Attempt
from theflow.runtime.attempt_log import LogCapture, current_attempt
from theflow.runtime.body_loop import BodyLoop
from theflow.runtime.body_threads import BodyThreads
from theflow.runtime.clock import Clock
from theflow.runtime.desk import Desk
from theflow.runtime.failpoint import Failpoints
from theflow.runtime.heartbeats import Heartbeats
from theflow.runtime.held_back import HeldBack
from theflow.runtime.inbox import Inbox, Posted
from theflow.runtime.judge import Judge
from theflow.runtime.lost_threads import LostThreads
from theflow.runtime.options import RuntimeOptions
from theflow.runtime.pools import Pools
from theflow.runtime.roster import Roster
from theflow.runtime.scribes import Scribes
from theflow.runtime.transactions import Transactions


class Executor:
    """The bodies under way. The engine tells it what to start; it never touches a flow."""

    def __init__(
        self,
        store: RuntimeStore,
        inbox: Inbox,
        clock: Clock,
        options: RuntimeOptions,
        failpoints: Failpoints,
        trusted: Callable[[], bool],
    ) -> None:
        threads = options.threads
        self._inbox = inbox
        self._clock = clock
        self._failpoints = failpoints
        self._judge = Judge(inbox, clock)
        self._held_back = HeldBack(trusted)
        self._roster = Roster(inbox, clock)
        self._loop = BodyLoop(clock, failpoints, self._held_back.may_begin, self._roster.end_all, self._listen)
        self._heartbeats = Heartbeats(clock, self._loop.call_later, self._give_up)
        self._pool = BodyThreads(threads, lambda attempt: self._run(attempt, _nobody))
        self._pools = Pools(options, Desk(clock, self._roster, self._held_back, self.limit))
        self.lost = LostThreads(threads, clock)
        self._transactions = Transactions(store, clock, failpoints, self._roster, self)
        self._longest = store.lending.longest
        self._beside = store.lending.beside
        self._scribes = Scribes(threads, self._run, self._wake)
        self._capture = LogCapture(clock.now)

    def start(self) -> None:
        """Begin to accept bodies."""
        self._capture.install()
        self._loop.start()

    def ask(self, asks: Sequence[Ask]) -> list[Posted]:
        """Ask the program's conditions and lists; return what is answered at once, the rest comes to the inbox."""
        return self._judge.ask(asks)

    def run(self, tasks: Sequence[Task]) -> None:
        """Start the bodies of these tasks."""
        attempts = [Attempt(task, self._clock) for task in tasks]
        self._roster.join(attempts)
        self._loop.call(self._launch, attempts)

    def run_hook(self, flow: Flow, name: str) -> None:
        """Start the hook of a flow."""
        self.run([Task(flow=flow, scheme=flow.scheme.hooks[name], attempt=1)])

    def resume(self) -> None:
        """Begin what was held back, if nobody has taken over after all."""
        if attempts := self._held_back.come_free():
            self._loop.call(self._launch, attempts)

    def cancel(self, offset: int) -> None:
        """Tell the bodies of a flow that it is cancelled: async ones once, sync ones when they ask."""
        self._cancel(self._roster.of(offset))

    def stop_parts(self, offset: int, names: Collection[str]) -> None:
        """Tell the bodies of some parts of a flow that they are needed no more."""
        self._cancel(self._roster.named(offset, frozenset(names)))

    def _cancel(self, attempts: Sequence[Attempt]) -> None:
        for attempt in attempts:
            attempt.cancelled = True
        # Behind whatever is still to be launched.
        self._loop.call(self._stop_bodies, attempts)

    @property
    def busy(self) -> int:
        """How many bodies are under way."""
        return self._roster.busy

    @property
    def writes(self) -> bool:
        """Whether a body has the only right to write: then nothing else can be written."""
        return self._scribes.writing

    def lend(self) -> bool:
        """Lend the only right to write to a body that waits for it; False if there is none, or no need for that."""
        return self._scribes.lend()

    def drain(self) -> None:
        """Let bodies that have not begun wait for the next runtime, unless their start is on disk already."""
        self._loop.call(self._withdraw)

    def gather(self) -> list[Posted]:
        """Return what is new of the bodies under way: who has begun, what they log, how far they have come."""
        self._loop.look()
        self._judge.look()
        return self._roster.gather()

    def settle(self, seconds: float, hurry: Callable[[], bool]) -> bool:
        """Wait until no body is under way, or one waits for the engine; False if time is up, or there is a hurry."""
        return self._roster.settle(seconds, hurry, self._called)

    def interrupt(self) -> None:
        """Cancel what can be cancelled, and hear no more of any body under way."""
        self._let_go(self._roster.everybody())

    def leave(self, offset: int) -> None:
        """Cancel what can be cancelled of the bodies of a flow, and hear no more of them."""
        self._let_go(self._roster.of(offset))

    def leave_task(self, offset: int, name: str) -> None:
        """Do the same with the body of one task."""
        self._let_go(self._roster.named(offset, (name,)))

    def stop(self) -> None:
        """Accept no more; threads that still run a body are left behind."""
        self._capture.remove()
        self._judge.stop()
        self._roster.drop(self._roster.everybody())
        self._pool.stop()
        self._pools.stop()
        self._scribes.stop()
        self._loop.stop()

    def _launch(self, attempts: Sequence[Attempt]) -> None:
        asynchronous = []
        for attempt in attempts:
            if attempt.task.scheme.is_async:
                asynchronous.append(attempt)
            elif attempt.task.scheme.transactional and not self._beside:
                self._scribes.ask(attempt)
            elif not attempt.closed:
                pool = self._pool if attempt.task.scheme.pool == THREAD else self._pools
                pool.submit(attempt)
        self._loop.begin(asynchronous)

    def _let_go(self, attempts: Sequence[Attempt]) -> None:
        going_on = self._roster.drop(attempts)
        for attempt in going_on:
            self.lost.keep(attempt)
            self._pools.halt(attempt)
        self._loop.call(self._loop.cancel, going_on)

    def _withdraw(self) -> None:
        for attempt in (*self._pool.withdraw(), *self._pools.withdraw(), *self._held_back.taken()):
            if attempt.task.scheme.at_most_once:
                self._launch((attempt,))
            else:
                self._roster.withdraw(attempt)
        for attempt in self._scribes.withdraw():
            self._roster.withdraw(attempt)

    def _stop_bodies(self, attempts: Sequence[Attempt]) -> None:
        for attempt in attempts:
            if attempt.task.scheme.is_async:
                self._loop.cancel((attempt,))
                # One that has returned meanwhile is heard all the same.
                never_began = not attempt.started_at
            elif attempt.task.scheme.pool != THREAD:
                self._pools.cancel(attempt)
                continue
            else:
                never_began = self._pool.withdraw_one(attempt)
            if never_began:
                self._roster.end(attempt, attempt.ended_by_cancel(self._clock.now()))

    def _run(self, attempt: Attempt, ended: Callable[[], None]) -> None:
        """Run a body in the thread that calls; `ended` is called when it writes no more."""
        if attempt.cancelled:
            self._roster.end(attempt, attempt.ended_by_cancel(self._clock.now()))
        if not self._enters(attempt):
            ended()
            return
        try:
            if attempt.task.scheme.transactional:
                self._transactions.run(attempt, ended)
            else:
                self._run_alone(attempt)
        finally:
            self.lost.leave(attempt)

    def _enters(self, attempt: Attempt) -> bool:
        """Whether a thread may run a body now: not if its attempt is over, or others may have taken over its flow."""
        return not attempt.closed and self._held_back.may_begin(attempt) and self.lost.enter(attempt)

    def _run_alone(self, attempt: Attempt) -> None:
        # Called from outside the attempt's context: what is said at its end is not of its body.
        self.limit(attempt)
        token = current_attempt.set(attempt)
        attempt.started_at = self._clock.now()
        try:
            arguments = attempt.arguments()
            self._failpoints.reach("mid_body")
            event = attempt.succeeded(attempt.task.scheme.body(**arguments), self._clock.now())
        except BaseException as error:  # noqa: BLE001 - SystemExit of a body is the body's failure
            event = attempt.raised(error, self._clock.now())
        finally:
            current_attempt.reset(token)
        self._roster.end(attempt, event)

    def again(self, attempt: Attempt, seconds: float) -> None:
        """Run the body of an attempt once more, in so many seconds."""
        self._heartbeats.pause(attempt)
        self._loop.call_later(seconds, self._launch, (attempt,))

    @property
    def trusted(self) -> bool:
        """Whether nobody can have taken over."""
        return self._held_back.trusted

    def limit(self, attempt: Attempt) -> None:
        """End the attempt in time, whatever its body does."""
        self._heartbeats.watch(attempt)
        timeout = attempt.task.scheme.timeout
        if timeout is not None:
            # A body that runs once more in the same attempt has as much time as is left.
            spent = self._clock.monotonic() - attempt.began if attempt.runs > 1 else 0.0
            self._loop.call_later(timeout - spent, self._expire, attempt)
        if self._longest is not None and attempt.transaction is not None:
            self._loop.call_later(self._longest, self._overstay, attempt, attempt.transaction)

    def _listen(self, attempt: Attempt) -> None:
        self._heartbeats.watch(attempt)

    def _called(self) -> bool:
        """Whether a body waits for the engine; those that were held back may go on meanwhile."""
        self.resume()
        return self._scribes.called

    def _wake(self, attempt: Attempt) -> None:
        """Let the engine see that somebody waits for the right to write, or that it is back."""
        self._inbox.post(Posted(attempt.offset, None))

    def _expire(self, attempt: Attempt) -> None:
        """End an attempt; a process ends with it. A thread cannot be stopped: what it still does is not heard."""
        # What is on the way to the engine is the engine's to end.
        if self._roster.end(attempt, attempt.timed_out(self._clock.now())):
            attempt.revoke()
            self.lost.keep(attempt)
            self._pools.halt(attempt)

    def _give_up(self, attempt: Attempt) -> None:
        """End an attempt whose body has fallen silent; an async one is cancelled, and not heard either."""
        if self._roster.end(attempt, attempt.fell_silent(self._clock.now())):
            attempt.revoke()
            self.lost.keep(attempt)
            self._pools.halt(attempt)
            self._loop.cancel((attempt,))

    def _overstay(self, attempt: Attempt, transaction: Transaction) -> None:
        """Take the only right to write away from a body that keeps it too long."""
        if attempt.transaction is not transaction or self._longest is None:
            return
        if self._roster.end(attempt, attempt.overstayed(self._longest, self._clock.now())):
            transaction.revoke()
            self.lost.keep(attempt)


def _nobody() -> None:
    """Nobody waits for the end of a transaction where each has its own."""
