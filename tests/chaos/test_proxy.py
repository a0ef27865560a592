"""A line carries bytes both ways until it is told what to do to them, and loses exactly the COMMITs it is told to."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.chaos.commit_sight import CommitSight, MysqlSight, PostgresSight
from tests.chaos.proxy import DOWN, HOST, UP, Line, Network

COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
STARTUP = b"\x00\x00\x00\x08\x00\x03\x00\x00"


class Echo(threading.Thread):
    """A server that says what it hears."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.heard = b""
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]
        self.start()

    def run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        try:
            while data := connection.recv(1000):
                self.heard += data
                connection.sendall(data)
        except OSError:
            # The line was cut.
            return

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.join()


@pytest.fixture
def echo() -> Iterator[Echo]:
    with closing(Echo()) as server:
        yield server


@pytest.fixture
def line(echo: Echo) -> Iterator[Line]:
    with closing(Network()) as network:
        yield network.line(echo.port, PostgresSight)


@pytest.fixture
def client(line: Line) -> Iterator[socket.socket]:
    with socket.create_connection((HOST, line.port), timeout=5) as connection:
        connection.sendall(STARTUP)
        assert read(connection, len(STARTUP)) == STARTUP
        yield connection


def read(connection: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size and (data := connection.recv(size - len(found))):
        found += data
    return found


def ended(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_line_that_is_cut_ends_the_connection(line, client):
    line.cut()
    assert ended(client)


def test_a_line_can_be_used_again_after_a_cut(line, client):
    line.cut()
    assert ended(client)
    with socket.create_connection((HOST, line.port), timeout=5) as again:
        again.sendall(b"hello")
        assert read(again, 5) == b"hello"


@pytest.mark.parametrize(("way", "heard"), [(UP, STARTUP), (DOWN, STARTUP + b"hello")])
def test_a_silent_line_holds_back_one_way_and_lets_it_through_when_healed(line, client, echo, way, heard):
    line.silence(way)
    client.sendall(b"hello")
    client.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.recv(1)
    assert echo.heard == heard
    line.heal()
    client.settimeout(5)
    assert read(client, 5) == b"hello"


def test_a_slow_line_takes_its_time_both_ways(line, client):
    line.slow_down(0.1)
    began = time.monotonic()
    client.sendall(b"hello")
    assert read(client, 5) == b"hello"
    assert time.monotonic() - began >= 0.2


def test_a_chopped_line_changes_no_byte(line, client):
    line.chop(3)
    client.sendall(bytes(range(256)))
    assert read(client, 256) == bytes(range(256))


def test_a_commit_that_is_lost_on_the_way_up_never_reaches_the_server(line, client, echo):
    line.lose_commits(UP, 1)
    client.sendall(COMMIT)
    assert ended(client)
    assert (echo.heard, line.refused, line.unanswered) == (STARTUP, 1, 0)


def test_a_commit_whose_answer_is_lost_has_reached_the_server(line, client, echo):
    line.lose_commits(DOWN, 1)
    client.sendall(COMMIT)
    assert ended(client)
    assert (echo.heard, line.refused, line.unanswered) == (STARTUP + COMMIT, 0, 1)


def test_only_so_many_commits_are_lost(line, client):
    line.lose_commits(UP, 1)
    client.sendall(COMMIT)
    assert ended(client)
    with socket.create_connection((HOST, line.port), timeout=5) as again:
        again.sendall(STARTUP + COMMIT)
        assert read(again, len(STARTUP + COMMIT)) == STARTUP + COMMIT


def test_no_other_commit_is_lost_before_those_of_bodies(line, client, echo):
    line.lose_commits(UP, 0, of_bodies=1)
    client.sendall(COMMIT)
    assert read(client, len(COMMIT)) == COMMIT
    lent = of_postgres(b"Q", b"SAVEPOINT theflow_body\0")
    client.sendall(lent)
    assert read(client, len(lent)) == lent
    client.sendall(COMMIT)
    assert ended(client)
    assert (echo.heard, line.refused) == (STARTUP + COMMIT + lent, 1)


def seen(sight: CommitSight, *chunks: bytes) -> list[bool]:
    return [sight.feed(chunk) for chunk in chunks]


def of_postgres(letter: bytes, body: bytes) -> bytes:
    return letter + (len(body) + 4).to_bytes(4, "big") + body


def test_a_commit_is_seen_after_questions_about_encryption_and_in_pieces():
    question = b"\x00\x00\x00\x08" + (80877103).to_bytes(4, "big")
    assert seen(PostgresSight(), question, STARTUP, COMMIT[:4], COMMIT[4:]) == [False, False, False, True]


def test_a_commit_under_a_name_is_seen_each_time_it_is_bound():
    parsed, bound = of_postgres(b"P", b"s1\0COMMIT\0\0\0"), of_postgres(b"B", b"\0s1\0\0\0\0\0\0\0")
    other = of_postgres(b"B", b"\0s2\0\0\0\0\0\0\0")
    assert seen(PostgresSight(), STARTUP, parsed, bound, other, bound) == [False, False, True, False, True]


def test_a_text_that_only_mentions_it_is_no_commit():
    assert seen(PostgresSight(), STARTUP, of_postgres(b"Q", b"SELECT 'COMMIT'\0")) == [False, False]


def test_a_commit_is_seen_among_packets():
    packets = [b"\x07\x00\x00\x00\x03COMMIT", b"\x06\x00\x00\x00\x03BEGIN", b"\x03\x00\x00\x01abc"]
    sight = MysqlSight()
    assert seen(sight, *packets) == [True, False, False]
    assert sight.messages == 3
