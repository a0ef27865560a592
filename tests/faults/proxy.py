"""A wire between a runtime and its server that can be slow, cut, or silent in one direction or both."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

UP, DOWN = "up", "down"


class Proxy:
    """Listens on a port of its own. What it holds back arrives when it is let go, as bytes do on a network."""

    def __init__(self, port: int) -> None:
        self.delay = 0.0
        self.sliced = False
        self.mark = b""
        self._target = port
        self._held: dict[str, threading.Event] = {UP: threading.Event(), DOWN: threading.Event()}
        self._marked: set[socket.socket] = set()
        self._ends: list[socket.socket] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        self.heal()
        self._threads: list[threading.Thread] = []
        self._doorman = self._begin(self._accept)

    def hold(self, *directions: str) -> None:
        """Let nothing through; with a `mark`, only on connections over which that was sent."""
        for direction in directions:
            self._held[direction].clear()

    def heal(self) -> None:
        """Let everything through."""
        for flows in self._held.values():
            flows.set()

    def cut(self) -> None:
        """End every connection."""
        for end in list(self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Listen no more, and only then end what is connected: whoever was just coming in is among them."""
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._doorman.join()
        self._ends.append(self._door)
        self.cut()
        self.heal()
        for thread in self._threads:
            thread.join()
        for end in self._ends:
            end.close()

    def _begin(self, target: Callable[..., None], *given: object) -> threading.Thread:
        thread = threading.Thread(target=target, args=given, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._door.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                for end in (near, far):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._ends.append(end)
                self._begin(self._pump, near, far, UP)
                self._begin(self._pump, far, near, DOWN)

    def _pump(self, source: socket.socket, target: socket.socket, direction: str) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if self.mark and self.mark in data:
                    self._marked |= {source, target}
                if not self.mark or source in self._marked:
                    self._held[direction].wait()
                time.sleep(self.delay)
                for part in (data[n : n + 1] for n in range(len(data))) if self.sliced else (data,):
                    target.sendall(part)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
