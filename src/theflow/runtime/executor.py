"""Runs the bodies of tasks: async ones on one background loop, sync ones in threads. Posts what comes of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence

from theflow.model.flow import Flow
from theflow.model.message import Event
from theflow.model.task import Task
from theflow.runtime.attempt import Attempt
from theflow.runtime.attempt_log import LogCapture, current_attempt
from theflow.runtime.body_threads import BodyThreads
from theflow.runtime.clock import Clock
from theflow.runtime.failpoint import Failpoints
from theflow.runtime.inbox import Inbox, Posted

# A body that has run this long, in microseconds, is worth a mark on disk; most end before, and need none.
_MARK_AFTER = 50_000

# How many bodies are begun in one pass of the loop.
_HANDFUL = 250

# How long async bodies that were cancelled may take to end, before they are left behind.
_LAST_WORDS = 2.0


class Executor:
    """The bodies under way. The engine tells it what to start; it never touches a flow."""

    def __init__(self, inbox: Inbox, clock: Clock, threads: int, failpoints: Failpoints) -> None:
        self._inbox = inbox
        self._clock = clock
        self._failpoints = failpoints
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="theflow-bodies", daemon=True)
        self._pool = BodyThreads(threads, self._run_sync)
        self._capture = LogCapture()
        self._under_way: set[Attempt] = set()
        self._bodies: dict[Attempt, asyncio.Task[None]] = {}
        self._ended: list[tuple[Attempt, Event]] = []
        self._quiet = threading.Condition()

    def start(self) -> None:
        """Begin to accept bodies."""
        self._capture.install()
        self._thread.start()

    def run(self, tasks: Sequence[Task]) -> None:
        """Start the bodies of these tasks."""
        attempts = [Attempt(task) for task in tasks]
        with self._quiet:
            self._under_way.update(attempts)
        self._loop.call_soon_threadsafe(self._launch, attempts)

    def run_hook(self, flow: Flow, name: str) -> None:
        """Start the hook of a flow."""
        self.run([Task(flow=flow, scheme=flow.scheme.hooks[name], attempt=1)])

    @property
    def busy(self) -> int:
        """How many bodies are under way."""
        return len(self._under_way)

    def drain(self) -> None:
        """Let bodies that have not begun wait for the next runtime, unless their start is on disk already."""
        self._loop.call_soon_threadsafe(self._withdraw)

    def gather(self) -> list[Posted]:
        """Return what is new of the bodies under way: which have begun, each once, and what they have logged."""
        news = []
        ripe = self._clock.now() - _MARK_AFTER
        # Under the same lock as an end: what is gathered here must come before the outcome, or nobody hears it.
        with self._quiet:
            for attempt in self._under_way:
                rows = attempt.taken_logs()
                begun = attempt.begun() if 0 < attempt.started_at <= ripe else None
                if rows or begun:
                    news.append(Posted(attempt.offset, None, rows, begun))
        return news

    def settle(self, seconds: float, hurry: Callable[[], bool]) -> bool:
        """Wait until no body is under way; False if the time is up, or there is a reason to hurry, before."""
        deadline = self._clock.monotonic() + seconds
        with self._quiet:
            while self._under_way:
                left = deadline - self._clock.monotonic()
                if left <= 0 or hurry():
                    return False
                self._quiet.wait(min(left, 0.1))
        return True

    def interrupt(self) -> None:
        """Cancel what can be cancelled, and hear no more of any body under way."""
        with self._quiet:
            attempts = list(self._under_way)
            self._under_way.clear()
            for attempt in attempts:
                attempt.close()
                self._post_logs(attempt)
        self._loop.call_soon_threadsafe(self._cancel, attempts)

    def stop(self) -> None:
        """Accept no more; threads that still run a body are left behind."""
        self._capture.remove()
        self._pool.stop()
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._leave, self._clock.monotonic() + _LAST_WORDS)
            self._thread.join(_LAST_WORDS + 0.5)
        if not self._thread.is_alive():
            self._loop.close()

    def _leave(self, deadline: float) -> None:
        """Let bodies that were cancelled hear of it, and clean up, before their loop stops."""
        if self._bodies and self._clock.monotonic() < deadline:
            self._loop.call_later(0.005, self._leave, deadline)
        else:
            self._loop.stop()

    def _launch(self, attempts: Sequence[Attempt]) -> None:
        asynchronous = []
        for attempt in attempts:
            if attempt.task.scheme.is_async:
                asynchronous.append(attempt)
            elif not attempt.closed:
                self._pool.submit(attempt)
        self._begin(asynchronous)

    def _begin(self, attempts: Sequence[Attempt]) -> None:
        """Begin async bodies, a handful in a pass of the loop: the engine saves the first while the last still run."""
        for attempt in attempts[:_HANDFUL]:
            if not attempt.closed:
                self._bodies[attempt] = self._loop.create_task(self._run_async(attempt))
        if len(attempts) > _HANDFUL:
            self._loop.call_soon(self._begin, attempts[_HANDFUL:])

    def _withdraw(self) -> None:
        for attempt in self._pool.withdraw():
            if attempt.task.scheme.at_most_once:
                self._pool.submit(attempt)
                continue
            with self._quiet:
                attempt.close()
                self._under_way.discard(attempt)
                if not self._under_way:
                    self._quiet.notify_all()

    def _cancel(self, attempts: Sequence[Attempt]) -> None:
        for attempt in attempts:
            body = self._bodies.get(attempt)
            if body is not None:
                body.cancel()

    async def _run_async(self, attempt: Attempt) -> None:
        current_attempt.set(attempt)
        attempt.started_at = self._clock.now()
        timeout = attempt.task.scheme.timeout
        try:
            arguments = attempt.arguments()
            self._failpoints.reach("mid_body")
            if timeout is None:
                result = await attempt.task.scheme.body(**arguments)
            else:
                result = await self._in_time(attempt.task.scheme.body(**arguments), timeout)
            event = attempt.succeeded(result, self._clock.now())
        except _TimedOut:
            event = attempt.timed_out(self._clock.now())
        except BaseException as error:  # noqa: BLE001 - a user's body may raise anything, and must not end the loop
            event = attempt.raised(error, self._clock.now())
        del self._bodies[attempt]
        if not self._ended:
            # Many bodies may end in one pass of the loop: the engine is told of all of them at once.
            self._loop.call_soon(self._end_all)
        self._ended.append((attempt, event))

    async def _in_time(self, body: Awaitable[object], seconds: float) -> object:
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                return await body
        except TimeoutError:
            if limit.expired():
                raise _TimedOut from None
            raise

    def _run_sync(self, attempt: Attempt) -> None:
        if attempt.closed:
            return
        token = current_attempt.set(attempt)
        attempt.started_at = self._clock.now()
        try:
            arguments = attempt.arguments()
            if attempt.task.scheme.timeout is not None:
                self._loop.call_soon_threadsafe(self._limit, attempt, attempt.task.scheme.timeout)
            self._failpoints.reach("mid_body")
            event = attempt.succeeded(attempt.task.scheme.body(**arguments), self._clock.now())
        except BaseException as error:  # noqa: BLE001 - as above: SystemExit of a body is the body's failure
            event = attempt.raised(error, self._clock.now())
        finally:
            current_attempt.reset(token)
        self._end(attempt, event)

    def _limit(self, attempt: Attempt, seconds: float) -> None:
        self._loop.call_later(seconds, self._expire, attempt)

    def _expire(self, attempt: Attempt) -> None:
        """A thread cannot be stopped: its attempt ends without it, and what it still does is not heard."""
        if not attempt.closed:
            self._end(attempt, attempt.timed_out(self._clock.now()))

    def _end_all(self) -> None:
        ended, self._ended = self._ended, []
        self._tell(ended)

    def _end(self, attempt: Attempt, event: Event) -> None:
        self._tell(((attempt, event),))

    def _tell(self, ended: Sequence[tuple[Attempt, Event]]) -> None:
        with self._quiet:
            news = []
            for attempt, event in ended:
                if attempt.close():
                    self._under_way.discard(attempt)
                    news.append(Posted(attempt.offset, event, attempt.taken_logs()))
            # Posted before anybody can see that it is quiet: a stop must not pass an outcome by.
            if news:
                self._inbox.post_all(news)
            if not self._under_way:
                self._quiet.notify_all()

    def _post_logs(self, attempt: Attempt) -> None:
        rows = attempt.taken_logs()
        if rows:
            self._inbox.post(Posted(attempt.offset, None, rows))


class _TimedOut(Exception):
    """The limit of theflow ran out, not one of the body's own."""
