"""Servers that crash, turn read-only, hide behind a pooler or keep dead rows: F14, F22, F24, F25."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from contextlib import closing, contextmanager

import pytest

import theflow
from tests.acceptance.stage import until
from tests.database.private_server import Home
from tests.database.servers import MYSQL, POSTGRES, absence, run
from tests.faults.flows import SCHEMES
from tests.faults.place import Served
from tests.faults.private import private
from theflow import FlowStatus, wire
from theflow.database import postgres_doctor
from theflow.errors import StoreUnusable, TheFlowError


@pytest.fixture(scope="module", params=[POSTGRES, MYSQL], ids=["postgres", "mysql"])
def own(request):
    """A server of this test's own."""
    server = private(request.param)
    if server is None:
        pytest.skip(absence(request.param))
    yield server
    server.crash()


@pytest.fixture
def shop(own, tmp_path):
    """A database on it."""
    with closing(Served(tmp_path, own.kind, own.url)) as opened:
        yield opened


def test_f14_a_server_that_crashes_again_and_again_costs_nothing_but_time(own, shop):
    flows = shop.client.create_jobs([shop.job("line", f"a{n}") for n in range(40)])
    lives = [shop.start(name, ttl=2).ready() for name in ("one", "two")]
    for crashes in (1, 2):
        until(lambda least=crashes * 40: len(shop.effects()) > least)
        said = "".join(life.err for life in lives).count("waiting for the database")
        own.crash()
        until(lambda seen=said: "".join(life.err for life in lives).count("waiting for the database") > seen)
        own.start()
        flows += until(lambda: submitted(shop, 20))
    assert {flow.wait(60).status for flow in flows} == {FlowStatus.SUCCEEDED}
    attempts = [attempt for flow in flows for attempt in shop.client.attempts(flow.flow_id)]
    assert {attempt.status for attempt in attempts} <= {"succeeded", "lost"}
    for life in lives:
        life.send(signal.SIGTERM)
        assert life.wait() == 0


def submitted(shop, count):
    """More flows, once the server takes them; whoever got no answer may have submitted."""
    try:
        return shop.client.create_jobs([shop.job("line", f"b{n}") for n in range(count)])
    except TheFlowError:
        return []


def test_f22_a_server_that_turns_read_only_for_a_while_costs_nothing_but_time(own, shop):
    flow = shop.submit("nap", until=str(shop.go))
    life = shop.start("one", ttl=1.5).ready()
    shop.started(flow)
    with read_only(own, shop):
        shop.go.touch()
        until(lambda: "read-only" in life.err)
        with pytest.raises(TheFlowError, match="cannot serve now"):
            shop.submit("line")
        assert flow.get().offset == flow.offset
    assert flow.wait(20).status is FlowStatus.SUCCEEDED
    assert len(shop.effects(flow)) == 1
    assert shop.submit("line").wait(20).status is FlowStatus.SUCCEEDED
    assert not life.ended


@contextmanager
def read_only(own, shop):
    """Only those sessions that begin meanwhile stay read-only on PostgreSQL: they must be given up."""
    if shop.is_postgres:
        shop.sql("ALTER DATABASE postgres SET default_transaction_read_only = on")
        shop.end(*shop.sessions())
        yield
        writable = ("SET default_transaction_read_only = off", "ALTER DATABASE postgres RESET ALL")
        shop.sql(*writable)
    else:
        run(MYSQL, own.root, "SET GLOBAL read_only = 1")
        yield
        run(MYSQL, own.root, "SET GLOBAL read_only = 0")


@pytest.mark.parametrize("ignored", ["", "ignore_startup_parameters = options"], ids=["refuses", "drops"])
@pytest.mark.parametrize("served", ["postgres"], indirect=True)
def test_f24_a_pooler_that_shares_sessions_is_refused_with_what_to_do(served, ignored):
    program = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        pytest.skip("pgbouncer is not installed: apt-get install pgbouncer")
    with pooled(program, served, ignored) as url:
        for _ in range(2):
            with pytest.raises(StoreUnusable, match=r"a pooler .* settings of a session; connect to the server itself"):
                theflow.bootstrap(url, SCHEMES)


@contextmanager
def pooled(program, served, ignored):
    """The URL of the database behind a pooler with two server connections, shared by transaction."""
    home = Home("postgres", "TERM")
    folder, port = home.folder, home.port
    (folder / "users").write_text('"postgres" ""\n')
    (folder / "ini").write_text(
        f"[databases]\n* = host=127.0.0.1 port={served.port} user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
        f"listen_port = {port}\nauth_type = any\nauth_file = {folder / 'users'}\nunix_socket_dir =\n"
        f"pool_mode = transaction\ndefault_pool_size = 2\n{ignored}\n"
    )
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([*home.as_other, program, str(folder / "ini")], stdout=quiet, stderr=quiet)
    try:
        until(lambda: answers(port))
        yield served.url_by(port=port)
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder)


def answers(port):
    """Whether somebody takes connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("served", ["postgres"], indirect=True)
def test_f25_the_doctor_names_a_transaction_that_keeps_dead_rows_alive(served, monkeypatch):
    monkeypatch.setattr(postgres_doctor, "_OLD_SNAPSHOT", 1)
    with served.connection() as old:
        old.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ")
        old.exec_driver_sql("SELECT count(*) FROM flow")
        told = until(lambda: [each for each in wire.doctor(served.url) if each.level == "warning"])
        old.exec_driver_sql("ROLLBACK")
    assert "the oldest transaction is" in told[0].what
    assert "end the session that holds it" in told[0].mend
