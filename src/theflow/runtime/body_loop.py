"""The one background loop that async bodies run on."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Sequence

from theflow.model.message import Event
from theflow.runtime.attempt import Attempt
from theflow.runtime.attempt_log import current_attempt
from theflow.runtime.clock import Clock
from theflow.runtime.failpoint import Failpoints
from theflow.runtime.loop_watch import LoopWatch

# How many bodies are begun in one pass of the loop.
_HANDFUL = 250
# How long bodies that were cancelled may take to end, before they are left behind.
_LAST_WORDS = 2.0
_logger = logging.getLogger("theflow.executor")


class BodyLoop:
    """A loop in a thread of its own. Who runs bodies elsewhere uses it as a clock that acts."""

    def __init__(
        self,
        clock: Clock,
        failpoints: Failpoints,
        may_begin: Callable[[Attempt], bool],
        end_all: Callable[[Sequence[tuple[Attempt, Event]]], object],
        listen: Callable[[Attempt], object],
    ) -> None:
        self._clock = clock
        self._failpoints = failpoints
        self._may_begin = may_begin
        self._end_all = end_all
        self._listen = listen
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="theflow-bodies", daemon=True)
        self._watch = LoopWatch(self._loop, self._thread, clock)
        self._bodies: dict[Attempt, asyncio.Task[None]] = {}
        self._ended: list[tuple[Attempt, Event]] = []

    def start(self) -> None:
        """Begin to accept bodies."""
        self._thread.start()

    def call(self, act: Callable[..., object], *given: object) -> None:
        """Do something on the loop; from any thread."""
        self._loop.call_soon_threadsafe(act, *given)

    def call_later(self, seconds: float, act: Callable[..., object], *given: object) -> None:
        """Do something on the loop in so many seconds; from any thread."""
        self._loop.call_soon_threadsafe(self._loop.call_later, max(seconds, 0.0), act, *given)

    def look(self) -> None:
        """See whether a body blocks the loop."""
        self._watch.look()

    def begin(self, attempts: Sequence[Attempt]) -> None:
        """Begin bodies, on the loop: a handful in a pass, so that the first are saved while the last still run."""
        for attempt in attempts[:_HANDFUL]:
            if not attempt.closed:
                self._bodies[attempt] = asyncio.Task(self._run(attempt), loop=self._loop)
        if len(attempts) > _HANDFUL:
            self._loop.call_soon(self.begin, attempts[_HANDFUL:])

    def cancel(self, attempts: Sequence[Attempt]) -> None:
        """Cancel the bodies of these attempts that run here, on the loop."""
        for attempt in attempts:
            # A body that is cancelled before its first step ends without a word: nobody else would forget it.
            body = self._bodies.get(attempt) if attempt.started_at else self._bodies.pop(attempt, None)
            if body is not None:
                body.cancel()

    def stop(self) -> None:
        """Let bodies that were cancelled hear of it, and clean up; who does not end is left behind."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._say_goodbye, self._clock.monotonic() + _LAST_WORDS)
            self._thread.join(_LAST_WORDS + 0.5)
        for attempt in list(self._bodies):
            _logger.warning("a body was told to end, did not, and is left behind %s", attempt.label)
        if not self._thread.is_alive():
            self._loop.close()

    def _say_goodbye(self, deadline: float) -> None:
        if self._bodies and self._clock.monotonic() < deadline:
            self._loop.call_later(0.005, self._say_goodbye, deadline)
        else:
            self._loop.stop()

    async def _run(self, attempt: Attempt) -> None:
        if not self._may_begin(attempt):
            del self._bodies[attempt]
            return
        current_attempt.set(attempt)
        attempt.started_at = self._clock.now()
        timeout = attempt.task.scheme.timeout
        if attempt.task.scheme.heartbeat is not None:
            self._listen(attempt)
        try:
            arguments = attempt.arguments()
            self._failpoints.reach("mid_body")
            if timeout is None:
                result = await attempt.task.scheme.body(**arguments)
            else:
                result = await _in_time(attempt.task.scheme.body(**arguments), timeout)
            event = attempt.succeeded(result, self._clock.now())
        except _TimedOut:
            event = attempt.timed_out(self._clock.now())
        except BaseException as error:  # noqa: BLE001 - a user's body may raise anything, and must not end the loop
            event = attempt.raised(error, self._clock.now())
        del self._bodies[attempt]
        if not self._ended:
            # Many bodies may end in one pass of the loop: the engine is told of all of them at once.
            self._loop.call_soon(self._tell)
        self._ended.append((attempt, event))

    def _tell(self) -> None:
        ended, self._ended = self._ended, []
        self._end_all(ended)


async def _in_time(body: Awaitable[object], seconds: float) -> object:
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await body
    except TimeoutError:
        if limit.expired():
            raise _TimedOut from None
        raise


class _TimedOut(Exception):
    """The limit of theflow ran out, not one of the body's own."""
