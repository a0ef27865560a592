"""A runtime whose database is out of reach when it starts, and one whose database promises too little."""

from __future__ import annotations

import logging
import re
import socket
import threading
import time

import pytest

from tests.database.servers import MYSQL, POSTGRES, run
from tests.database.stores import database
from theflow import FlowScheme, RuntimeOptions
from theflow.wire import bootstrap


@pytest.fixture
def deaf_port():
    """A port at which nobody answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield probe.getsockname()[1]


def test_a_start_without_patience_fails_at_once(theflow, deaf_port):
    url = f"postgresql://ann:hush@127.0.0.1:{deaf_port}/shop"
    answer = theflow("--db", url, "run", "flows.py", "--no-wait")
    assert answer.code == 6
    assert "cannot be reached" in answer.err
    assert "hush" not in answer.err
    assert "Traceback" not in answer.err


def test_a_start_waits_for_a_database_that_comes(theflow, deaf_port):
    command = ("--db", f"mysql://root:hush@127.0.0.1:{deaf_port}/shop", "run", "flows.py")
    with theflow.start(*command) as process:
        first, second = process.stderr.readline(), process.stderr.readline()
        process.terminate()
        process.communicate(timeout=20)
    assert 0.2 <= seconds_in(first) <= 0.5
    assert 0.5 <= seconds_in(second) <= 1.0
    assert "hush" not in first


def seconds_in(line):
    """How long it waits, as it says."""
    return float(re.match(r"waiting ([\d.]+) s: ", line)[1])


def test_a_wrong_database_is_not_waited_for(theflow):
    url = database(POSTGRES).rpartition("/")[0] + "/nowhere_at_all"
    started = time.monotonic()
    answer = theflow("--db", url, "run", "flows.py")
    assert answer.code == 6
    assert "create it" in answer.err
    assert time.monotonic() - started < 5


def test_a_server_that_may_forget_is_told_of_once_at_the_start(caplog):
    url = database(POSTGRES)
    name = url.rpartition("/")[2]
    scheme = FlowScheme("order")
    scheme.add(threading.Event, name="only")
    run(POSTGRES, url, f"ALTER DATABASE {name} SET synchronous_commit = off")
    try:
        with caplog.at_level(logging.WARNING), bootstrap(url, [scheme], RuntimeOptions(poll=0.05)):
            time.sleep(0.3)
    finally:
        run(POSTGRES, url, f"ALTER DATABASE {name} RESET synchronous_commit")
    told = [record.getMessage() for record in caplog.records if "synchronous_commit" in record.getMessage()]
    assert len(told) == 1
    assert "set synchronous_commit = on" in told[0]


@pytest.mark.parametrize("kind", [POSTGRES, MYSQL], ids=["postgres", "mysql"])
def test_a_wrong_user_or_password_is_said_at_once_and_the_password_never(theflow, kind):
    place = database(kind).rpartition("@")[2]
    url = f"{kind.scheme}://nobody:hush-hush@{place}"
    for words in (["run", "flows.py"], ["doctor"], ["ls"], ["submit", "order"], ["db", "upgrade"], ["db", "check"]):
        answer = theflow("--db", url, *words)
        assert answer.code == 6
        assert re.search("no such database or role|refuses the user name or the password", answer.out + answer.err)
        assert "hush" not in answer.out + answer.err
