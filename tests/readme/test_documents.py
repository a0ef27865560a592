"""The documents that newcomers follow show what really happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.readme.documents import ROOT, Block, blocks, commands, follow, matches

DOCUMENTS = [
    "README.md",
    "docs/quickstart.md",
    "docs/transactions.md",
    "docs/storage.md",
    "docs/pools.md",
    "docs/shaping.md",
]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_following_a_document_gives_what_it_shows(name: str, tmp_path: Path):
    assert follow(ROOT / name, tmp_path) > 0


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_leads_to_a_file(name: str):
    document = ROOT / name
    links = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).is_file()] == []


def test_the_chart_of_shaping_is_the_one_that_its_example_draws(tmp_path: Path):
    follow(ROOT / "docs/shaping.md", tmp_path)
    assert (tmp_path / "shaping.svg").read_text(encoding="utf-8") == (ROOT / "docs/shaping.svg").read_text(
        encoding="utf-8"
    )


def test_the_first_command_of_the_readme_is_the_demo():
    first = next(block for block in blocks(ROOT / "README.md") if block.language == "console")
    assert next(commands(first)).line == "make demo"


def test_the_program_of_the_readme_is_short():
    program = next(block for block in blocks(ROOT / "README.md") if block.language == "python")
    assert len([line for line in program.text.splitlines() if line.strip()]) <= 25


def test_a_command_is_compared_with_the_output_below_it():
    both = list(commands(Block("console", "$ one\n1\n2\n$ two\n", "README.md:1")))
    assert [(command.line, command.shown) for command in both] == [("one", "1\n2"), ("two", "")]


@pytest.mark.parametrize(
    ("shown", "came", "alike"),
    [
        ("flow 019a… done", "flow 019af3c1 done", True),
        ("flow 019a… done", "flow 018af3c1 done", False),
        ("first\n…\nlast", "first\na\nb\nlast", True),
        ("first\n…\nlast", "first\nlast", True),
        ("first\nlast", "first\na\nlast", False),
        ("first", "", False),
        ("", "", True),
        ("charge  1", "charge      1", True),
        ("charge", "  charge", False),
        ("a+b", "aab", False),
    ],
)
def test_an_ellipsis_stands_for_ids_and_times(shown: str, came: str, alike: bool):  # noqa: FBT001 - a column of the table
    assert matches(shown, came) is alike
