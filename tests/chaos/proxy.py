"""A line to a server that can be cut, slowed, chopped and gone silent, and that can lose the answer to a COMMIT.

What a silent line holds back comes through once it is healed, as on a real network that repeats what nobody received.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from tests.chaos.commit_sight import CommitSight

HOST = "127.0.0.1"
UP, DOWN = "up", "down"
_CHUNK = 65536
# How much of what a client has said last is remembered.
_REMEMBERED = 1000
# What is said, first of all, on a connection that is lent to the bodies of transactional tasks.
_LENT = b"SAVEPOINT theflow_body"
Answer = TypeVar("Answer")


class Network(threading.Thread):
    """The loop on which all lines of a run live."""

    def __init__(self) -> None:
        super().__init__(name="chaos-network", daemon=True)
        self._loop = asyncio.new_event_loop()
        self._lines: list[Line] = []
        self.start()

    def run(self) -> None:
        self._loop.run_forever()

    def line(self, port: int, sight: Callable[[], CommitSight]) -> Line:
        """A new line to the server on a port."""
        line = Line(self, port, sight)
        self.wait_for(line.open())
        self._lines.append(line)
        return line

    def wait_for(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """Do something on the loop, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def close(self) -> None:
        """Cut every line, and end."""
        for line in self._lines:
            self.wait_for(line.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self.join()
        self._loop.close()


class Line:
    """Who connects to `port` is put through to the server."""

    def __init__(self, network: Network, server: int, sight: Callable[[], CommitSight]) -> None:
        self.port = 0
        # How many COMMITs were cut off: before they reached the server, and with their answer on the way back.
        self.refused = 0
        self.unanswered = 0
        self._network = network
        self._server = server
        self._sight = sight
        self._delay = 0.0
        self._slice = 0
        self._losing: list[str] = []
        self._of_bodies = 0
        # Connections on which the client has said this hear nothing more, and are not told.
        self.deaf = b""
        self._clear = {UP: asyncio.Event(), DOWN: asyncio.Event()}
        self._calls: set[_Call] = set()
        self._listener: asyncio.Server | None = None

    # --- faults, told from any thread -------------------------------------------------------------------------------
    def cut(self) -> None:
        """Reset every connection."""
        self._network.wait_for(self._cut())

    def silence(self, *ways: str) -> None:
        """Let nothing through any more, in these directions."""
        self._network.wait_for(self._silence(ways))

    def slow_down(self, delay: float) -> None:
        """Let everything take longer."""
        self._delay = delay

    def chop(self, size: int) -> None:
        """Let bytes through a few at a time."""
        self._slice = size

    def lose_commits(self, where: str, count: int, *, of_bodies: int = 0) -> None:
        """Cut the next connections that commit: on the way up, or on the way down, when it has happened.

        Before these, so many that are lent to the bodies of tasks, and until then no other.
        """
        self._losing, self._of_bodies = [where] * (of_bodies + count), of_bodies

    def heal(self) -> None:
        """Let everything through again, and what was held back first."""
        self._delay, self._slice, self._losing = 0.0, 0, []
        self._network.wait_for(self._speak())

    # --- on the loop ------------------------------------------------------------------------------------------------
    async def open(self) -> None:
        await self._speak()
        self._listener = await asyncio.start_server(self._take, HOST, 0)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._listener is not None:
            self._listener.close()
        await self._speak()
        await self._cut()

    async def pass_on(self, way: str, data: bytes, writer: asyncio.StreamWriter) -> None:
        """Send bytes on, in the way that the line is now."""
        if self._delay:
            await asyncio.sleep(self._delay)
        await self._clear[way].wait()
        size = self._slice or len(data)
        for start in range(0, len(data), size):
            writer.write(data[start : start + size])
            await writer.drain()
            if self._slice:
                await asyncio.sleep(0)

    def loses(self, *, of_body: bool) -> str:
        """Whether a COMMIT that has come now is lost, and where."""
        if not self._losing or (self._of_bodies and not of_body):
            return ""
        self._of_bodies = max(self._of_bodies - 1, 0)
        return self._losing.pop()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server = await asyncio.open_connection(HOST, self._server)
        except OSError:
            writer.transport.abort()
            return
        call = _Call(self, (reader, writer), server, self._sight())
        self._calls.add(call)
        try:
            await call.last()
        finally:
            self._calls.discard(call)

    async def _cut(self) -> None:
        for call in tuple(self._calls):
            call.abort()

    async def _silence(self, ways: tuple[str, ...]) -> None:
        for way in ways:
            self._clear[way].clear()

    async def _speak(self) -> None:
        for event in self._clear.values():
            event.set()


Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Call:
    """One connection through a line."""

    def __init__(self, line: Line, client: Ends, server: Ends, sight: CommitSight) -> None:
        self._line = line
        self._client = client
        self._server = server
        self._sight = sight
        self._lost = False
        self._lent = False
        self._said = b""

    async def last(self) -> None:
        """Pass on what comes, until one side ends."""
        pumps = [asyncio.create_task(pump) for pump in (self._pump_up(), self._pump_down())]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            self.abort()

    def abort(self) -> None:
        """Reset it on both sides."""
        for _, writer in (self._client, self._server):
            writer.transport.abort()

    async def _pump_up(self) -> None:
        with suppress(OSError):
            while data := await self._client[0].read(_CHUNK):
                self._lent = self._lent or _LENT in self._said + data
                lost = self._line.loses(of_body=self._lent) if self._sight.feed(data) else ""
                if lost == UP:
                    self._line.refused += 1
                    return
                self._said = self._said[-_REMEMBERED:] + data
                # Set before it is sent: the answer may be back at once.
                self._lost = lost == DOWN
                await self._line.pass_on(UP, data, self._server[1])

    async def _pump_down(self) -> None:
        with suppress(OSError):
            while data := await self._server[0].read(_CHUNK):
                if self._lost:
                    self._line.unanswered += 1
                    return
                if self._line.deaf and self._line.deaf in self._said:
                    continue
                await self._line.pass_on(DOWN, data, self._client[1])
