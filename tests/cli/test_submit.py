"""Submitting from the shell."""

from __future__ import annotations

import json

import pytest


def shown(theflow, flow):
    return theflow("show", flow, "-o", "json").json["flow"]


def test_a_submit_prints_the_id_alone_and_the_rest_as_a_message(theflow):
    answer = theflow("submit", "order", "id=A-17")
    assert answer.code == 0
    assert shown(theflow, answer.out.strip())["offset"] == 1
    assert "order #1 submitted" in answer.err


def test_a_class_that_nobody_registers_is_no_error_but_is_told(theflow):
    answer = theflow("submit", "nobody")
    assert answer.code == 0
    assert "#1 nobody is pending: no runtime registers class 'nobody'" in answer.err


@pytest.mark.parametrize(
    "words",
    [
        ("id=A-17", "amount=3"),
        ("--input", '{"id": "A-17", "amount": 3}'),
        ("--input", "@order.json"),
        ("--input", "-"),
    ],
)
def test_the_input_comes_as_fields_json_file_or_standard_input(theflow, words):
    text = '{"id": "A-17", "amount": 3}'
    (theflow.folder / "order.json").write_text(text, encoding="utf-8")
    answer = theflow("submit", "order", *words, stdin=text)
    assert shown(theflow, answer.out.strip())["input"] == {"id": "A-17", "amount": 3}


def test_what_people_should_know_of_a_job_is_kept(theflow):
    words = ("--user", "ann", "--description", "the first", "--label", "team=blue", "--priority", "7")
    flow = shown(theflow, theflow.submit("order", *words, "--run-at", "2099-12-24T08:00:00+01:00"))
    assert (flow["user"], flow["description"], flow["labels"], flow["priority"]) == (
        "ann",
        "the first",
        {"team": "blue"},
        7,
    )
    assert flow["run_at"] == "2099-12-24T07:00:00.000000Z"


def test_the_same_key_returns_the_same_flow(theflow):
    first = theflow("submit", "order", "--key", "k", "-o", "json").json["flow"]
    second = theflow("submit", "order", "--key", "k", "-o", "json").json["flow"]
    assert first["flow_id"] == second["flow_id"]
    assert (first["created"], second["created"]) == (True, False)


def test_the_same_key_with_another_input_is_refused(theflow):
    theflow.submit("order", "--key", "k")
    answer = theflow("submit", "order", "id=other", "--key", "k")
    assert answer.code == 2
    assert "another input" in answer.err


def test_an_input_is_checked_against_its_definition(theflow):
    answer = theflow("submit", "order", "amount=much", "--target", "flows.py")
    assert answer.code == 2
    assert "$.amount" in answer.err
    assert theflow("submit", "order", "amount=3", "--target", "flows.py:order").code == 0


def test_a_class_that_the_target_does_not_define_is_refused(theflow):
    answer = theflow("submit", "ordr", "--target", "flows.py")
    assert answer.code == 2
    assert "flows.py does not define class 'ordr', but order, broken, slow" in answer.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--input", "{bad"), "--input is not JSON"),
        (("--input", "[" * 50_000), "--input is not JSON"),
        (("--input", "[1]"), "an object"),
        (("--input", '{"a": [NaN]}'), "$.a[0]"),
        (("--input", '{"a": "\\ud800"}'), "$.a"),
        (("--input", '{"a": 123456789012345678901}'), "64 bits"),
        (("--input", "@nowhere.json"), "nowhere.json cannot be read: No such file"),
        (("--input", "{}", "a=1"), "given twice"),
        (("a",), "KEY=VALUE"),
        (("--label", "a"), "KEY=VALUE"),
        (("--run-at", "2026-12-24T08:00:00"), "has no zone"),
        (("--run-at", "tomorrow"), "2026-12-24T08:00:00Z"),
        (("--priority", "99999999999"), "priority"),
        (("--user", ""), "user"),
        (("--user", "a\x1bb"), "control characters"),
        (("--description", "a\x00b"), "NUL"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_stored(theflow, words, says):
    answer = theflow("submit", "order", *words)
    assert answer.code == 2
    assert says in answer.err
    assert "Traceback" not in answer.err
    assert theflow("ls").code == 6, "a refused submit must not even make the database"


def test_waiting_for_a_job_ends_with_its_outcome(theflow):
    with theflow.start("run", "flows.py") as runtime:
        good = theflow("submit", "order", "id=A-17", "--wait")
        bad = theflow("submit", "broken", "--wait", "-o", "json")
        runtime.terminate()
    assert good.code == 0
    assert good.out.splitlines()[1].startswith("✓ succeeded  order  #1")
    assert bad.code == 1
    assert json.loads(bad.out)["flow"]["status"] == "failed"
