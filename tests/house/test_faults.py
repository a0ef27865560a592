"""The page of faults says what is there: every case has its row, and every test of a case stands on the page."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
# The cases that concern what exists now.
CASES = (
    *("F01", "F02", "F04", "F05", "F06", "F07", "F08", "F10", "F11", "F13", "F14", "F16", "F17", "F18", "F19", "F20"),
    *("F21", "F22", "F24", "F25", "F26", "F28", "F29", "F31", "F32", "F33", "F34", "F35"),
    *("F40", "F42", "F43", "F48", "F49", "F51", "F52", "F53", "F54"),
)
ROW = re.compile(r"^\| (F\d\d) \| (.+) \| (.+) \|$", re.MULTILINE)


def named_in_tests() -> set[str]:
    """Every test that is named for a case, with its file."""
    tests = ROOT / "tests"
    return {
        f"{path.relative_to(tests)}::{name}"
        for path in tests.rglob("test_*.py")
        for name in re.findall(r"^def (test_f\d\d_\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    }


def named_on_page() -> list[str]:
    """Every test that the page names."""
    return re.findall(r"`([\w/]+\.py::test_f\d\d_\w+)`", PAGE)


def test_every_case_has_one_row_with_its_result():
    rows = ROW.findall(PAGE)
    assert [case for case, _, _ in rows] == list(CASES)
    assert all(fault.strip() and result.strip() for _, fault, result in rows)


def test_the_tests_on_the_page_are_those_that_exist():
    assert set(named_on_page()) == named_in_tests()
    assert len(named_on_page()) == len(set(named_on_page()))


def test_a_case_without_a_test_says_why():
    tested = {name.rpartition("::")[2][5:8].upper() for name in named_in_tests()}
    assert [case for case, _, result in ROW.findall(PAGE) if case not in tested and "not yet" not in result] == []


def test_tests_stand_below_their_case():
    for case, block in re.findall(r"^\*\*(F\d\d)\*\*\n\n((?:\* .+\n)+)", PAGE, re.MULTILINE):
        assert all(f"::test_{case.lower()}_" in line for line in block.splitlines()), case
