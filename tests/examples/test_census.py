"""The census counts what is there, and reports it."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from examples import census

ROOT = Path(__file__).parents[2]
TOOLS = """\
import os, sys
from pathlib import Path


class Drawer:
    def open(self, name: str) -> None:
        return [part for part in name if part]

    async def close(self):
        pass
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Three packages: a module, a folder with a broken file, and a longer module."""
    root = tmp_path / "tree"
    (root / "broken" / "tests").mkdir(parents=True)
    (root / "tools.py").write_text(TOOLS)
    (root / "broken" / "bad.py").write_text("def f(:\n")
    (root / "broken" / "good.py").write_text("def f(*, x: int): return {y for y in x}\n")
    (root / "broken" / "tests" / "skipped.py").write_text("import nothing\n" * 100)
    (root / "long.py").write_text("x = 1\n" * 20)
    (root / "notes.txt").write_text("not Python\n")
    (root / "empty").mkdir()
    return root


def test_a_module_is_counted(tree: Path):
    assert census.count_package(tree / "tools.py") == census.Counts(
        package="tools",
        files=1,
        lines=10,
        functions=2,
        async_functions=1,
        annotated=1,
        classes=1,
        imports=3,
        comprehensions=1,
        longest=2,
        longest_name="tools.py:open",
    )


def test_a_file_that_does_not_parse_is_counted_and_nothing_more_of_it(tree: Path):
    counts = census.count_package(tree / "broken")
    assert (counts.files, counts.unparsable, counts.lines, counts.functions, counts.annotated) == (2, 1, 1, 1, 1)


def test_packages_are_listed_largest_first_and_without_tests(tree: Path):
    assert census.list_packages(census.Census(root=str(tree))) == ["tools.py", "long.py", "broken"]


def test_every_package_is_counted_by_one_group():
    packages = [f"package_{number}" for number in range(20)]
    taken = [name for number in range(census.GROUPS) for name in packages[number :: census.GROUPS]]
    assert sorted(taken) == sorted(packages)


def test_the_report_is_a_table_a_csv_and_a_chart(tree: Path, tmp_path: Path):
    done = start(tmp_path, str(tree))
    assert done.returncode == 0, done.stderr
    assert "1 files could not be parsed" in done.stdout
    with (tmp_path / "out" / "census.csv").open() as file:
        rows = {row["package"]: row["lines"] for row in csv.DictReader(file)}
    assert rows == {"long": "20", "tools": "10", "broken": "1"}
    chart = ET.parse(tmp_path / "out" / "census.svg")  # noqa: S314 - written by ourselves a moment ago
    assert len(chart.findall(".//{*}rect")) == 1 + 2 * 3


def test_an_empty_directory_gives_an_empty_report(tmp_path: Path):
    (tmp_path / "nothing").mkdir()
    done = start(tmp_path, str(tmp_path / "nothing"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "census.csv").read_text().count("\n") == 1


def test_a_root_that_does_not_exist_is_said_in_one_line(tmp_path: Path):
    done = start(tmp_path, str(tmp_path / "nowhere"))
    assert done.returncode == 1
    assert "nowhere is not a directory" in done.stderr
    assert done.stderr.count("\n") == 1


def start(folder: Path, root: str) -> subprocess.CompletedProcess[str]:
    """The census as a program of its own, with its database in `folder`."""
    command = [sys.executable, ROOT / "examples" / "census.py", root, "--output", "out"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
