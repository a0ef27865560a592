"""Asking about flows from the shell."""

from __future__ import annotations

import json

import pytest

PAST_ALL_CALENDARS = str(2**62)


@pytest.fixture
def ended(theflow):
    """A database with an order that succeeded and a flow that failed."""
    theflow.submit(
        "order", "id=A-17", "amount=3", "--user", "ann", "--label", "team=blue", "--description", "the first"
    )
    theflow.submit("broken")
    assert theflow("run", "flows.py", "--burst").code == 1
    return theflow


def test_flows_are_listed_newest_first(ended):
    lines = ended("ls").out.splitlines()
    assert lines[0].split() == ["#", "STATUS", "CLASS", "USER", "CREATED", "TOOK", "ABOUT", "ID"]
    assert lines[1].startswith("#2  ✗ failed     broken  default")
    assert lines[2].startswith("#1  ✓ succeeded  order   ann")


@pytest.mark.parametrize(
    ("words", "offsets"),
    [
        (("--status", "failed"), [2]),
        (("--class", "order"), [1]),
        (("--user", "ann"), [1]),
        (("--label", "team=blue"), [1]),
        (("--label", "team=red"), []),
        (("--limit", "1"), [2]),
        (("--after", "2"), [1]),
        (("--status", "parked"), []),
    ],
)
def test_a_list_is_filtered_and_paged(ended, words, offsets):
    answer = ended("ls", "-o", "jsonl", *words)
    assert [json.loads(line)["flow"]["offset"] for line in answer.out.splitlines()] == offsets


def test_a_list_is_filtered_by_the_beginning_of_an_id(ended):
    flow = ended("ls", "-o", "json").json["flows"][0]
    assert ended("ls", "--id", flow["flow_id"], "-o", "json").json["flows"] == [flow]


def test_a_page_says_how_to_go_on(ended):
    assert "--after 2" in ended("ls", "--limit", "1").err
    assert ended("ls", "--limit", "1", "-o", "json").json["next"] == 2
    assert ended("ls", "-o", "json").json["next"] is None


def test_an_empty_list_is_told_on_standard_error(ended):
    answer = ended("ls", "--user", "nobody")
    assert (answer.code, answer.out, answer.err) == (0, "", "no such flows\n")


def test_every_json_document_carries_the_version_of_the_format(ended):
    for words in (("ls",), ("show", "#1"), ("logs", "#1"), ("wait", "#1"), ("doctor",), ("version",), ("db", "check")):
        assert ended(*words, "-o", "json").json["version"] == 1


def test_a_flow_is_shown_with_times_input_storage_and_tasks(ended):
    text = ended("show", "#1", "--time", "iso").out
    assert "about    the first" in text
    assert 'input    {"id": "A-17", "amount": 3}' in text
    assert '"receipt": "paid 3"' in text
    assert [row.split()[:3] for row in text.splitlines()[-2:]] == [
        ["charge", "✓", "succeeded"],
        ["ship", "✓", "succeeded"],
    ]


def test_a_failure_is_shown_with_the_users_frames_then_notes_and_causes(ended):
    text = ended("show", "#2").out
    part = text[text.index("parse failed (attempt 1):") :].splitlines()
    assert [line.strip().split(":")[0] for line in part[1:10]] == [
        "flows.py",
        'read({"amount"',
        "flows.py",
        "raise problem from error",
        "LookupError",
        "note",
        "caused by",
        "flows.py",
        'return int(row["amount"])',
    ]


def test_a_failed_hook_is_shown(ended):
    text = ended("show", "#2").out
    assert "hook on_failure failed (attempt 1):" in text
    assert "RuntimeError: nobody is there" in text


def test_how_far_a_task_has_come_is_shown_for_people_and_as_json(theflow):
    theflow.submit("slow", "steps=1")
    theflow("run", "flows.py", "--burst")
    assert theflow("show", "#1").out.splitlines()[-1].endswith("0 \\x1bstep")
    (task,) = theflow("show", "#1", "-o", "json").json["flow"]["tasks"]
    assert task["progress"].pop("at").endswith("Z")
    assert task["progress"] == {"done": 0, "total": None, "message": "\x1bstep", "attempt": 1}


