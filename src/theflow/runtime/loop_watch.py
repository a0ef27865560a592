"""Notices that a body blocks the loop on which the async bodies run, and says where."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import traceback

from theflow.runtime.clock import Clock

# A loop that has not come round for so many seconds is told of.
_PATIENCE = 1.0
_logger = logging.getLogger("theflow.executor")


class LoopWatch:
    """Asks the loop for a sign of life, and tells once of each time that it stands still."""

    def __init__(self, loop: asyncio.AbstractEventLoop, thread: threading.Thread, clock: Clock) -> None:
        self._loop = loop
        self._thread = thread
        self._clock = clock
        self._asked: float | None = None
        self._told = False

    def look(self) -> None:
        """Ask, or see how long there was no answer; called now and then, from one thread."""
        now = self._clock.monotonic()
        asked = self._asked
        if asked is None:
            self._asked = now
            self._loop.call_soon_threadsafe(self._answer)
        elif now - asked > _PATIENCE and not self._told:
            self._told = True
            _logger.warning(
                "an async body blocks the loop of all others for %.1f s now at %s", now - asked, self._place()
            )

    def _answer(self) -> None:
        """Run on the loop."""
        asked, told = self._asked, self._told
        self._told, self._asked = False, None
        if told and asked is not None:
            _logger.warning("the loop of async bodies goes on after %.1f s", self._clock.monotonic() - asked)

    def _place(self) -> str:
        frame = sys._current_frames().get(self._thread.ident or 0)  # noqa: SLF001 - what the interpreter offers for it
        if frame is None:
            return "an unknown place"
        last = traceback.extract_stack(frame, limit=1)[-1]
        return f"{last.filename}:{last.lineno} in {last.name}"
