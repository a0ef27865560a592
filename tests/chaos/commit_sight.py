"""Sees a COMMIT pass on its way to a server, by as much of the two wire protocols as that takes."""

from __future__ import annotations

from abc import ABC, abstractmethod

# What a client of PostgreSQL may ask before it says who it is: for TLS, for GSS, or to cancel.
_PRELUDES = (80877103, 80877104)
_COM_QUERY = 3


class CommitSight(ABC):
    """Follows the bytes of one connection, and counts its messages."""

    def __init__(self) -> None:
        self.messages = 0
        self._rest = b""

    def feed(self, data: bytes) -> bool:
        """Take more bytes in; say whether they completed a message that commits."""
        self._rest += data
        commits = False
        while (size := self._size()) is not None and len(self._rest) >= size:
            message, self._rest = self._rest[:size], self._rest[size:]
            self.messages += 1
            commits = self._commits(message) or commits
        return commits

    @abstractmethod
    def _size(self) -> int | None:
        """How long the next message is; None if too little of it is there to tell."""

    @abstractmethod
    def _commits(self, message: bytes) -> bool:
        """Whether a message commits."""


class PostgresSight(CommitSight):
    """A message is a letter and a length; the first ones have no letter.

    A statement that comes often is parsed once under a name, and bound by that name from then on.
    """

    def __init__(self) -> None:
        super().__init__()
        self._known = False
        self._committing: set[bytes] = set()

    def _size(self) -> int | None:
        letter = 1 if self._known else 0
        if len(self._rest) < letter + 4:
            return None
        return letter + int.from_bytes(self._rest[letter : letter + 4], "big")

    def _commits(self, message: bytes) -> bool:
        if not self._known:
            self._known = int.from_bytes(message[4:8], "big") not in _PRELUDES
            return False
        letter, first, second = message[:1], *[*message[5:].split(b"\0", 2), b""][:2]
        if letter == b"P":
            (self._committing.add if _is_commit(second) else self._committing.discard)(first)
        # A simple query, or a portal that is bound to what was parsed.
        return (letter == b"Q" and _is_commit(first)) or (letter == b"B" and second in self._committing)


class MysqlSight(CommitSight):
    """A packet is a length of three bytes, a number, and what it says."""

    def _size(self) -> int | None:
        return 4 + int.from_bytes(self._rest[:3], "little") if len(self._rest) >= 4 else None

    def _commits(self, message: bytes) -> bool:
        return message[4:5] == bytes([_COM_QUERY]) and _is_commit(message[5:])


def _is_commit(text: bytes) -> bool:
    return text.strip().upper() == b"COMMIT"
