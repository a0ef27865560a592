"""Peers are measured in turns with theflow, and none is believed or passed over."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from bench.load import WorkLost
from bench.peers.__main__ import main
from bench.peers.contest import contest
from bench.peers.kit import Missing, NodeKit, PythonKit, ready
from bench.peers.peer import PEERS, Peer, Told
from tests.database.servers import POSTGRES, absence, url_of

WORKER = """
import json, sys
verb, workload, url, jobs = sys.argv[1:]
with open({seen!r}, "a") as seen:
    print(verb, url, file=seen)
print("a library says hello")
print(json.dumps({{"done": int(jobs) - {lost}, "seconds": 0.5, "version": "1", "settings": {{"batch": 7}}}}))
"""


class Installed(PythonKit):
    """What is there already: this interpreter."""

    def install(self, folder: Path) -> None:
        folder.mkdir()

    def command(self, folder: Path, worker: Path) -> list[str]:  # noqa: ARG002
        return [sys.executable, str(worker)]


@pytest.fixture
def server(monkeypatch):
    if (url := url_of(POSTGRES)) is None:
        pytest.skip(absence(POSTGRES))
    monkeypatch.setenv("THEFLOW_BENCH_POSTGRES_URL", url)


def peer_that(tmp_path: Path, lost: int) -> Peer:
    worker = tmp_path / "worker.py"
    worker.write_text(WORKER.format(seen=str(tmp_path / "seen"), lost=lost))
    return Peer(name="other", worker=worker, kit=Installed(requirements=()), jobs={"drain": 40})


@pytest.mark.usefixtures("server")
def test_a_figure_sets_theflow_beside_the_peer_measured_in_the_same_run(tmp_path):
    (figure,) = contest("drain", [peer_that(tmp_path, lost=0)], tmp_path, 2, {"theflow": 30})
    line = json.loads(figure.line())
    assert (line["workload"], line["peer"], line["reference"], line["unit"]) == ("drain", "other", "other 1", "flows/s")
    assert line["reference_values"] == [80.0, 80.0]
    assert line["peer_settings"] == {"batch": 7}
    assert len(line["values"]) == 2
    assert line["ratio"] == pytest.approx(line["median"] / 80, rel=0.01)


@pytest.mark.usefixtures("server")
def test_each_run_of_a_peer_is_on_a_fresh_database(tmp_path):
    list(contest("drain", [peer_that(tmp_path, lost=0)], tmp_path, 2, {"theflow": 30}))
    seen = [line.split() for line in (tmp_path / "seen").read_text().splitlines()]
    assert [verb for verb, _ in seen] == ["fill", "work"] * 2
    assert seen[0][1] == seen[1][1] != seen[2][1] == seen[3][1]


def test_a_peer_that_lost_a_job_has_no_speed(tmp_path):
    with pytest.raises(WorkLost, match="other did 39 of 40"):
        peer_that(tmp_path, lost=1).measure(tmp_path, "drain", "", 40)


def test_a_worker_that_fails_is_quoted(tmp_path):
    peer = peer_that(tmp_path, lost=0)
    peer.worker.write_text("raise SystemExit('no such queue')")
    with pytest.raises(WorkLost, match="no such queue"):
        peer.measure(tmp_path, "drain", "", 40)


@pytest.mark.parametrize("output", ["", "hello", '{"done": 3}'])
def test_what_is_no_result_is_not_taken_for_one(output):
    with pytest.raises(WorkLost, match="instead of its result"):
        Told.from_output(output)


def test_a_peer_without_its_tools_is_reported_with_what_to_do(tmp_path):
    with pytest.raises(Missing, match="node is not here; install it"):
        NodeKit(requirements=("graphile-worker",), path=str(tmp_path)).install(tmp_path)


def test_a_peer_that_could_not_be_measured_is_told_and_fails_the_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    kit = NodeKit(requirements=("graphile-worker",))
    monkeypatch.setitem(PEERS, "graphile", Peer(name="graphile", worker=tmp_path, kit=kit, jobs={"drain": 1}))
    assert main(["--peers", "graphile"]) == 1
    assert "graphile: NOT MEASURED: node is not here" in capsys.readouterr().err


def test_a_peer_is_installed_once(tmp_path):
    kit, folder = Installed(requirements=("other>=1",)), tmp_path / "other"
    ready(kit, folder)
    ready(kit, folder)
    assert (folder / "installed").read_text() == "other>=1"


@pytest.mark.parametrize("given", [["--peers", "celery"], ["--workloads", "dance"]])
def test_a_name_that_is_not_known_is_refused_with_those_that_are(given, capsys):
    with pytest.raises(SystemExit):
        main(given)
    assert "is none of" in capsys.readouterr().err
