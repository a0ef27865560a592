"""Recorded workflows become flows, or are refused in one line."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from examples import wfformat

ROOT = Path(__file__).parents[2]
TEA = Path(__file__).with_name("tea.json")
FOLDER = Path(os.environ.get("THEFLOW_TEST_WFINSTANCES") or ROOT.parent / "shared" / "data" / "wfinstances")
RECORDED = sorted(FOLDER.glob("*.json"))


def test_a_recorded_task_comes_after_its_parents():
    scheme = wfformat.scheme_from_wfformat(TEA)
    assert {name: set(task.after) for name, task in scheme.tasks.items()} == {
        "fill": set(),
        "measure": set(),
        "boil": {"fill"},
        "steep": {"boil", "measure"},
        "warm_cups": {"boil"},
        "serve": {"steep", "warm_cups"},
    }


def test_the_critical_path_is_the_slowest_chain():
    assert wfformat.critical_path(wfformat.read_workflow(TEA)) == ["fill", "boil", "steep", "serve"]


def test_the_scaled_run_times_are_waited_for(tmp_path: Path):
    printed = run(TEA, tmp_path, "--scale", "0.001")
    assert "tasks          6" in printed
    assert "edges          6" in printed
    assert "critical path  4 tasks, 325.5 s recorded, 0.3 s at scale 0.001" in printed
    assert "all 6 succeeded, none started before its parents ended" in printed


@pytest.mark.parametrize("recorded", RECORDED or [None], ids=lambda path: path.stem if path else "none")
def test_a_recorded_workflow_runs_to_its_end(recorded: Path | None, tmp_path: Path):
    if recorded is None:
        pytest.skip(f"no recorded workflows in {FOLDER}; name a folder in THEFLOW_TEST_WFINSTANCES")
    assert "succeeded, none started before its parents ended" in run(recorded, tmp_path)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"schemaVersion": "1.4"}, "schemaVersion is '1.4'; this program reads '1.5'"),
        ({"schemaVersion": 1.5}, "the document has a 'schemaVersion' of the wrong type: float"),
        ({"workflow": []}, "the document has a 'workflow' of the wrong type: list"),
        ({"workflow": {}}, "workflow has no 'specification'"),
        ({"workflow": {"specification": {"tasks": []}}}, "workflow.specification.tasks is empty"),
    ],
)
def test_a_file_that_is_not_wfformat_is_refused(change: dict[str, Any], why: str, tmp_path: Path):
    assert refusal(tea() | change, tmp_path) == why


@pytest.mark.parametrize(
    ("task", "change", "why"),
    [
        ("boil", {"parents": ["well"]}, "task 'boil' has an unknown parent 'well'"),
        ("boil", {"children": ["steep", "warm_cups", "bath"]}, "task 'boil' has an unknown child 'bath'"),
        ("boil", {"parents": [["fill"]]}, "task 'boil' has a parent that is not an id: ['fill']"),
        ("fill", {"children": []}, "task 'boil' names 'fill' as a parent, but not the other way round"),
        ("fill", {"id": "boil"}, "workflow.specification has two tasks with the id 'boil'"),
        ("fill", {"id": 7}, "workflow.specification.tasks[2] has a 'id' of the wrong type: int"),
    ],
)
def test_a_task_that_contradicts_the_others_is_refused(task: str, change: dict[str, Any], why: str, tmp_path: Path):
    document = tea()
    next(each for each in document["workflow"]["specification"]["tasks"] if each["id"] == task).update(change)
    assert refusal(document, tmp_path) == why


@pytest.mark.parametrize("seconds", [-1, math.nan, math.inf, None, "3", True])
def test_a_run_time_that_is_no_time_is_refused(seconds: Any, tmp_path: Path):
    document = tea()
    document["workflow"]["execution"]["tasks"][0]["runtimeInSeconds"] = seconds
    assert "the execution of 'fill'" in refusal(document, tmp_path)


def test_a_cycle_is_refused_by_its_names(tmp_path: Path):
    document = tea()
    tasks = {task["id"]: task for task in document["workflow"]["specification"]["tasks"]}
    tasks["fill"]["parents"].append("boil")
    tasks["boil"]["children"].append("fill")
    assert refusal(document, tmp_path) in {
        "the tasks wait for each other in a cycle: fill -> boil -> fill",
        "the tasks wait for each other in a cycle: boil -> fill -> boil",
    }


def test_a_task_without_a_run_time_is_refused(tmp_path: Path):
    document = tea()
    del document["workflow"]["execution"]["tasks"][0]
    assert refusal(document, tmp_path) == "task 'fill' has no entry in workflow.execution, so its run time is unknown"


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[]", None])
def test_the_program_says_in_one_line_what_is_wrong_with_a_file(content: bytes | None, tmp_path: Path):
    path = tmp_path / "broken.json"
    if content is not None:
        path.write_bytes(content)
    done = start(path, tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {path}: ")
    assert done.stderr.count("\n") == 1


def tea() -> dict[str, Any]:
    """A fresh copy of the hand-made workflow."""
    return json.loads(TEA.read_bytes())


def refusal(document: dict[str, Any], folder: Path) -> str:
    """Why a document is refused."""
    path = folder / "workflow.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(wfformat.NotWfFormat) as refused:
        wfformat.scheme_from_wfformat(path)
    return str(refused.value).removeprefix(f"{path}: ")


def run(path: Path, folder: Path, *options: str) -> str:
    """What the program prints of a file that it can run."""
    done = start(path, folder, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def start(path: Path, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The program, run to its end on a database of its own."""
    command = [sys.executable, ROOT / "examples" / "wfformat.py", path, "--url", f"sqlite:///{folder}/theflow.db"]
    return subprocess.run([*command, *options], capture_output=True, text=True, timeout=100, check=False)
