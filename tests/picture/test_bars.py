"""Charts of bars: every value is there, nothing that a name holds ends an element, and what is left out is said."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from theflow.picture.bars import NAMES, Series, Spread, bars

SPREAD = Spread(1.5, 3.0, 4.25)


def texts(svg):
    """Everything that is written in a picture."""
    return [each.text for each in ET.fromstring(svg).iter() if each.text and each.text.strip()]  # noqa: S314 - our own


def test_every_value_is_said_in_words():
    svg = bars("waits", ["ann"], [Series("old", [SPREAD]), Series("new", [None])])
    assert "ann, old: mean 1.5 s, p95 3.0 s, longest 4.2 s" in texts(svg)
    assert not any(text.startswith("ann, new") for text in texts(svg))


@pytest.mark.parametrize("name", ["<script>", "a&b", "\x00\x1b", 'say "it"', "x" * 300, "ünï 🙂"])
def test_a_name_stays_text(name):
    assert texts(bars(name, [name], [Series(name, [SPREAD])]))


def test_what_is_not_drawn_is_counted():
    names = [f"user{number}" for number in range(NAMES + 3)]
    assert "waits; 3 more are not drawn" in texts(bars("waits", names, [Series("old", [SPREAD] * len(names))]))


@pytest.mark.parametrize("largest", [0.0, 0.001, 1.0, 9.99, 10.0, 1e9])
def test_any_scale_fits_on_the_page(largest):
    svg = bars("waits", ["ann"], [Series("old", [Spread(largest / 2, largest, largest)])])
    ends = [float(each.get("d").split("H")[1].split("M")[0]) for each in ET.fromstring(svg).iter() if _line(each)]  # noqa: S314 - our own
    assert ends
    assert max(ends) <= 760


def _line(element):
    return "H" in (element.get("d") or "")


def test_a_picture_of_nobody_is_a_picture():
    assert texts(bars("waits", [], []))
