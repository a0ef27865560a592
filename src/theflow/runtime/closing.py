"""The last of a runtime's work: bodies may end, and what they return is saved, as long as the grace lasts."""

from __future__ import annotations

import logging
import threading

from theflow.errors import Fenced, StoreUnavailable
from theflow.runtime.clock import Clock
from theflow.runtime.engine import Engine
from theflow.runtime.executor import Executor

# How long bodies that were cancelled may take to end, before they are left behind.
_LAST_WORDS = 2.0
_logger = logging.getLogger("theflow.runtime")


class Closing:
    """Nothing new begins; `hurry` cuts the grace short."""

    def __init__(self, engine: Engine, executor: Executor, clock: Clock) -> None:
        self.hurry = threading.Event()
        self._engine = engine
        self._executor = executor
        self._clock = clock

    def run(self, name: str, grace: float) -> bool:
        """Let bodies end and save what they return; False if some had to be cut off."""
        _logger.info(
            "stopping runtime=%s bodies=%d grace=%gs; a second signal aborts", name, self._executor.busy, grace
        )
        self._engine.draining = True
        self._executor.drain()
        clean = self._settle(self._clock.monotonic() + grace)
        if not clean:
            self._executor.interrupt()
            self._settle(self._clock.monotonic() + _LAST_WORDS)
        return clean

    def _settle(self, deadline: float) -> bool:
        """Wait for bodies and save their outcomes; False if time is up before, or a second signal came."""
        while True:
            quiet = self._executor.settle(deadline - self._clock.monotonic(), self.hurry.is_set)
            try:
                self._engine.turn()
                self._engine.lend()
            except Fenced:
                return quiet
            except StoreUnavailable as error:
                _logger.warning("waiting for the database to save the last outcomes: %s", error)
                if self._clock.monotonic() > deadline or self.hurry.wait(0.1):
                    return False
                continue
            if not quiet or not self._executor.busy:
                return quiet
