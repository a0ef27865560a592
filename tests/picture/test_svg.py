"""Pictures as SVG."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ET

import pytest

from theflow.model.status import TaskStatus
from theflow.picture.node import Node
from theflow.picture.svg import svg

SVG = "{http://www.w3.org/2000/svg}"


def parsed(nodes: list[Node], title: str = "order") -> ET.Element:
    return ET.fromstring(svg(nodes, title))  # noqa: S314 - our own text


def words(picture: ET.Element) -> list[str]:
    return [each.text for each in picture.iter(f"{SVG}text")]


def test_each_task_is_a_box_with_its_name():
    picture = parsed([Node(name="charge"), Node(name="pack", after=("charge",))])
    assert words(picture) == ["charge", "pack"]
    assert len([path for path in picture.iter(f"{SVG}path") if path.get("class") == "tf-edge"]) == 1


@pytest.mark.parametrize("status", TaskStatus)
def test_a_status_is_told_by_word_and_shape_too(status):
    node = Node(name="charge", status=status)
    assert words(parsed([node])) == ["charge", f"{node.sign} {status}"]


def test_no_two_statuses_share_a_shape():
    signs = [Node(name="charge", status=status).sign for status in TaskStatus]
    assert len(set(signs)) == len(signs)


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "a&b", '"><svg onload=x', "nul\x00esc\x1b", "\ud800", "\u202e"]
)
def test_a_hostile_name_stays_text(name):
    picture = parsed([Node(name=name)], title=name)
    assert {each.tag.removeprefix(SVG) for each in picture.iter()} <= {
        "svg", "title", "style", "defs", "marker", "path", "g", "rect", "text",
    }  # fmt: skip
    assert "\u202e" not in svg([Node(name=name)], name)


def test_a_long_name_is_cut_and_kept_as_its_tooltip():
    picture = parsed([Node(name="x" * 200)])
    assert words(picture) == ["x" * 39 + "…"]
    assert "x" * 200 in [each.text for each in picture.iter(f"{SVG}title")]


def test_the_picture_follows_the_readers_dark_mode():
    assert "prefers-color-scheme:dark" in svg([Node(name="a")], "order")


def test_an_empty_definition_is_an_empty_picture():
    assert words(parsed([])) == []


def test_a_picture_of_two_thousand_tasks_takes_less_than_a_second():
    nodes = [Node(name=f"t{n}", after=(f"t{n // 2}",) if n else ()) for n in range(2000)]
    started = time.perf_counter()
    svg(nodes, "tree")
    assert time.perf_counter() - started < 1.0
