"""Drawing definitions."""

from __future__ import annotations

import xml.etree.ElementTree as ET


def test_every_class_of_a_file_is_drawn(theflow):
    assert theflow("graph", "flows.py").out.split("\n\n") == [
        "order v1",
        "charge ──→ ship",
        "broken v1",
        "parse",
        "slow v1",
        "work\n",
    ]


def test_drawing_a_definition_needs_no_database(theflow):
    assert theflow("graph", "flows.py:order", "--db", "nonsense").code == 0
    assert not (theflow.folder / ".theflow").exists()


def test_a_picture_is_written_in_the_format_of_its_name(theflow):
    answer = theflow("graph", "flows.py:order", "-O", "order.svg")
    assert (answer.out, answer.err) == ("", "wrote order.svg\n")
    ET.parse(theflow.folder / "order.svg")  # noqa: S314 - our own file


def test_an_svg_shows_one_class(theflow):
    answer = theflow("graph", "flows.py", "--format", "svg")
    assert answer.code == 2
    assert "Try: theflow graph flows.py:NAME --format svg" in answer.err


def test_a_file_that_cannot_be_written_is_refused(theflow):
    answer = theflow("graph", "flows.py:order", "-O", "nowhere/order.svg")
    assert answer.code == 2
    assert "nowhere/order.svg cannot be written" in answer.err
