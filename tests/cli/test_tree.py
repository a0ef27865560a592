"""`theflow tree`, and what `theflow show` says of kin."""

from __future__ import annotations

import pytest

FAMILY = """
from theflow import FlowScheme

shipping = FlowScheme("shipping")
shipping.add(lambda: "sent", name="send")

sale = FlowScheme("sale")

@sale.subflow(shipping)
def ship(sale: dict) -> dict:
    return {"id": sale["id"]}
"""


@pytest.fixture
def kin(theflow):
    """A sale that has shipped in a sub-flow: its id, and that of the sub-flow."""
    (theflow.folder / "family.py").write_text(FAMILY, encoding="utf-8")
    parent = theflow.submit("sale", "id=A")
    answer = theflow("run", "family.py", "--burst")
    assert answer.code == 0, answer.err
    shown = theflow("show", parent, "-o", "json").json["flow"]
    return parent, shown["children"][0]["flow_id"]


def test_a_tree_shows_a_flow_with_what_it_started(theflow, kin):
    parent, child = kin
    user = theflow("show", parent, "-o", "json").json["flow"]["user"]
    lines = [f"sale  ✓ succeeded  {parent}  {user}", f"└─ ship: shipping  ✓ succeeded  {child}  {user}"]
    assert theflow("tree", parent).out.splitlines() == lines


def test_a_tree_is_one_document(theflow, kin):
    tree = theflow("tree", kin[0], "-o", "json").json["tree"]
    assert (tree["flow_class"], tree["children"][0]["flow_id"]) == ("sale", kin[1])


def test_kin_is_shown_from_both_ends(theflow, kin):
    parent, child = kin
    assert f"sub-flow ✓ succeeded  shipping  {child}  (task ship)" in theflow("show", parent).out
    assert f"part of  ✓ succeeded  sale  {parent}  (task ship)" in theflow("show", child).out