def test_a_waiting_flow_says_why(theflow):
    theflow.submit("nobody")
    assert "waits    no runtime registers class 'nobody'" in theflow("show", "#1").out


def test_stored_text_cannot_steer_the_terminal_nor_be_markup(ended):
    for words in (("ls",), ("show", "#2"), ("show", "#2", "--full"), ("show", "#2", "-o", "json"), ("wait", "#2")):
        assert "\x1b" not in ended(*words).out
    assert "row 88 is \\x1b[31mbad" in ended("show", "#2").out
    assert "note: see [bold]the manual[/bold]" in ended("show", "#2").out


def test_hostile_text_in_every_field_is_printed_escaped(theflow):
    nasty = "a\x1b[2J\r\n\u202e\x9b[bold]"
    theflow.submit(
        "order", "--description", nasty, "--label", f"k={nasty}", "--input", json.dumps({"f": nasty, nasty: 1})
    )
    for words in (("ls",), ("show", "#1"), ("ls", "-o", "json"), ("show", "#1", "-o", "jsonl")):
        text = theflow(*words).out
        assert not set("\x1b\r\u202e\x9b") & set(text)
    assert theflow("show", "#1", "-o", "json").json["flow"]["description"] == nasty


def test_logs_are_printed_one_record_a_line(ended):
    line = ended("logs", "#1").out
    assert line.count("\n") == 1
    assert line.split(maxsplit=1)[1] == "INFO    charge#1 charging A-17\n"


def test_logs_are_filtered_by_task(ended):
    assert ended("logs", "#1", "--task", "ship").out == ""
    assert len(ended("logs", "#1", "--task", "charge", "-o", "json").json["lines"]) == 1


def test_following_the_logs_of_an_ended_flow_ends(ended):
    assert ended("logs", "#1", "-f").out == ended("logs", "#1").out


def test_waiting_ends_with_the_worst_outcome(ended):
    assert ended("wait", "#1").code == 0
    answer = ended("wait", "#1", "#2")
    assert answer.code == 1
    assert [line.split()[1] for line in answer.out.splitlines()] == ["succeeded", "failed"]


def test_waiting_too_long_says_so_and_why(theflow):
    theflow.submit("nobody")
    answer = theflow("wait", "#1", "--timeout", "0.1")
    assert answer.code == 5
    assert "#1 nobody is pending: no runtime registers class 'nobody'" in answer.err
    assert "had not ended after 0.1 s" in answer.err


@pytest.mark.parametrize(
    "flow", ["#7", "ffff", "%", "_", "'; drop table flow", "#99999999999999999999999", "\x1b[2J", "é"]
)
@pytest.mark.parametrize("command", ["show", "logs", "wait"])
def test_an_unknown_flow_is_not_found(ended, command, flow):
    answer = ended(command, flow)
    assert (answer.code, answer.out) == (3, "")
    assert "\x1b" not in answer.err


def test_the_beginning_of_two_ids_is_refused(ended):
    answer = ended("show", ended("ls", "-o", "json").json["flows"][0]["flow_id"][:1])
    assert answer.code == 2
    assert "give more of it" in answer.err


def test_a_flow_is_drawn_with_where_its_tasks_stand(ended):
    assert ended("graph", "#1").out == "order #1 succeeded\n\n✓ charge ──→ ✓ ship\n"
    assert "✗ failed" in ended("graph", "#2", "--format", "svg").out


def test_the_code_of_a_failure_is_shown_to_people_and_programs(theflow):
    (theflow.folder / "flows.py").write_text(
        "from theflow import FlowScheme, Fatal\n"
        "shop = FlowScheme('shop')\n"
        "@shop.task\n"
        "def pay():\n"
        "    raise Fatal('no cover', code='card_declined')\n"
    )
    flow = theflow.submit("shop")
    assert theflow("run", "flows.py", "--burst").code == 1
    assert "code: card_declined" in theflow("show", flow).out
    (task,) = theflow("show", flow, "-o", "json").json["flow"]["tasks"]
    assert task["error"]["code"] == "card_declined"
