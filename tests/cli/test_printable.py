"""Stored text cannot steer the terminal."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from theflow.cli.printable import block, json_text, line

ANYTHING = st.text(st.characters(codec=None, categories=None))


def steers(character: str) -> bool:
    """Whether a terminal does something else with it than showing it."""
    return unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or unicodedata.bidirectional(character) in {
        "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI",
    }  # fmt: skip


@given(ANYTHING)
def test_a_line_is_one_line_without_controls(text):
    assert not any(steers(character) for character in line(text))


@given(ANYTHING)
def test_a_block_keeps_line_feeds_and_tabs_only(text):
    assert not any(steers(character) for character in block(text) if character not in "\n\t")
    assert block(text).count("\n") == text.count("\n")


@given(
    st.recursive(ANYTHING | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(ANYTHING, inner))
)
def test_json_is_without_controls_and_means_the_same(value):
    text = json_text(value)
    assert not any(steers(character) for character in text)
    assert json.loads(text) == value


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("日本語 ü", "日本語 ü"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("one\r\ntwo", "one\\r\\ntwo"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\x9b31m", "\\x9b31m"),
        ("👩\u200d🔬", "👩\u200d🔬"),
        ("a\u00a0b", "a\u00a0b"),
        ("[bold]not markup[/bold]", "[bold]not markup[/bold]"),
    ],
)
def test_text_is_shown_as_it_is_and_controls_by_their_number(text, shown):
    assert line(text) == shown
