"""Every workload runs, small, and proves its own work."""

from __future__ import annotations

import json

import pytest

import theflow
from bench.__main__ import main
from bench.load import Load, WorkLost, nothing

SMALL = {
    "submit": 50,
    "drain": 50,
    "ordered": 50,
    "chain": 20,
    "fan-out": 2,
    "wide": 100,
    "latency": 5,
    "memory": 500,
    "million": 500,
    "shaped": 50,
    "sequential": 50,
    "fairness": 1,
    "policies": 100,
    "look": 200,
    "overadmission": 1,
}


@pytest.mark.parametrize("workload", SMALL)
def test_a_workload_prints_a_line_with_values_reference_and_ratio(workload, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([workload, "--repeat", "1", "--size", str(SMALL[workload])]) == 0
    for line in capsys.readouterr().out.splitlines():
        figure = json.loads(line)
        assert figure["workload"].startswith(workload)
        assert figure["ratio"] > 0
        assert len(figure["values"]) == len(figure["reference_values"]) == 1


def test_recorded_workflows_that_are_not_there_are_skipped_with_a_reason(tmp_path, capsys):
    assert main(["wfinstances", "--data", str(tmp_path)]) == 0
    assert "no *.json" in capsys.readouterr().err


def test_work_that_was_lost_is_not_measured(tmp_path):
    url = f"sqlite:///{tmp_path}/lost.db"
    scheme = theflow.FlowScheme("lost")
    scheme.add(nothing)
    load = Load(scheme=scheme, flows=3)
    ids = load.submit(url)
    with pytest.raises(WorkLost, match="0 of 3"):
        load.verify(url, ids)


def test_a_profile_shows_the_threads_apart(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["chain", "--profile", "--size", "20"]) == 0
    assert capsys.readouterr().err.count("==== thread") > 2
