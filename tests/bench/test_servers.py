"""Workloads that need several runtimes or several servers run, small, and say what they measured."""

from __future__ import annotations

import json

import pytest

from bench.__main__ import main
from bench.crew import Member, crew, elsewhere
from bench.load import WorkLost
from bench.servers import SERVERS, database
from tests.database.servers import MYSQL, POSTGRES, absence, rows, url_of

KINDS = {"postgres": POSTGRES, "mariadb": MYSQL}


@pytest.fixture(autouse=True)
def servers(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name, kind in KINDS.items():
        if (url := url_of(kind)) is None:
            pytest.skip(absence(kind))
        monkeypatch.setenv(SERVERS[name].variable, url)


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_leaves_no_database_behind(kind):
    listing = "SELECT datname FROM pg_database" if kind == "postgres" else "SHOW DATABASES"
    with database(kind) as url:
        name = url.rpartition("/")[2]
        assert name in rows(KINDS[kind], url_of(KINDS[kind]), listing)
    assert name not in rows(KINDS[kind], url_of(KINDS[kind]), listing)


def test_two_runtimes_are_set_beside_one(capsys):
    assert main(["runtimes", "--url", "postgres", "--repeat", "1", "--size", "40"]) == 0
    line = json.loads(capsys.readouterr().out)
    assert (line["workload"], line["flows"], line["reference"]) == ("runtimes", 40, "one runtime")
    assert line["ratio"] > 0


def test_mariadb_is_set_beside_postgres(capsys):
    assert main(["mariadb", "--repeat", "1", "--size", "20"]) == 0
    line = json.loads(capsys.readouterr().out)
    assert (line["workload"], line["reference"]) == ("mariadb", "the same on PostgreSQL")
    assert {"mysql", "postgres"} <= line.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_an_idle_runtime_is_counted_by_its_server(kind, capsys, monkeypatch):
    monkeypatch.setattr("bench.idle.SETTLE", 0.5)
    assert main(["idle", "--url", kind, "--repeat", "1", "--size", "1"]) == 0
    alone, beside = map(json.loads, capsys.readouterr().out.splitlines())
    assert (alone["workload"], beside["workload"]) == ("idle, alone", "idle, beside another")
    assert alone["unit"].endswith("/s of a runtime")


def test_the_time_of_a_take_over_is_told_from_the_last_beat_and_from_the_kill(capsys):
    assert main(["takeover", "--url", "postgres", "--repeat", "1", "--size", "3"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[-1]["workload"] == "takeover, on the same host"
    if elsewhere():
        # Nobody can know of a death elsewhere before the silence has lasted for a TTL.
        assert lines[0]["values"][0] >= lines[0]["ttl"]


def test_a_runtime_process_that_ends_early_is_no_result():
    with crew(Member(["no such thing"])) as (member,), pytest.raises(WorkLost, match="ended with 1"):
        member.hear()
