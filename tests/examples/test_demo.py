"""The demo really kills a runtime, and what was finished before is kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FUNCTION = "def f{0}(a: int, b=None):\n    return [x for x in (a, b, {0}) if x is not None]\n\n\n"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the demo prints, taken over a small tree that yet lasts long enough to be killed in."""
    folder = tmp_path_factory.mktemp("demo")
    tree = folder / "tree"
    tree.mkdir()
    for number in range(36):
        (tree / f"module_{number}.py").write_text("".join(FUNCTION.format(each) for each in range(400)))
    command = [sys.executable, ROOT / "examples" / "demo.py", tree]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_runtime_is_killed(told: str):
    assert "exit code -9" in told


def test_finished_tasks_are_kept(told: str):
    assert "list_packages   kept " in told


def test_cut_off_tasks_run_again(told: str):
    assert "ran again: 1 lost, 2 succeeded" in told


def test_both_flows_succeed(told: str):
    assert "ann: succeeded" in told
    assert "bob: succeeded" in told


def test_the_report_counts_every_file(told: str):
    total = next(line for line in told.splitlines() if line.startswith("all packages"))
    assert total.split()[2:4] == ["36", "57,600"]


def test_the_report_can_be_opened(told: str):
    paths = [Path(line.split()[1]) for line in told.splitlines() if line.startswith(("rows: ", "chart: "))]
    assert [path.is_file() for path in paths] == [True, True]


def test_a_tree_too_small_to_be_killed_in_is_said(tmp_path: Path):
    command = [sys.executable, ROOT / "examples" / "demo.py", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "The demo failed: " in done.stderr
