"""Submission policies and edits from the shell."""

from __future__ import annotations

import pytest

from tests.cli.test_submit import shown

NEWEST = ("--unique", "k", "--on-conflict", "replace_pending")


def test_a_job_with_a_key_that_is_taken_says_what_became_of_it(theflow):
    first = theflow("submit", "order", "--unique", "k")
    again = theflow("submit", "order", "--unique", "k")
    other = theflow("submit", "order", "id=B", *NEWEST, "-o", "json")
    assert first.out == again.out
    assert "order #1 was there already, by its key" in again.err
    assert {"created": False, "outcome": "replaced"}.items() <= other.json["flow"].items()
    assert "order #1 was pending, and does this job now" in theflow("submit", "order", *NEWEST).err
    refused = theflow("submit", "order", "--unique", "k", "--on-conflict", "reject")
    assert (refused.code, first.out.strip() in refused.err) == (2, True)


def test_times_in_seconds_and_keys_are_shown(theflow):
    flow = theflow.submit("order", "--delay", "3600", "--expires-in", "7200", "--unique", "k")
    found = shown(theflow, flow)
    assert (found["unique"], found["run_at"] < found["expires_at"]) == ("k", True)
    assert all(word in theflow("show", flow).out for word in ("unique", "expires"))


@pytest.mark.parametrize(
    "words",
    [
        ("--debounce", "5"),
        ("--delay", "-1"),
        ("--unique", "k", "--on-conflict", "no"),
        ("--delay", "2", "--expires-in", "1"),
    ],
)
def test_a_rule_that_makes_no_sense_is_a_wrong_call(theflow, words):
    assert theflow("submit", "order", *words).code == 2


def test_a_job_is_edited_before_its_flow_begins(theflow):
    flow = theflow.submit("order", "id=A-17", "--unique", "k")
    answer = theflow(
        "edit-job", flow, "id=B-1", "--priority", "4", "--description", "now", "--by", "ann", "--reason", "typo"
    )
    assert answer.code == 0, answer.err
    found = shown(theflow, flow)
    assert (found["input"], found["priority"], found["description"]) == ({"id": "B-1"}, 4, "now")
    (asked,) = found["requests"]
    assert (asked["verb"], asked["asked_by"], asked["reason"], asked["answer"]) == ("edit_job", "ann", "typo", "done")


def test_an_edit_that_changes_nothing_or_comes_too_late_is_refused(theflow):
    flow = theflow.submit("order")
    assert theflow("edit-job", flow).code == 2
    theflow("cancel", flow, "--yes")
    answer = theflow("edit-job", flow, "--priority", "4")
    assert (answer.code, "is cancelled; edit_job is for flows that are pending or paused" in answer.err) == (2, True)
