"""Flow ids: UUIDs of version 7 (RFC 9562), so that ids made later sort later; and whatever else is left to chance."""

from __future__ import annotations

import os
import threading

# The variant takes the two upper bits of a digit: 10.
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


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
        noise = os.urandom(8 * count).hex()
        return [_text(first + number, noise[16 * number : 16 * number + 16]) for number in range(count)]


def chance() -> float:
    """Return a number from 0 up to 1."""
    return int.from_bytes(os.urandom(4)) / 2**32


def _text(stamp: int, noise: str) -> str:
    """Write an id; `noise` is 16 hexadecimal digits, of which the first makes room for the variant."""
    head = f"{stamp:015x}"
    return f"{head[:8]}-{head[8:12]}-7{head[12:]}-{_VARIANT[noise[0]]}{noise[1:4]}-{noise[4:]}"
