"""A process that does not outlive the one that started it, even if that is killed or this one is stopped."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_SET_DEATH_SIGNAL = 1


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent has ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() == 1:
            # It had ended before anybody asked.
            os._exit(1)
