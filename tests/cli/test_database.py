"""The database as the shell meets it."""

from __future__ import annotations

import os
import sqlite3

import pytest

QUESTIONS = [("ls",), ("show", "#1"), ("logs", "#1"), ("wait", "#1")]


@pytest.mark.parametrize("words", QUESTIONS)
def test_a_question_to_no_database_says_how_to_get_one(theflow, words):
    answer = theflow(*words)
    assert (answer.code, answer.out) == (6, "")
    assert "there is no database at .theflow/theflow.db" in answer.err
    assert len(answer.err.splitlines()) == 2
    assert not (theflow.folder / ".theflow").exists()


@pytest.mark.parametrize("words", [("submit", "order"), *QUESTIONS])
def test_what_is_no_database_is_told_in_two_lines(theflow, words):
    (theflow.folder / "other.db").write_text("not a database " * 100, encoding="utf-8")
    answer = theflow("--db", "sqlite:///other.db", *words)
    assert answer.code == 6
    assert "other.db is not a database" in answer.err
    assert len(answer.err.splitlines()) <= 2


def test_a_directory_is_no_database(theflow):
    answer = theflow("--db", f"sqlite:///{theflow.folder}", "submit", "order")
    assert answer.code == 6
    assert "is a directory" in answer.err


def test_a_newer_schema_is_refused(theflow):
    theflow.submit("order")
    with sqlite3.connect(".theflow/theflow.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    for words in (("ls",), ("submit", "order"), ("run", "flows.py", "--burst"), ("db", "check"), ("db", "upgrade")):
        answer = theflow(*words)
        assert answer.code == 6
        assert "9999" in answer.out + answer.err
        assert "Traceback" not in answer.err


def test_the_database_is_named_by_option_or_environment_and_the_option_wins(theflow, monkeypatch):
    monkeypatch.setenv("THEFLOW_DATABASE_URL", "sqlite:///environment.db")
    theflow.submit("order")
    theflow.submit("order", "--db", "sqlite:///option.db")
    theflow("--db", "sqlite:///before.db", "submit", "order")
    assert {path.name for path in theflow.folder.glob("*.db")} == {"environment.db", "option.db", "before.db"}


@pytest.mark.parametrize(
    "url", ["nonsense", "oracle://u:hidden@host/name", "sqlite://", "sqlite:///:memory:", "http://[", "\x1b[2J"]
)
def test_a_url_of_no_known_database_is_refused_without_its_password(theflow, url):
    answer = theflow("--db", url, "ls")
    assert answer.code == 2
    assert "hidden" not in answer.err
    assert "\x1b" not in answer.err


def test_a_schema_is_made_and_checked(theflow):
    assert theflow("db", "check").code == 6
    upgraded = theflow("db", "upgrade", "-o", "json").json["schema"]
    assert upgraded["current"] == upgraded["newest"]
    answer = theflow("db", "check")
    assert answer.code == 0
    assert "up to date" in answer.out


def test_the_statements_of_the_schema_can_be_read_and_run(theflow):
    statements = theflow("db", "upgrade", "--sql").out
    assert not (theflow.folder / ".theflow").exists()
    database = sqlite3.connect(":memory:")
    database.executescript(statements)
    tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    database.close()
    assert {"flow", "flow_task", "job_event"} <= tables


def test_the_doctor_finds_nothing_wrong_with_a_good_database(theflow):
    theflow.submit("order")
    answer = theflow("doctor")
    assert answer.code == 0
    assert "✗ error" not in answer.out


def test_the_doctor_names_what_is_wrong_and_the_exit_code_says_so(theflow):
    answer = theflow("doctor")
    assert answer.code == 6
    assert "✗ error" in answer.out


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_database_can_be_asked_but_not_written(theflow):
    theflow.submit("order")
    (theflow.folder / ".theflow" / "theflow.db").chmod(0o400)
    (theflow.folder / ".theflow").chmod(0o500)
    answer = theflow("submit", "order")
    (theflow.folder / ".theflow").chmod(0o700)
    assert answer.code == 6
    assert "Traceback" not in answer.err
