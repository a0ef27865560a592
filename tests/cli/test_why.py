"""`theflow why`: reasons with numbers, and what to do about each."""

from __future__ import annotations

import re
from pathlib import Path

import theflow as package
from theflow import wire
from theflow.cli.hints import CODES

SOURCES = Path(package.__file__).parent


def why(theflow, flow):
    """What is printed for programs."""
    return theflow("why", flow, "-o", "json").json["why"]


def test_a_flow_without_a_runtime_says_what_to_start(theflow):
    flow = theflow.submit("order")
    answer = theflow("why", flow)
    assert answer.code == 0
    assert "no runtime registers class 'order'  [no_class]" in answer.out
    assert "-> theflow run TARGET" in answer.out


def test_a_queue_says_how_many_go_first_and_who_paused_it(theflow):
    theflow.submit("order")
    flow = theflow.submit("order")
    theflow("shape", "pause", "order", "--reason", "stocktaking", "--by", "ann")
    scheme = package.FlowScheme("order")
    scheme.add(lambda: None, name="only")
    with wire.bootstrap(None, [scheme]):
        found = why(theflow, flow)
        shown = theflow("why", flow).out
    assert found["ahead"] == 1
    assert [reason["code"] for reason in found["reasons"]] == ["paused", "behind"]
    assert "paused by ann" in found["reasons"][0]["text"]
    assert "stocktaking" in found["reasons"][0]["text"]
    assert found["reasons"][0]["hint"].startswith("theflow shape resume order")
    assert "1 flow before it" in shown


def test_a_limit_is_named_with_the_command_that_raises_it(theflow):
    flow = theflow.submit("order")
    scheme = package.FlowScheme("order", uses={"gpu": 2})
    scheme.add(lambda: None, name="only")
    with wire.bootstrap(None, [scheme]):
        (reason,) = why(theflow, flow)["reasons"]
    assert (reason["code"], reason["scope"]["name"], reason["needs"]) == ("no_resource", "gpu", {"capacity": 2})
    assert reason["hint"] == "theflow shape set resource gpu --capacity 2"


def test_what_waits_for_its_time_says_when_it_starts(theflow):
    flow = theflow.submit("order", "--delay", "3600")
    scheme = package.FlowScheme("order")
    scheme.add(lambda: None, name="only")
    with wire.bootstrap(None, [scheme]):
        assert why(theflow, flow)["until"] is not None
        assert "at the earliest" in theflow("why", flow).out


def test_a_flow_that_has_ended_waits_for_nothing(theflow):
    flow = theflow.submit("order")
    assert theflow("run", "flows.py", "--burst").code == 0
    assert "it has ended" in theflow("why", flow).out
    assert why(theflow, flow)["reasons"] == []


def test_the_exit_codes_are_those_of_show(theflow):
    theflow.submit("order")
    assert theflow("why", "0000").code == theflow("show", "0000").code == 3
    assert theflow("why", "#99").code == 3


def test_every_reason_has_a_hint():
    texts = [path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py")]
    codes = {code for text in texts for code in re.findall(r'\bReason\(\s*"(\w+)"', text)}
    assert len(codes) > 10
    assert codes <= set(CODES)


def test_every_reason_stands_on_the_page():
    page = (Path(__file__).parents[2] / "docs" / "shaping.md").read_text(encoding="utf-8")
    table = page.split("| code | means |")[1].split("## ")[0]
    assert set(re.findall(r"`(\w+)`", table)) == set(CODES)
