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
        return self.make_many(now, 1)[0]

    def make_many(self, now: int, count: int) -> list[str]:
        """Return so many ids, in order."""
        stamp = (now // 1000) << 12
        with self._lock:
            # A full counter runs over into the next millisecond, which keeps the order.
            first = stamp if stamp > self._stamp else self._stamp + 1
            self._stamp = first + count - 1
        noise = os.urandom(8 * count)
        return [
            _text(first + number, int.from_bytes(noise[8 * number : 8 * number + 8], "big")) for number in range(count)
        ]


def _text(stamp: int, noise: int) -> str:
    head = noise >> 48 & 0x3FFF | 0x8000
    return (
        f"{stamp >> 28:08x}-{stamp >> 12 & 0xFFFF:04x}-7{stamp & 0xFFF:03x}-{head:04x}-{noise & 0xFFFF_FFFF_FFFF:012x}"
    )
