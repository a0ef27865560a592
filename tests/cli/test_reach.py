"""A runtime whose database is out of reach when it starts, and one whose database promises too little."""

from __future__ import annotations

import logging
import socket
import threading
import time

import pytest

from tests.database.servers import POSTGRES, run
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
    assert first.startswith("waiting 0.5 s: ")
    assert second.startswith("waiting 1 s: ")
    assert "hush" not in first


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
