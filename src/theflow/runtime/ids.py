"""Flow ids: UUIDs of version 7 (RFC 9562), so that ids made later sort later."""

from __future__ import annotations

import os
import threading


class FlowIds:
    """Makes ids that grow within a process, also within a millisecond and when the clock steps back.

    Layout: 48 bits of milliseconds, version, 12 bits that count within the millisecond, variant, 62 random bits.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stamp = 0

    def make(self, now: int) -> str:
        """Return an id; `now` is microseconds UTC."""
        stamp = (now // 1000) << 12
        with self._lock:
            # A full counter runs over into the next millisecond, which keeps the order.
            self._stamp = stamp = stamp if stamp > self._stamp else self._stamp + 1
        tail = int.from_bytes(os.urandom(8)) & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        text = f"{stamp >> 12:012x}7{stamp & 0xFFF:03x}{tail:016x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
